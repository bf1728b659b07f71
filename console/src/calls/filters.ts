import type { Schema } from '../api/http';
import type { operations } from '../api/schema.gen';
import { rangeOf, since, type Range } from '../format/time';

/** What calls can be filtered by, as URLs name it. */
export const filterNames = ['provider', 'model', 'outcome', 'status', 'key', 'project', 'team', 'operation', 'session', 'subject', 'trace'] as const;

/** Which calls a page is about: plain texts out of its URL. */
export type Filters = { [K in (typeof filterNames)[number] | 'range' | 'before' | 'live']?: string };

type Query = NonNullable<operations['list-calls']['parameters']['query']>;
type Outcome = NonNullable<Query['outcome']>;

/** How a call can end, and what people call it; failed is all but ok. */
export const outcomes: Record<Outcome | 'failed', string> = {
  ok: 'OK', failed: 'Not OK', error: 'Error', cancelled: 'Cancelled', interrupted: 'Interrupted',
};

function outcomeOf(text: string | undefined): Outcome | 'failed' | undefined {
  return text !== undefined && text in outcomes ? (text as Outcome | 'failed') : undefined;
}

function statusOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-5]\d\d$/.test(text) ? Number(text) : undefined;
}

/** Returns the span of time that the filters name. */
export function filterRange(f: Filters): Range {
  return rangeOf(f.range, '7d');
}

/** Turns filters into a query of the API. */
export function toQuery(f: Filters, now: Date, limit: number): Query {
  const outcome = outcomeOf(f.outcome);
  const status = statusOf(f.status);
  const from = since(filterRange(f), now);
  const texts = { provider: f.provider, model: f.model, key: f.key, project: f.project, team: f.team, operation: f.operation,
    session: f.session, subject: f.subject, trace_id: f.trace, before: f.before, from };
  const query: Query = { limit };
  Object.assign(query, Object.fromEntries(Object.entries(texts).filter(([, v]) => v !== undefined)));
  if (outcome === 'failed') query.errors = true;
  else if (outcome) query.outcome = outcome;
  if (status) query.status = status;
  return query;
}

/** Whether a call that has just ended belongs to the page, by the rules that the API goes by. */
export function matches(c: Schema<'Call'>, f: Filters): boolean {
  const outcome = outcomeOf(f.outcome);
  const status = statusOf(f.status);
  const same = (want: string | undefined, have: string | undefined) => want === undefined || want === '' || want === have;
  return (
    same(f.provider, c.provider) && same(f.key, c.key) && same(f.project, c.project) && same(f.team, c.team) &&
    same(f.operation, c.operation) && same(f.session, c.session) && same(f.subject, c.subject) && same(f.trace, c.trace_id) &&
    (status === undefined || status === c.status) &&
    (outcome === undefined || (outcome === 'failed' ? c.outcome !== 'ok' : c.outcome === outcome)) &&
    (!f.model || fits(f.model, c.model) || fits(f.model, c.asked))
  );
}

function fits(pattern: string, model: string): boolean {
  return pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : pattern === model;
}

/** Puts calls that came in before those that were listed, newest first, each once. */
export function merge(fresh: readonly Schema<'Call'>[], listed: readonly Schema<'Call'>[]): Schema<'Call'>[] {
  const known = new Set(listed.map((c) => c.id));
  return [...fresh.filter((c) => !known.has(c.id)), ...listed].sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
}
