import { describe, expect, it } from 'vitest';
import { curlOf, quote } from './curl';
import { sample } from './sample';

describe('quote', () => {
  it('bears quotes, dollars and new lines', () => expect([quote('a.b/c'), quote("it's $x\n"), quote('')]).toEqual(['a.b/c', `'it'\\''s $x\n'`, `''`]));
});

describe('curlOf', () => {
  it('repeats an OpenAI call with its labels', () => {
    expect(curlOf('http://h', sample({ stream: true, session: 's 1', tags: { a: 'b' } }), '{"model":"sim/small"}')).toBe(
      [`curl -N http://h/v1/chat/completions \\`, `  -H "Authorization: Bearer $STEWARD_KEY" \\`, `  -H 'Content-Type: application/json' \\`, `  -H 'x-steward-session: s 1' \\`,
        `  -H 'x-steward-tags: a=b' \\`, `  -d '{"model":"sim/small"}'`].join('\n'),
    );
  });
  it('signs in as each SDK does', () => {
    expect(curlOf('', sample({ surface: 'anthropic-messages' }), '{}')).toContain('-H "x-api-key: $STEWARD_KEY"');
    expect(curlOf('', sample({ surface: 'gemini-generate', asked: 'sim/small' }), '{}')).toContain("'/v1beta/models/sim/small:generateContent'".slice(1, -1));
  });
  it('is silent about what the record does not tell', () => expect(curlOf('', sample({ surface: 'passthrough' }), '')).toBeUndefined());
});
