import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launch, open, signIn, sizes, type Watched } from './browser';
import { startSteward, type Steward } from './steward';

// What people come for, from the first visit on, against the real binary.

let steward: Steward;
let browser: Browser;
let on: Watched;

beforeAll(async () => { [steward, browser] = await Promise.all([startSteward(), launch()]); });
afterAll(async () => {
  await browser.close();
  await steward.stop();
});
afterEach(async () => {
  const { faults } = on;
  await on.close();
  expect(faults).toEqual([]);
});

describe('signing in', () => {
  beforeEach(async () => { on = await open(browser); });

  it('by the first-visit link, once, and the token leaves the address', async () => {
    const { page } = on;
    await page.goto(steward.visit);
    await page.getByText('All is well').waitFor();
    expect(page.url()).toBe(`${steward.url}/`);
    const second = await open(browser);
    await second.page.goto(steward.visit);
    await second.page.getByText('You are not signed in').waitFor();
    expect(second.page.url()).toBe(`${steward.url}/`);
    expect(second.faults.filter((f) => !f.includes('401'))).toEqual([]);
    await second.close();
  });

  it('with the admin token, at the page that was wanted, and out again', async () => {
    const { page, faults } = on;
    await page.goto(`${steward.url}/keys`);
    await page.getByLabel('Admin token').first().fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    faults.splice(0); // the browser itself logs the refusal
    await page.getByLabel('Admin token').first().fill(steward.token);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Keys' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Steward' }).waitFor();
  });
});

