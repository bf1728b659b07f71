/** Which clock times are shown by. */
export type Zone = 'local' | 'utc';

const cache = new Map<string, Intl.DateTimeFormat>();

function parts(at: Date, zone: Zone): Record<string, string> {
  let format = cache.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
      hourCycle: 'h23', timeZoneName: 'longOffset', ...(zone === 'utc' && { timeZone: 'UTC' }),
    });
    cache.set(zone, format);
  }
  return Object.fromEntries(format.formatToParts(at).map((p) => [p.type, p.value]));
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Writes a moment for a list: the clock today, the day too before: "14:03:22", "24 Nov 14:03:22". */
export function formatMoment(iso: string, zone: Zone, now: Date): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const p = parts(at, zone);
  const n = parts(now, zone);
  const clock = `${p.hour}:${p.minute}:${p.second}`;
  if (p.year === n.year && p.month === n.month && p.day === n.day) return clock;
  const day = `${Number(p.day)} ${months[Number(p.month) - 1]}`;
  return p.year === n.year ? `${day} ${clock}` : `${day} ${p.year} ${clock}`;
}

/** Writes a moment in full, to the microsecond where it is known: "2026-11-25 14:03:22.855115 +01:00". */
export function formatFull(iso: string, zone: Zone): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const p = parts(at, zone);
  const fraction = /:\d\d(\.\d+)/.exec(iso)?.[1] ?? '';
  const offset = p.timeZoneName === 'GMT' ? '+00:00' : (p.timeZoneName ?? '').replace('GMT', '');
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second}${fraction} ${zone === 'utc' ? 'UTC' : offset}`;
}

/** Writes a day: "2026-11-25". */
export function formatDay(iso: string, zone: Zone): string {
  const at = new Date(iso);
  if (iso === '' || Number.isNaN(at.getTime())) return iso;
  const p = parts(at, zone);
  return `${p.year}-${p.month}-${p.day}`;
}

/** Writes microseconds in the unit that suits them: "351 µs", "12.4 ms", "1.24 s", "2 min 5 s". */
export function formatMicros(us: number): string {
  if (us < 0) return '–';
  if (us < 1000) return `${us} µs`;
  if (us < 999_950) return `${digits(us / 1000)} ms`;
  if (us < 59_995_000) return `${digits(us / 1_000_000)} s`;
  const seconds = Math.round(us / 1_000_000);
  if (seconds < 3600) return `${Math.trunc(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return `${Math.trunc(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.trunc(minutes / 1440)} d ${Math.trunc((minutes % 1440) / 60)} h`;
}

function digits(n: number): string {
  if (n < 10) return n.toFixed(2);
  return n < 100 ? n.toFixed(1) : n.toFixed(0);
}

/** The spans of time that a page can be about. */
export const ranges = { '1h': 3600, '24h': 86_400, '7d': 604_800, '30d': 2_592_000, '90d': 7_776_000 } as const;

/** The name of a span of time, as URLs have it; all is without a bound. */
export type Range = keyof typeof ranges | 'all';

/** What people call the ranges. */
export const rangeNames: Record<Range, string> = {
  '1h': 'Last hour', '24h': 'Last 24 hours', '7d': 'Last 7 days', '30d': 'Last 30 days', '90d': 'Last 90 days', 'all': 'All time',
};

/** Reads a range out of a URL. */
export function rangeOf(text: string | undefined, otherwise: Range): Range {
  return text !== undefined && text in rangeNames ? (text as Range) : otherwise;
}

/** Returns when a range began, as the API takes it: undefined for all. */
export function since(range: Range, now: Date): string | undefined {
  return range === 'all' ? undefined : new Date(now.getTime() - ranges[range] * 1000).toISOString();
}

/** Lists the days (UTC) up to today, oldest first. */
export function daysUntil(now: Date, count: number): string[] {
  return Array.from({ length: count }, (_, i) => new Date(now.getTime() - (count - 1 - i) * 86_400_000).toISOString().slice(0, 10));
}
