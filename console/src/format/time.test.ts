import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { daysUntil, formatDay, formatFull, formatMicros, formatMoment, rangeOf, since } from './time';

const now = new Date('2026-11-25T14:03:22Z');

describe('formatMoment', () => {
  it('is a clock today', () => expect(formatMoment('2026-11-25T02:43:51.855115Z', 'utc', now)).toBe('02:43:51'));
  it('has the day before today', () => expect(formatMoment('2026-11-24T23:59:59Z', 'utc', now)).toBe('24 Nov 23:59:59'));
  it('has the year before this one', () => expect(formatMoment('2025-01-02T03:04:05Z', 'utc', now)).toBe('2 Jan 2025 03:04:05'));
  it('leaves alone what is no time', () => expect(formatMoment('soon', 'utc', now)).toBe('soon'));
});

describe('formatFull', () => {
  it('keeps microseconds', () => expect(formatFull('2026-11-25T02:43:51.855115Z', 'utc')).toBe('2026-11-25 02:43:51.855115 UTC'));
});

describe('formatDay', () => {
  it('is empty for no time', () => expect(formatDay('', 'utc')).toBe(''));
  it('is the day', () => expect(formatDay('2026-11-25T23:00:00Z', 'utc')).toBe('2026-11-25'));
});

describe('the local clock', () => {
  const before = process.env.TZ;
  beforeEach(() => { process.env.TZ = 'Asia/Kolkata'; });
  afterEach(() => {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  });
  it('says how far from UTC it is', () => {
    expect(formatFull('2026-11-25T02:43:51Z', 'local')).toBe('2026-11-25 08:13:51 +05:30');
    expect(formatFull('2026-11-25T02:43:51Z', 'utc')).toBe('2026-11-25 02:43:51 UTC');
  });
});

describe('formatMicros', () => {
  const tests: Record<string, [number, string]> = {
    'none': [-1, '–'], 'micro': [351, '351 µs'], 'milli': [12_400, '12.4 ms'], 'fine milli': [1_234, '1.23 ms'],
    'many milli': [812_000, '812 ms'], 'never 1000 ms': [999_990, '1.00 s'], 'seconds': [1_240_000, '1.24 s'],
    'never 60.0 s': [59_999_000, '1 min 0 s'], 'minutes': [125_000_000, '2 min 5 s'], 'hours': [7_500_000_000, '2 h 5 min'],
    'days': [180_000_000_000, '2 d 2 h'],
  };
  for (const [sentence, [us, want]] of Object.entries(tests)) it(sentence, () => expect(formatMicros(us)).toBe(want));
});

describe('ranges', () => {
  it('fall back where a URL is wrong', () => expect([rangeOf('7d', '24h'), rangeOf('9y', '24h'), rangeOf(undefined, '1h')]).toEqual(['7d', '24h', '1h']));
  it('begin that long ago', () => expect([since('1h', now), since('all', now)]).toEqual(['2026-11-25T13:03:22.000Z', undefined]));
});

describe('daysUntil', () => {
  it('ends today', () => expect(daysUntil(now, 3)).toEqual(['2026-11-23', '2026-11-24', '2026-11-25']));
});
