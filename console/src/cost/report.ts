import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { ask, type Schema } from '../api/http';
import { decimalDollars, permille, sum } from '../format/money';
import { since, type Range } from '../format/time';

/** What a report can be parted by, and what people call it. */
export const dimensions = {
  model: 'Model', provider: 'Provider', project: 'Project', team: 'Team', org: 'Organisation', key_name: 'Key', day: 'Day (UTC)', pricing: 'Pricing',
} as const;

/** The name of a dimension, as the API has it. */
export type Dimension = keyof typeof dimensions;

/** Whose calls a report is about. */
export interface Scope {
  provider?: string;
  model?: string;
  project?: string;
  team?: string;
  key?: string;
}

/** Reads a dimension out of a URL. */
export function dimensionOf(text: string | undefined): Dimension | undefined {
  return text !== undefined && text in dimensions ? (text as Dimension) : undefined;
}

/** Adds up what calls cost. */
export function reportQuery(by: readonly Dimension[], range: Range, scope: Scope = {}) {
  return queryOptions({
    queryKey: ['report', by, range, scope],
    queryFn: ({ signal }) => {
      const from = since(range, new Date());
      return ask('get', '/api/cost/report', { query: { ...scope, by: [...by], ...(from !== undefined && { from }) }, signal });
    },
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  });
}

/** The value of a row in one dimension; what has none says so. */
export function valueOf(row: Schema<'ReportRow'>, by: Dimension): string {
  const value = row[by] ?? '';
  return value === '' ? '(none)' : value;
}

/** Tells a row whose cost is unknown, because no call of it has a price, from one that cost nothing. */
export function pricingOf(row: Schema<'ReportRow'>): 'priced' | 'unpriced' {
  return row.calls > 0 && row.unpriced === row.calls ? 'unpriced' : 'priced';
}

/** A row's share of the total, in thousandths. */
export function shareOf(row: Schema<'ReportRow'>, report: Schema<'Report'>): number {
  return permille(row.cost_nano, report.total_nano);
}

/** Adds up rows by their day, oldest first; days without calls are there with nothing. */
export function byDay(rows: readonly Schema<'ReportRow'>[], days: readonly string[]): { day: string; nano: bigint; calls: number }[] {
  return days.map((day) => {
    const of = rows.filter((r) => r.day === day);
    return { day, nano: sum(of.map((r) => r.cost_nano)), calls: of.reduce((n, r) => n + r.calls, 0) };
  });
}

/** Writes a report as CSV (RFC 4180): dollars as exact decimals, empty where the cost is unknown. */
export function csv(report: Schema<'Report'>, by: readonly Dimension[]): string {
  const lines = [[...by, 'calls', 'unpriced_calls', 'input_tokens', 'output_tokens', 'cost_usd']];
  for (const r of report.rows) {
    lines.push([...by.map((d) => r[d] ?? ''), String(r.calls), String(r.unpriced), String(r.input_tokens), String(r.output_tokens), pricingOf(r) === 'unpriced' ? '' : decimalDollars(r.cost_nano)]);
  }
  return lines.map((l) => l.map(cell).join(',')).join('\r\n') + '\r\n';
}

// A spreadsheet would run a text that begins so as a formula.
const formula = /^[=+\-@\t\r]/;

function cell(text: string): string {
  const safe = formula.test(text) && !/^-?[\d.]+$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
