import { parseExact } from './json';
import type { components, paths } from './schema.gen';

/** A type of the admin API, by the name that its description gives it. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

type Method = 'get' | 'post' | 'delete';
type PathsWith<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends { responses: unknown } ? P : never;
}[keyof paths];

type QueryOf<Op> = Op extends { parameters: { query?: infer Q } } ? Q : never;
type PathOf<Op> = Op extends { parameters: { path: infer P } } ? P : undefined;
type BodyOf<Op> = Op extends { requestBody: { content: { 'application/json': infer B } } } ? B : undefined;
type AnswerOf<Op> = Op extends { responses: Record<200 | 201, { content: { 'application/json': infer T } }> }
  ? T
  : Op extends { responses: { 200: { content: { 'application/json': infer T } } } }
    ? T
    : Op extends { responses: { 201: { content: { 'application/json': infer T } } } }
      ? T
      : undefined;

/** What a request needs, by its operation: nothing that the description does not name. */
export interface Input<Op> {
  query?: QueryOf<Op>;
  path?: PathOf<Op>;
  body?: BodyOf<Op>;
  signal?: AbortSignal;
}

/** A request that failed: what happened, and what to do. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint = '',
    readonly fields: readonly { location: string; message: string }[] = [],
  ) {
    super(message);
    this.name = 'Problem';
  }
}

const unreachable = new Problem(0, 'unreachable', 'Steward does not answer', 'check that it still runs, then try again');

/** Sends one request to the admin API. It throws a Problem where it fails. */
export async function ask<M extends Method, P extends PathsWith<M>>(
  method: M,
  path: P,
  input: Input<paths[P][M]> = {},
): Promise<AnswerOf<paths[P][M]>> {
  const { query, path: names, body, signal } = input;
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (method !== 'get') headers['X-Steward-CSRF'] = '1';
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const request: RequestInit = { method: method.toUpperCase(), headers, credentials: 'same-origin' };
  if (body !== undefined) request.body = JSON.stringify(body);
  if (signal) request.signal = signal;

  let response: Response;
  let text: string;
  try {
    response = await fetch(address(path, names ?? {}, query ?? {}), request);
    text = await response.text();
  } catch (err) {
    throw err instanceof DOMException && err.name === 'AbortError' ? err : unreachable;
  }
  if (!response.ok) throw problemOf(response.status, text);
  return (text === '' ? undefined : parseExact(text)) as AnswerOf<paths[P][M]>;
}

type Value = string | number | boolean | null | undefined;

/** Puts names into a path and the rest behind it. Empty values are left out, lists are repeated. */
export function address(path: string, names: object, query: object): string {
  const values = new Map<string, string>(Object.entries(names as Record<string, string>));
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values.get(name) ?? ''));
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query) as [string, Value | Value[]][]) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== '' && one !== false) params.append(name, String(one));
    }
  }
  const tail = params.toString();
  return tail ? `${filled}?${tail}` : filled;
}

/** Reads a problem document; an answer that is none, such as a proxy's page, becomes one. */
export function problemOf(status: number, text: string): Problem {
  try {
    const p = JSON.parse(text) as Partial<Schema<'Problem'>>;
    if (typeof p.detail === 'string' && typeof p.code === 'string') {
      return new Problem(status, p.code, p.detail, p.hint ?? '', p.errors ?? []);
    }
  } catch {
    // not JSON: below
  }
  return new Problem(status, 'unexpected_answer', `the server answered ${status} without a reason`, 'see Steward\'s log, and that of any proxy between');
}
