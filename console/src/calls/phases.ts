import type { Schema } from '../api/http';

/** One stretch of a call's time. */
export interface Phase {
  label: string;
  color: string;
  micros: number;
}

/** Cuts a call's time at the moments that were measured; those that were not (-1) cut nothing. */
export function phases(t: Schema<'Timings'>): Phase[] {
  const answered = t.first_byte_us >= 0 || t.first_token_us >= 0;
  const marks: [string, string, number][] = [
    ['Steward, before sending', 'gray.6', t.queue_us],
    ['Waiting for the provider', 'sea.8', t.first_byte_us],
    ['To the first token', 'indigo.6', t.first_token_us],
    answered ? ['Receiving the answer', 'sea.4', t.total_us] : ['At the provider', 'sea.8', t.total_us],
  ];
  const found: Phase[] = [];
  let at = 0;
  for (const [label, color, end] of marks) {
    if (end < at || (end === at && end !== t.total_us)) continue;
    if (end > at) found.push({ label, color, micros: end - at });
    at = end;
  }
  return found;
}
