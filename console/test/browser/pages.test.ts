import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { expectAccessible, launch, open, signIn, sizes, type Watched } from './browser';
import { startSteward, type Steward } from './steward';

// Every page, at three sizes, light and dark: it shows what it is for, nothing fails on the
// way, no barrier is grave, and nothing sticks out.

let steward: Steward;
let browser: Browser;
const ids = { good: '', bad: '', stream: '' };

beforeAll(async () => {
  [steward, browser] = await Promise.all([startSteward(), launch()]);
  const idOf = (r: Response) => r.headers.get('x-steward-call-id') ?? '';
  ids.good = idOf(await steward.call({ text: 'Hello there', headers: { 'x-steward-tags': 'feature=chat', 'x-steward-session': 's1' } }));
  ids.bad = idOf(await steward.call({ text: 'Hello', headers: { 'x-sim-fault': 'error_503' } }));
  const streamed = await steward.call({ text: 'Hello', model: 'sim/reasoning', stream: true, headers: { 'x-sim-rate': '5000' } });
  await streamed.text();
  ids.stream = idOf(streamed);
  await vi.waitFor(async () => {
    const answer = await fetch(`${steward.url}/api/calls`, { headers: { Authorization: `Bearer ${steward.token}` } });
    expect(((await answer.json()) as { calls: unknown[] }).calls.length).toBe(3);
  }, { timeout: 10_000, interval: 100 });
});

afterAll(async () => {
  await browser.close();
  await steward.stop();
});

/** Where each page is, and a text that it has when it is whole. */
const pages: Record<string, { path: () => string; shows: string }> = {
  'home': { path: () => '/', shows: 'All is well' },
  'calls': { path: () => '/calls', shows: '3 shown, no older ones' },
  'a call': { path: () => `/calls/${ids.stream}`, shows: 'Where the time went' },
  'a failed call': { path: () => `/calls/${ids.bad}?show=response`, shows: 'What to do:' },
  'cost': { path: () => '/cost?by=model&and=project', shows: 'Total' },
  'keys': { path: () => '/keys', shows: 'sk-steward-' },
  'create a key': { path: () => '/keys?create=yes', shows: 'Which it may call' },
  'models': { path: () => '/models', shows: '5 found' },
  'providers': { path: () => '/providers', shows: 'built in, no account needed' },
  'prices': { path: () => '/prices?search=gpt-4o', shows: 'All rates' },
  'a page that is not there': { path: () => '/nowhere', shows: 'There is no such page' },
};

for (const [size, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    describe(`${size}, ${colorScheme}`, () => {
      let on: Watched;
      beforeAll(async () => {
        on = await open(browser, { viewport, colorScheme });
        await on.page.goto(`${steward.url}/`);
        await on.page.getByLabel('Admin token').first().waitFor();
        await expectAccessible(on.page, 'sign in');
        await signIn(on.page, steward);
      });
      afterAll(() => on.close());

      for (const [name, { path, shows }] of Object.entries(pages)) {
        it(name, async () => {
          const { page, faults } = on;
          await page.goto(steward.url + path());
          const text = page.getByText(shows).locator('visible=true').first();
          if (size === 'phone' && (name === 'keys' || name === 'prices')) await page.getByRole('row').nth(1).waitFor(); // columns that a phone leaves out
          else await text.waitFor();
          await expect.poll(() => page.locator('[aria-busy=true], .mantine-Skeleton-root').count()).toBe(0);
          expect(await page.locator('html').getAttribute('data-mantine-color-scheme')).toBe(colorScheme);
          await page.evaluate(() => Promise.all(document.getAnimations().filter((a) => a.effect?.getComputedTiming().iterations !== Infinity).map((a) => a.finished.catch(() => undefined))));
          await expectAccessible(page, `${name}, ${size}, ${colorScheme}`);
          expect(faults).toEqual([]);
        });
      }
    });
  }
}
