import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// In development the API and the gateway are asked of a running Steward.
const steward = process.env.STEWARD_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  build: { manifest: true, target: 'es2022', modulePreload: { polyfill: false }, chunkSizeWarningLimit: 600 },
  server: { proxy: { '/api': steward, '/v1': steward, '/v1beta': steward } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
