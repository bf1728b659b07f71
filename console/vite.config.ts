import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// Writes a compressed twin beside each file that is worth it; the server hands it to
// browsers that take it.
const compress: Plugin = {
  name: 'compress',
  apply: 'build',
  writeBundle({ dir = '' }, bundle) {
    for (const name of Object.keys(bundle)) {
      if (!/\.(js|css|svg)$/.test(name)) continue;
      const content = readFileSync(join(dir, name));
      if (content.length > 1024) writeFileSync(join(dir, `${name}.gz`), gzipSync(content, { level: 9 }));
    }
  },
};

// In development the API and the gateway are asked of a running Steward.
const steward = process.env.STEWARD_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react(), compress],
  build: { manifest: true, target: 'es2022', modulePreload: { polyfill: false }, chunkSizeWarningLimit: 600 },
  server: { proxy: { '/api': steward, '/v1': steward, '/v1beta': steward } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
