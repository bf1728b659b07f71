import type { Schema } from '../api/http';

/** Returns a call for tests. */
export function sample(changes: Partial<Schema<'Call'>> = {}): Schema<'Call'> {
  return {
    id: 'call_1', time: '2026-11-25T02:43:51.855115Z', provider: 'sim', model: 'small', status: 200, error: '', input_tokens: 8, cached_tokens: 0,
    output_tokens: 1, reasoning_tokens: 0, cost_nano: 1_200n, latency_us: 622, ttft_us: -1, stream: false, attempts: 1, outcome: 'ok', pricing: 'priced',
    asked: 'sim/small', surface: 'openai-chat', operation: 'chat', org: 'default', team: 'default', project: 'default', key: 'key_1', key_name: 'first',
    source: 'gateway', kind: 'call', counted: true,
    ...changes,
  };
}
