import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { inject } from 'vitest';

/** A running Steward with a data directory of its own. */
export interface Steward {
  url: string;
  /** The first-visit link, which works once. */
  visit: string;
  /** The secret of the key that the first start makes. */
  key: string;
  /** The admin token. */
  token: string;
  /** Makes one chat call through the gateway and returns its answer's text. */
  call: (about: { key?: string; model?: string; text: string; stream?: boolean; headers?: Record<string, string> }) => Promise<Response>;
  stop: () => Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** Starts the real binary and waits until it says that it is ready. */
export async function startSteward(): Promise<Steward> {
  const data = mkdtempSync(join(inject('dir'), 'data-'));
  const url = `http://127.0.0.1:${await freePort()}`;
  const env = { PATH: process.env.PATH ?? '', HOME: data }; // no vendor's key: only the simulator
  const child = spawn(inject('binary'), ['up', '--data', data, '--listen', url.slice('http://'.length)], { cwd: data, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let complained = '';
  child.stderr.on('data', (b: Buffer) => { complained += b.toString(); });
  await new Promise<void>((done, fail) => {
    child.stdout.on('data', (b: Buffer) => {
      said += b.toString();
      if (said.includes('ready in')) done();
    });
    child.on('exit', (code, signal) => fail(new Error(`steward up ended with ${String(code ?? signal)}: ${complained}`)));
  });
  child.removeAllListeners('exit');
  child.on('exit', (code, signal) => console.error(`steward up ended with ${String(code ?? signal)}: ${complained}`));
  const find = (pattern: RegExp) => pattern.exec(said)?.[1] ?? '';
  const key = find(/Bearer (sk-[\w-]+)/);
  return {
    url, key,
    visit: find(/(http:\S+#visit=\S+)/),
    token: readFileSync(join(data, 'admin-token'), 'utf8').trim(),
    call: ({ key: other = key, model = 'sim/echo', text, stream = false, headers = {} }) =>
      fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'Authorization': `Bearer ${other}`, 'Content-Type': 'application/json', 'x-sim-latency': '1ms', ...headers },
        body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: text }] }),
      }),
    stop: () => new Promise<void>((done, fail) => {
      child.removeAllListeners('exit');
      if (child.exitCode !== null || child.signalCode !== null) {
        fail(new Error(`steward up had ended with ${String(child.exitCode ?? child.signalCode)}`));
        return;
      }
      child.on('exit', () => done());
      child.kill('SIGINT');
    }),
  };
}
