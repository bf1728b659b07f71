import type { Schema } from '../api/http';
import { formatBytes, plural } from '../format/number';
import { formatMicros } from '../format/time';

/** How a part of the house does. */
export interface Check {
  name: string;
  level: 'good' | 'warn' | 'bad';
  /** In a few words. */
  text: string;
  /** Why, where it is not good. */
  reason?: string;
}

/** A projection that is this far behind, in microseconds, is worth a warning. */
const lagWarning = 10_000_000;

/** Judges the status: what must be well, each on its own. */
export function checks(s: Schema<'Status'>): Check[] {
  return [gateway(s), journal(s.journal), projections(s.projections), disk(s.disk), upstreams(s.providers)];
}

/** The gravest level of all. */
export function worst(list: readonly Check[]): Check['level'] {
  return list.some((c) => c.level === 'bad') ? 'bad' : list.some((c) => c.level === 'warn') ? 'warn' : 'good';
}

function gateway(s: Schema<'Status'>): Check {
  if (!s.ready) return { name: 'Gateway', level: 'bad', text: 'not ready', reason: s.reason };
  return { name: 'Gateway', level: 'good', text: s.in_flight > 0 ? `${plural(s.in_flight, 'call')} running` : 'ready' };
}

function journal(j: Schema<'Journal'>): Check {
  if (!j.healthy) return { name: 'Journal', level: 'bad', text: 'cannot be written', reason: j.reason };
  return { name: 'Journal', level: 'good', text: `${formatBytes(j.position)} written` };
}

function projections(list: Schema<'Status'>['projections']): Check {
  const ill = list.filter((p) => !p.healthy);
  if (ill.length > 0) return { name: 'Projections', level: 'bad', text: `${ill.map((p) => p.name).join(', ')} stopped`, reason: ill[0]?.reason ?? '' };
  const lag = Math.max(0, ...list.map((p) => p.lag_us));
  if (lag > lagWarning) return { name: 'Projections', level: 'warn', text: `${formatMicros(lag)} behind`, reason: 'figures here are older than the calls; none is lost' };
  return { name: 'Projections', level: 'good', text: lag > 0 ? `${formatMicros(lag)} behind` : 'up to date' };
}

function disk(d: Schema<'Disk'>): Check {
  const text = `${formatBytes(d.free_bytes)} free`;
  if (d.total_bytes === 0) return { name: 'Disk', level: 'warn', text: 'unknown', reason: 'the system does not say how much space is left' };
  if (d.free_bytes < d.min_free_bytes) return { name: 'Disk', level: 'bad', text, reason: `new calls are refused below ${formatBytes(d.min_free_bytes)}` };
  if (d.free_bytes < 4 * d.min_free_bytes || d.free_bytes < d.total_bytes / 20) return { name: 'Disk', level: 'warn', text, reason: `new calls are refused below ${formatBytes(d.min_free_bytes)}` };
  return { name: 'Disk', level: 'good', text };
}

function upstreams(list: Schema<'Status'>['providers']): Check {
  const name = 'Providers';
  if (list.length === 0) return { name, level: 'bad', text: 'none', reason: 'put one into steward.yaml, or a vendor\'s key into the environment' };
  const down = list.filter((p) => p.state === 'down' || !p.has_key);
  const degraded = list.filter((p) => p.state === 'degraded');
  if (down.length > 0) return { name, level: down.length === list.length ? 'bad' : 'warn', text: `${down.map((p) => p.name).join(', ')} down`, reason: down.map((p) => p.reason).find((r) => r !== '') ?? 'its key is missing' };
  if (degraded.length > 0) return { name, level: 'warn', text: `${degraded.map((p) => p.name).join(', ')} degraded`, reason: degraded[0]?.reason ?? '' };
  return { name, level: 'good', text: list.length === 1 ? `${list[0]?.name ?? ''} configured` : `${list.length} configured` };
}
