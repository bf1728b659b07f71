import { describe, expect, it } from 'vitest';
import { filterRange, matches, merge, toQuery } from './filters';
import { sample } from './sample';

const now = new Date('2026-11-25T12:00:00Z');

describe('toQuery', () => {
  it('is about the last week unless it is told', () => {
    expect(toQuery({}, now, 50)).toEqual({ limit: 50, from: '2026-11-18T12:00:00.000Z' });
    expect(toQuery({ range: 'all' }, now, 50)).toEqual({ limit: 50 });
  });
  it('leaves out what a URL has wrong', () => {
    expect(toQuery({ range: 'all', outcome: 'bad', status: '9' }, now, 5)).toEqual({ limit: 5 });
  });
  it('asks for all that failed', () => {
    expect(toQuery({ range: 'all', outcome: 'failed', status: '429', trace: 't1' }, now, 5)).toEqual({ limit: 5, errors: true, status: 429, trace_id: 't1' });
  });
});

describe('matches', () => {
  const tests: Record<string, [Parameters<typeof matches>[1], boolean]> = {
    'no filter': [{}, true],
    'the model that served': [{ model: 'small' }, true],
    'the model that was asked for': [{ model: 'sim/small' }, true],
    'the beginning of a model': [{ model: 'sm*' }, true],
    'a part without a star': [{ model: 'sm' }, false],
    'another provider': [{ provider: 'openai' }, false],
    'failed is not ok': [{ outcome: 'failed' }, false],
    'a status': [{ status: '200' }, true],
    'another status': [{ status: '500' }, false],
    'another session': [{ session: 's' }, false],
    'two that hold': [{ key: 'key_1', outcome: 'ok' }, true],
    'one of two': [{ key: 'key_1', outcome: 'error' }, false],
  };
  for (const [sentence, [f, want]] of Object.entries(tests)) it(sentence, () => expect(matches(sample(), f)).toBe(want));
  it('failed is cancelled too', () => expect(matches(sample({ outcome: 'cancelled' }), { outcome: 'failed' })).toBe(true));
});

describe('merge', () => {
  it('has each call once, newest first', () => {
    const ids = merge([sample({ id: 'call_3' }), sample({ id: 'call_2' })], [sample({ id: 'call_2' }), sample({ id: 'call_1' })]).map((c) => c.id);
    expect(ids).toEqual(['call_3', 'call_2', 'call_1']);
  });
});

describe('filterRange', () => {
  it('reads the URL', () => expect([filterRange({ range: '1h' }), filterRange({ range: 'x' })]).toEqual(['1h', '7d']));
});
