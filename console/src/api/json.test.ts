import { describe, expect, it } from 'vitest';
import { parseExact } from './json';

describe('parseExact', () => {
  it('keeps amounts that a number would round', () => {
    expect(parseExact('{"cost_nano":9223372036854775807,"rows":[{"cost_nano": -1}]}')).toEqual({
      cost_nano: 9223372036854775807n,
      rows: [{ cost_nano: -1n }],
    });
  });

  it('leaves other numbers alone', () => {
    expect(parseExact('{"calls":12,"latency_us":3,"total_nano":0}')).toEqual({ calls: 12, latency_us: 3, total_nano: 0n });
  });

  it('leaves text alone that looks like an amount', () => {
    const said = '{"cost_nano":5}';
    expect(parseExact(JSON.stringify({ content: said, tags: { x_nano: '5' } }))).toEqual({ content: said, tags: { x_nano: '5' } });
  });
});
