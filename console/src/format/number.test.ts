import { describe, expect, it } from 'vitest';
import { formatBytes, formatCount, formatShare, plural } from './number';

describe('numbers', () => {
  it('are grouped', () => expect(formatCount(1_234_567)).toBe('1,234,567'));
  it('agree with their nouns', () => expect([plural(1, 'call'), plural(0, 'call'), plural(2_000, 'call')]).toEqual(['1 call', '0 calls', '2,000 calls']));
  it('of bytes change their unit in time', () =>
    expect([0, 512, 1024, 1536, 1_048_575, 77_214_085_120].map(formatBytes)).toEqual(['0 B', '512 B', '1.0 KiB', '1.5 KiB', '1.0 MiB', '71.9 GiB']));
  it('of shares do not round to none or all', () =>
    expect([formatShare(0, 0), formatShare(1, 4), formatShare(1, 100_000), formatShare(99_999, 100_000), formatShare(3, 3)]).toEqual(['0%', '25.0%', '<0.1%', '>99.9%', '100.0%']));
});
