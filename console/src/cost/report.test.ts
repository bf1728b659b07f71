import { describe, expect, it } from 'vitest';
import type { Schema } from '../api/http';
import { byDay, csv, dimensionOf, pricingOf, shareOf, valueOf } from './report';

const row = (changes: Partial<Schema<'ReportRow'>>): Schema<'ReportRow'> => ({ calls: 1, unpriced: 0, cost_nano: 0n, input_tokens: 2, output_tokens: 3, ...changes });
const report = (...rows: Schema<'ReportRow'>[]): Schema<'Report'> => ({ by: [], from: '', to: '', rows, total_nano: rows.reduce((n, r) => n + r.cost_nano, 0n), calls: rows.length, unpriced: 0 });

describe('csv', () => {
  it('is exact, and quotes what needs it', () => {
    const r = report(row({ model: 'a,"b"', cost_nano: 9_007_199_254_740_993n }), row({ cost_nano: 5n }), row({ model: 'x', unpriced: 1 }));
    expect(csv(r, ['model'])).toBe('model,calls,unpriced_calls,input_tokens,output_tokens,cost_usd\r\n"a,""b""",1,0,2,3,9007199.254740993\r\n,1,0,2,3,0.000000005\r\nx,1,1,2,3,\r\n');
  });
  it('hands no formula to a spreadsheet', () => {
    expect(csv(report(row({ project: '=HYPERLINK(1)', cost_nano: -1_000_000_000n })), ['project'])).toContain("\r\n'=HYPERLINK(1),1,0,2,3,-1\r\n");
  });
});

describe('shares and values', () => {
  it('are of the total', () => {
    const r = report(row({ cost_nano: 1n }), row({ cost_nano: 2n }));
    expect(r.rows.map((x) => shareOf(x, r))).toEqual([333, 667]);
  });
  it('say where there is none', () => expect([valueOf(row({}), 'model'), valueOf(row({ model: 'm' }), 'model')]).toEqual(['(none)', 'm']));
  it('tell an unknown cost from none', () => expect([pricingOf(row({ unpriced: 1 })), pricingOf(row({ calls: 2, unpriced: 1 })), pricingOf(row({}))]).toEqual(['unpriced', 'priced', 'priced']));
  it('know their dimensions', () => expect([dimensionOf('day'), dimensionOf('moon')]).toEqual(['day', undefined]));
});

describe('byDay', () => {
  it('has days without calls too', () => {
    expect(byDay([row({ day: '2026-11-25', cost_nano: 1n }), row({ day: '2026-11-25', cost_nano: 2n, calls: 4 })], ['2026-11-24', '2026-11-25'])).toEqual([
      { day: '2026-11-24', nano: 0n, calls: 0 }, { day: '2026-11-25', nano: 3n, calls: 5 },
    ]);
  });
});
