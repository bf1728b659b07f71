import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// Writes a compressed twin beside each file that is worth it; the server hands it to
// browsers that take it.
const compress: Plugin = {
  name: 'compress',
  apply: 'build',
  generateBundle(_, bundle) {
    for (const [name, file] of Object.entries(bundle)) {
      const content = file.type === 'chunk' ? file.code : file.source;
      if (content.length > 1024 && /\.(js|css|svg)$/.test(name)) {
        this.emitFile({ type: 'asset', fileName: `${name}.gz`, source: gzipSync(content, { level: 9 }) });
      }
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
