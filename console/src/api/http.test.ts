import { afterEach, describe, expect, it, vi } from 'vitest';
import { address, ask, Problem, problemOf } from './http';

describe('address', () => {
  it('escapes names and leaves out what is empty', () => {
    expect(address('/api/keys/{id}', { id: 'a/b c' }, { model: '', errors: false, limit: 5, to: undefined })).toBe(
      '/api/keys/a%2Fb%20c?limit=5',
    );
  });

  it('repeats lists', () => {
    expect(address('/api/cost/report', {}, { by: ['model', 'day'] })).toBe('/api/cost/report?by=model&by=day');
  });
});

describe('problemOf', () => {
  it('reads a problem document', () => {
    const p = problemOf(401, '{"detail":"you are not signed in","code":"not_signed_in","hint":"send the token"}');
    expect([p.status, p.code, p.message, p.hint]).toEqual([401, 'not_signed_in', 'you are not signed in', 'send the token']);
  });

  it('makes one of what is none', () => {
    expect(problemOf(502, '<html>').code).toBe('unexpected_answer');
  });
});

describe('ask', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('says that a change comes from our own page, and nothing of the kind when it only reads', async () => {
    const seen: (string | null)[] = [];
    vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
      seen.push(new Headers(init.headers).get('X-Steward-CSRF'));
      return Promise.resolve(new Response('{"keys":[]}'));
    });
    await ask('get', '/api/keys');
    await ask('post', '/api/keys', { body: { name: 'a' } });
    expect(seen).toEqual([null, '1']);
  });

  it('tells a server that is away from one that refuses', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')));
    await expect(ask('get', '/api/keys')).rejects.toMatchObject({ code: 'unreachable' });
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('{"detail":"no","code":"denied"}', { status: 403 })));
    await expect(ask('get', '/api/keys')).rejects.toBeInstanceOf(Problem);
  });

  it('takes an answer without a body', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(null, { status: 204 })));
    await expect(ask('delete', '/api/keys/{id}', { path: { id: 'key_1' } })).resolves.toBeUndefined();
  });
});
