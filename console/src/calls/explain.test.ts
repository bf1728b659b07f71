import { describe, expect, it } from 'vitest';
import { explain } from './explain';

describe('explain', () => {
  it('has nothing to say of a good call', () => expect(explain({ outcome: 'ok', error: '' })).toBeUndefined());
  it('knows a code', () => expect(explain({ outcome: 'error', error: 'model_not_found', error_kind: 'not_found' })?.next).toContain('provider/model'));
  it('falls back to who can mend it', () => expect(explain({ outcome: 'error', error: 'new_code', error_kind: 'refused' })?.meaning).toContain('refused'));
  it('says what a hang-up was', () => expect(explain({ outcome: 'cancelled', error: '' })?.meaning).toContain('left'));
  it('says how an interrupted call was settled', () => expect(explain({ outcome: 'interrupted', error: '' })?.meaning).toContain('settled'));
});