describe('signed in', () => {
  beforeEach(async () => {
    on = await open(browser);
    await signIn(on.page, steward);
  });

  it('the first call shows on the home page as it ends, and opens', async () => {
    const { page } = on;
    await page.goto(`${steward.url}/`);
    await page.getByText('Waiting for the first call').waitFor();
    await page.getByRole('tab', { name: 'OpenAI' }).click();
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.getByText('The key quickstart is in the snippet').waitFor();
    const code = await page.getByRole('region', { name: 'Snippet for OpenAI' }).innerText();
    expect(code).toContain(`base_url="${steward.url}/v1"`);
    const key = /api_key="(sk-steward-[\w-]+)"/.exec(code)?.[1] ?? '';
    expect(page.url()).toContain('sdk=openai');
    expect((await steward.call({ key, text: 'The first words' })).status).toBe(200);
    await page.getByText('Connected', { exact: true }).waitFor();
    await page.getByRole('table', { name: 'Calls' }).getByRole('link', { name: 'echo' }).first().click();
    await page.getByText('The first words').first().waitFor();
    expect(page.url()).toMatch(/\/calls\/call_\w+$/);
    await page.getByRole('tab', { name: 'request' }).click();
    await page.getByRole('region', { name: 'Request body' }).getByText('"The first words"').waitFor();
    await page.reload(); // the address has the tab
    await page.getByRole('region', { name: 'Request body' }).waitFor();
  });

  it('a call can be sent from the page itself', async () => {
    const { page } = on;
    await page.goto(`${steward.url}/`);
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.getByRole('button', { name: 'Send this call' }).click();
    await page.getByRole('table', { name: 'Calls' }).getByRole('link', { name: 'small' }).first().waitFor();
  });

  it('calls come in live, wait through a pause, and are filtered by the address', async () => {
    const { page } = on;
    await page.goto(`${steward.url}/calls?range=1h`);
    await page.getByText('live', { exact: true }).waitFor();
    const rows = page.getByRole('table', { name: 'Calls' }).locator('tbody tr');
    await rows.first().waitFor();
    const before = await rows.count();
    await steward.call({ text: 'one' });
    await expect.poll(() => rows.count()).toBe(before + 1);
    await page.keyboard.press('p');
    await page.getByText('paused').waitFor();
    await steward.call({ text: 'two', headers: { 'x-sim-fault': 'error_503' } });
    await page.getByText('paused, 1 new').waitFor();
    expect(await rows.count()).toBe(before + 1);
    await page.getByRole('button', { name: 'Resume' }).click();
    await expect.poll(() => rows.count()).toBe(before + 2);

    await page.getByRole('combobox', { name: 'Outcome' }).click();
    await page.getByRole('option', { name: 'Not OK' }).click();
    await expect.poll(() => rows.count()).toBe(1);
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({ outcome: 'failed', range: '1h' });
    await steward.call({ text: 'a good one does not show' });
    await steward.call({ text: 'three', headers: { 'x-sim-fault': 'error_503' } });
    await expect.poll(() => rows.count()).toBe(2);
    await page.reload();
    await expect.poll(() => rows.count()).toBe(2);
    await rows.first().getByRole('link').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByText('What to do:').waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Clear' }).click();
    await expect.poll(() => rows.count()).toBeGreaterThan(2);
    expect(page.url()).toBe(`${steward.url}/calls`);
  });

  it('calls are paged, each once', async () => {
    const { page } = on;
    await Promise.all(Array.from({ length: 60 }, (_, i) => steward.call({ text: `page ${i}`, headers: { 'x-steward-session': 'paging' } }).then((r) => r.text())));
    await expect.poll(async () => {
      const answer = await page.request.get(`${steward.url}/api/calls?session=paging&limit=100`);
      return ((await answer.json()) as { calls: unknown[] }).calls.length;
    }, { timeout: 10_000 }).toBe(60);
    await page.goto(`${steward.url}/calls?session=paging&live=no`);
    const rows = page.getByRole('table', { name: 'Calls' }).locator('tbody tr');
    await expect.poll(() => rows.count()).toBe(50);
    const links = () => rows.locator('a[data-row]').evaluateAll((list) => list.map((a) => a.getAttribute('href') ?? ''));
    const first = await links();
    await page.getByRole('button', { name: 'Older' }).click();
    await expect.poll(() => rows.count()).toBe(10);
    const all = [...first, ...(await links())];
    expect(new Set(all).size).toBe(60);
    await page.goBack();
    await expect.poll(() => rows.count()).toBe(50);
  });

  it('cost adds up by two dimensions, exactly, and leaves as CSV', async () => {
    const { page } = on;
    await page.goto(`${steward.url}/cost?by=model&and=key_name&range=24h`);
    await page.getByText('Total', { exact: true }).first().waitFor();
    const report = (await (await page.request.get(`${steward.url}/api/cost/report?by=model&by=key_name`)).json()) as { total_nano: number; rows: { cost_nano: number }[] };
    const dollars = (n: number) => `$${Math.trunc(n / 1e9)}.${String(n % 1e9).padStart(9, '0')}`.replace(/(\.\d\d\d*?)0+$/, '$1');
    await expect.poll(() => page.getByText('Total', { exact: true }).first().locator('xpath=..').innerText()).toContain(dollars(report.total_nano));
    expect(await page.locator('table tbody tr').count()).toBe(report.rows.length);
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export CSV' }).click()]);
    expect(file.suggestedFilename()).toBe('steward-cost-by-model-key_name.csv');
    const lines = (await readFile(await file.path(), 'utf8')).trim().split('\r\n');
    expect(lines[0]).toBe('model,key_name,calls,unpriced_calls,input_tokens,output_tokens,cost_usd');
    const total = lines.slice(1).reduce((n, l) => n + Math.round(Number(l.split(',').at(-1)) * 1e9), 0);
    expect(total).toBe(report.total_nano);
    await page.getByRole('combobox', { name: 'By', exact: true }).click();
    await page.getByRole('option', { name: 'Day (UTC)' }).click();
    await expect.poll(() => page.url()).toContain('by=day');
  });

  it('a key is made, works, is rotated with an overlap, and is revoked', async () => {
    const { page } = on;
    await page.goto(`${steward.url}/keys`);
    await page.getByRole('button', { name: 'Create a key' }).click();
    await page.getByLabel('Name').fill('browser-test');
    await page.keyboard.press('Enter');
    const secret = page.getByRole('region', { name: 'The new key' });
    const key = (await secret.innerText()).trim();
    expect(key).toMatch(/^sk-steward-/);
    await page.getByRole('button', { name: 'Done' }).click();
    const status = async (k: string) => (await steward.call({ key: k, text: 'may I?' })).status;
    expect(await status(key)).toBe(200);

    await page.getByRole('button', { name: 'Actions of browser-test' }).click();
    await page.getByRole('menuitem', { name: 'Rotate…' }).click();
    await page.getByRole('button', { name: 'Rotate' }).click();
    const next = (await secret.innerText()).trim();
    expect(next).not.toBe(key);
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByText('replaced', { exact: true }).waitFor();
    expect([await status(key), await status(next)]).toEqual([200, 200]);

    await page.getByRole('row').filter({ hasText: 'browser-test' }).filter({ hasText: 'active' }).getByRole('button').click();
    await page.getByRole('menuitem', { name: 'Revoke…' }).click();
    await page.getByRole('button', { name: 'Revoke', exact: true }).click();
    await expect.poll(() => page.getByRole('row').filter({ hasText: 'browser-test' }).count()).toBe(1);
    expect(await status(next)).toBe(401);
    await page.getByText('All', { exact: true }).click();
    await page.getByText('revoked', { exact: true }).waitFor();
    expect(page.url()).toContain('show=all');
  });

  it('a provider is tested, and models and prices are found', async () => {
    const { page } = on;
    await page.goto(`${steward.url}/providers`);
    await page.getByRole('button', { name: 'Test sim' }).click();
    await page.getByText('It answers').waitFor();
    await page.getByRole('link', { name: '5 models' }).click();
    await page.getByRole('searchbox', { name: 'Search models' }).fill('reason');
    await page.getByText('1 found').waitFor();
    await page.goto(`${steward.url}/prices`);
    await page.getByText('showing 100 of').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('claude-haiku-4-5');
    await expect.poll(() => page.url()).toContain('search=claude-haiku-4-5');
    await page.getByRole('row').filter({ hasText: 'claude-haiku-4-5' }).first().getByRole('button').focus();
    await page.getByText('a million input').first().waitFor();
  });

  it('the palette goes anywhere by keyboard; clock and colours stay as chosen', async () => {
    const { page } = on;
    await page.goto(`${steward.url}/`);
    await page.getByText('All is well').waitFor();
    await page.keyboard.press('Control+k');
    await page.getByPlaceholder('A page, an action').fill('failed');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url()).toContain('/calls?outcome=failed');
    await page.getByRole('row').nth(1).waitFor();
    const clock = () => page.locator('tbody time').first().innerText();
    const local = await clock();
    await page.getByRole('button', { name: 'Local time: show UTC' }).click();
    await expect.poll(clock).not.toBe(local);
    await page.getByRole('button', { name: 'Dark colours' }).click();
    await page.reload();
    await page.getByRole('button', { name: 'Light colours' }).waitFor();
    await page.getByRole('button', { name: 'UTC: show local time' }).waitFor();
  });

  it('the menu of a phone opens, leads on and closes', async () => {
    const { page } = on;
    await page.setViewportSize(sizes.phone);
    await page.goto(`${steward.url}/`);
    await page.getByRole('button', { name: 'Open the menu' }).click();
    await page.getByRole('link', { name: 'Cost', exact: true }).click();
    await page.getByRole('heading', { name: 'Cost', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Open the menu' }).waitFor();
  });

  it('a server that is away is said, and a second try works', async () => {
    const { page, faults } = on;
    await page.goto(`${steward.url}/models`);
    await page.getByText('5 found').waitFor();
    await page.route('**/api/keys', (route) => route.abort());
    await page.getByRole('link', { name: 'Keys', exact: true }).click();
    await page.getByText('The keys could not be loaded').waitFor();
    await page.getByText('Steward does not answer').waitFor();
    await page.unroute('**/api/keys');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('table', { name: 'Keys' }).waitFor();
    expect(faults.every((f) => f.includes('ERR_FAILED'))).toBe(true);
    faults.splice(0);
  });

  it('a stream that was away misses no call', async () => {
    const { page, faults } = on;
    await page.route('**/api/calls/tail', (route) => route.abort('connectionreset'));
    await page.goto(`${steward.url}/calls?session=gap`);
    await page.getByText('No call fits').waitFor();
    await page.getByText('connecting', { exact: true }).waitFor();
    await steward.call({ text: 'meanwhile', headers: { 'x-steward-session': 'gap' } });
    await page.unroute('**/api/calls/tail');
    await page.getByText('live', { exact: true }).waitFor();
    await expect.poll(() => page.getByRole('table', { name: 'Calls' }).locator('tbody tr').count(), { timeout: 5000 }).toBe(1);
    expect(faults.every((f) => f.includes('ERR_CONNECTION_RESET'))).toBe(true);
    faults.splice(0);
  });

  it('a session that ends asks to sign in, and goes on at the same page', async () => {
    const { page, faults } = on;
    await page.goto(`${steward.url}/models`);
    await page.getByText('5 found').waitFor();
    await page.context().clearCookies();
    await page.getByRole('link', { name: 'Keys', exact: true }).click();
    await page.getByLabel('Admin token').first().fill(steward.token);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Keys' }).waitFor();
    expect(faults.every((f) => f.includes('401'))).toBe(true);
    faults.splice(0);
  });
});
