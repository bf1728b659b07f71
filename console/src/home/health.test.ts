import { describe, expect, it } from 'vitest';
import type { Schema } from '../api/http';
import { checks, worst } from './health';

const good: Schema<'Status'> = {
  version: 'v', started: '', uptime_us: 1, ready: true, reason: '', data: '/d', in_flight: 0,
  otlp: { enabled: false, http_path: '', grpc_address: '', in_flight_bytes: 0, signals: [], cuts: {} },
  disk: { free_bytes: 50e9, total_bytes: 100e9, min_free_bytes: 256e6 },
  journal: { healthy: true, reason: '', position: 10, synced: 10, segments: 1 },
  projections: [{ name: 'calls', healthy: true, reason: '', position: 10, lag_bytes: 0, lag_us: 0 }],
  providers: [{ name: 'sim', kind: 'sim', vendor: 'simulator', docs: '', formats: [], base_url: '', key: '', has_key: true, state: 'unknown', reason: '', models: 5 }],
};
const provider = (changes: Partial<Schema<'Provider'>>): Schema<'Provider'> => ({ name: 'p', kind: 'openai', vendor: 'OpenAI', docs: '', formats: [], base_url: '', key: 'env:K', has_key: true, state: 'ok', reason: '', models: 1, ...changes });

describe('checks', () => {
  const tests: Record<string, [Partial<Schema<'Status'>>, ReturnType<typeof worst>]> = {
    'all is well': [{}, 'good'],
    'not ready': [{ ready: false, reason: 'starting' }, 'bad'],
    'the journal fails': [{ journal: { ...good.journal, healthy: false, reason: 'disk' } }, 'bad'],
    'a projection stopped': [{ projections: [{ name: 'calls', healthy: false, reason: 'x', position: 0, lag_bytes: 1, lag_us: 1 }] }, 'bad'],
    'a projection is slow': [{ projections: [{ name: 'calls', healthy: true, reason: '', position: 0, lag_bytes: 1, lag_us: 60e6 }] }, 'warn'],
    'little space': [{ disk: { free_bytes: 500e6, total_bytes: 100e9, min_free_bytes: 256e6 } }, 'warn'],
    'no space': [{ disk: { free_bytes: 1, total_bytes: 100e9, min_free_bytes: 256e6 } }, 'bad'],
    'space is unknown': [{ disk: { free_bytes: 0, total_bytes: 0, min_free_bytes: 256e6 } }, 'warn'],
    'no provider': [{ providers: [] }, 'bad'],
    'one of two providers is down': [{ providers: [provider({}), provider({ name: 'q', state: 'down', reason: 'timeout' })] }, 'warn'],
    'the only provider is down': [{ providers: [provider({ state: 'down' })] }, 'bad'],
    'a key is missing': [{ providers: [provider({}), provider({ has_key: false })] }, 'warn'],
    'a provider is degraded': [{ providers: [provider({ state: 'degraded' })] }, 'warn'],
  };
  for (const [sentence, [changes, want]] of Object.entries(tests)) {
    it(sentence, () => expect(worst(checks({ ...good, ...changes }))).toBe(want));
  }
});
