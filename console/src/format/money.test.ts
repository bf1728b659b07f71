import { describe, expect, it } from 'vitest';
import { approximateDollars, decimalDollars, formatMoney, formatPermille, moneyParts, permille, sum } from './money';

describe('formatMoney', () => {
  const tests: Record<string, [bigint, string]> = {
    'nothing': [0n, '$0.00'],
    'one nano-dollar': [1n, '$0.000000001'],
    'trailing zeros go': [1_200n, '$0.0000012'],
    'whole cents': [12_340_000_000n, '$12.34'],
    'thousands are parted': [1_234_567_890_000_000_000n, '$1,234,567,890.00'],
    'the largest int64': [9_223_372_036_854_775_807n, '$9,223,372,036.854775807'],
    'below zero': [-1_500_000_000n, '−$1.50'],
  };
  for (const [sentence, [nano, want]] of Object.entries(tests)) {
    it(sentence, () => expect(formatMoney(nano)).toBe(want));
  }
});

describe('moneyParts', () => {
  it('parts cents from what is finer', () => {
    expect(moneyParts(1_230_045_000n)).toEqual({ main: '$1.23', fine: '0045' });
  });
});

describe('decimalDollars', () => {
  it('is plain and exact', () => {
    expect([0n, 5n, 2_000_000_000n, -1_100_000_000n].map(decimalDollars)).toEqual(['0', '0.000000005', '2', '-1.1']);
  });
});

describe('sum', () => {
  it('adds where numbers would not', () => {
    expect(sum([9_007_199_254_740_993n, 1n])).toBe(9_007_199_254_740_994n);
  });
});

describe('permille', () => {
  it('rounds to the nearest', () => {
    expect([permille(1n, 3n), permille(2n, 3n), permille(1n, 1n), permille(1n, 0n), permille(0n, 5n)]).toEqual([333, 667, 1000, 0, 0]);
  });
  it('reads as per cent', () => {
    expect([333, 5, 1000].map(formatPermille)).toEqual(['33.3%', '0.5%', '100.0%']);
  });
});

describe('approximateDollars', () => {
  it('is near enough to draw', () => expect(approximateDollars(2_500_000_000n)).toBeCloseTo(2.5));
});
