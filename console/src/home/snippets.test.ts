import { describe, expect, it } from 'vitest';
import { sdkOf, sdks, snippet, type Sdk } from './snippets';

describe('snippet', () => {
  for (const sdk of Object.keys(sdks) as Sdk[]) {
    it(`for ${sdk} has the address, the key and the model`, () => {
      const text = snippet(sdk, 'http://127.0.0.1:8080', 'sk-1', 'sim/small');
      for (const part of ['http://127.0.0.1:8080', 'sk-1', 'sim/small']) expect(text).toContain(part);
    });
  }
  it('gives each SDK the base that it adds its path to', () => {
    expect(snippet('openai', 'http://h', 'k', 'm')).toContain('"http://h/v1"');
    expect(snippet('anthropic', 'http://h', 'k', 'm')).toContain('"http://h"');
  });
});

describe('sdkOf', () => {
  it('falls back where a URL is wrong', () => expect([sdkOf('gemini'), sdkOf('x'), sdkOf(undefined)]).toEqual(['gemini', 'curl', 'curl']));
});
