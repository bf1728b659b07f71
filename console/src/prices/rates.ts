import type { Schema } from '../api/http';

/** The usual rate of a quantity per million, as decimal dollars; a dash where there is none. */
export function mainRate(p: Pick<Schema<'Price'>, 'rates'>, quantity: string): string {
  return p.rates.find((r) => r.quantity === quantity && r.per === 'million' && !r.tier && !r.above_tokens)?.usd ?? '–';
}

/** Writes a rate in words: "$0.20 a million input, batch". */
export function describeRate(r: Schema<'Rate'>): string {
  const per = r.per === 'unit' ? 'each' : `a ${r.per}`;
  const when = [r.tier, r.above_tokens ? `above ${r.above_tokens.toLocaleString('en-US')} tokens` : ''].filter(Boolean).join(', ');
  return `$${r.usd} ${per} ${r.quantity.replaceAll('_', ' ')}${when && `, ${when}`}`;
}
