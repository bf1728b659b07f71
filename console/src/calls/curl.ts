import type { Schema } from '../api/http';

type Call = Pick<Schema<'CallDetail'>, 'surface' | 'asked' | 'model' | 'provider' | 'stream' | 'subject' | 'session' | 'tags'>;

/** Where each surface is, without the base URL, and the header that its SDKs put the key into. */
const fixed: Record<string, { path: string; key: 'authorization' | 'x-api-key' }> = {
  'openai-chat': { path: '/v1/chat/completions', key: 'authorization' },
  'openai-responses': { path: '/v1/responses', key: 'authorization' },
  'openai-embeddings': { path: '/v1/embeddings', key: 'authorization' },
  'openai-completions': { path: '/v1/completions', key: 'authorization' },
  'openai-moderations': { path: '/v1/moderations', key: 'authorization' },
  'anthropic-messages': { path: '/v1/messages', key: 'x-api-key' },
  'anthropic-count-tokens': { path: '/v1/messages/count_tokens', key: 'x-api-key' },
};

/** Writes a call as a curl command; undefined where its address cannot be told from the record. */
export function curlOf(base: string, call: Call, body: string): string | undefined {
  const target = targetOf(call);
  if (!target) return undefined;
  const headers = [target.key, 'Content-Type: application/json'];
  if (call.surface.startsWith('anthropic')) headers.push('anthropic-version: 2023-06-01');
  if (call.subject) headers.push(`x-steward-subject: ${call.subject}`);
  if (call.session) headers.push(`x-steward-session: ${call.session}`);
  const tags = Object.entries(call.tags ?? {}).map(([k, v]) => `${k}=${v}`).join(',');
  if (tags) headers.push(`x-steward-tags: ${tags}`);
  return [
    `curl ${call.stream ? '-N ' : ''}${quote(base + target.path)}`,
    ...headers.map((h) => `-H ${h.includes('$STEWARD_KEY') ? `"${h}"` : quote(h)}`),
    `-d ${quote(body)}`,
  ].join(' \\\n  ');
}

function targetOf(call: Call): { path: string; key: string } | undefined {
  const known = fixed[call.surface];
  if (known) return { path: known.path, key: known.key === 'authorization' ? 'Authorization: Bearer $STEWARD_KEY' : 'x-api-key: $STEWARD_KEY' };
  const method = { 'gemini-generate': call.stream ? 'streamGenerateContent?alt=sse' : 'generateContent', 'gemini-count-tokens': 'countTokens' }[call.surface];
  return method === undefined ? undefined : { path: `/v1beta/models/${call.asked}:${method}`, key: 'x-goog-api-key: $STEWARD_KEY' };
}

/** Quotes a text for a POSIX shell. */
export function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
