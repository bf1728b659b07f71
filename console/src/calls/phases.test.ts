import { describe, expect, it } from 'vitest';
import { phases } from './phases';

const cut = (queue_us: number, first_byte_us: number, first_token_us: number, total_us: number) => phases({ queue_us, first_byte_us, first_token_us, total_us }).map((p) => p.micros);

describe('phases', () => {
  it('add up to the whole', () => expect(cut(10, 100, 120, 500)).toEqual([10, 90, 20, 380]));
  it('skip what was not measured', () => expect(cut(10, -1, -1, 500)).toEqual([10, 490]));
  it('skip what took no time', () => expect(cut(10, 100, 100, 500)).toEqual([10, 90, 400]));
  it('bear a call that took none', () => expect(cut(0, -1, -1, 0)).toEqual([]));
});
