import { describe, expect, it } from 'vitest';
import { visitToken } from './visit';

describe('visitToken', () => {
  it('is what the link holds', () => expect(visitToken('#visit=abc-_1')).toBe('abc-_1'));
  it('is nothing without one', () => expect([visitToken(''), visitToken('#visit='), visitToken('#other=1')]).toEqual([undefined, undefined, undefined]));
});
