import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

/** Builds the console and the binary that holds it, once for all files. */
export default function setup(project: TestProject): () => void {
  const dir = mkdtempSync(join(tmpdir(), 'steward-browser-'));
  const binary = join(dir, 'steward');
  const run = (name: string, args: string[], cwd: string) => execFileSync(name, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  const root = new URL('../../', import.meta.url).pathname;
  // A build for tests would be a development build: React's own warnings are not what is shipped.
  execFileSync('npm', ['run', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, NODE_ENV: 'production' } });
  run('go', ['build', '-o', binary, './cmd/steward'], join(root, '..'));
  project.provide('dir', dir);
  project.provide('binary', binary);
  return () => rmSync(dir, { recursive: true, force: true });
}

declare module 'vitest' {
  interface ProvidedContext {
    dir: string;
    binary: string;
  }
}
