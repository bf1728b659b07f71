import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Steward } from './steward';

/** The sizes that every page must fit. */
export const sizes = { phone: { width: 390, height: 844 }, laptop: { width: 1280, height: 800 }, wide: { width: 1680, height: 1050 } };

const browsers = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Starts the browser: the one that CHROMIUM names, or the system's. */
export function launch(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? browsers.find(existsSync);
  if (!executablePath) throw new Error('no Chromium: install it (apt-get install chromium), or name one in CHROMIUM');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** A page, and what went wrong on it: console errors, exceptions, refused scripts. */
export interface Watched {
  page: Page;
  faults: string[];
  close: () => Promise<void>;
}

/** Opens a page of its own session. */
export async function open(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: sizes.laptop, timezoneId: 'Asia/Kolkata', locale: 'en-GB', ...options });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (m) => {
    if (m.type() === 'error' || m.type() === 'warning') faults.push(`${m.type()}: ${m.text()} (${page.url()})`);
  });
  page.on('pageerror', (e) => faults.push(`exception: ${e.message} (${page.url()})`));
  return { page, faults, close: () => context.close() };
}

/** Signs a page in, as the form does. */
export async function signIn(page: Page, steward: Steward): Promise<void> {
  const answer = await page.request.post(`${steward.url}/api/session`, { data: { token: steward.token }, headers: { 'X-Steward-CSRF': '1' } });
  expect(answer.status()).toBe(200);
}

/** Expects that a page has no grave barrier (WCAG 2.2 A and AA), and that it does not scroll sideways. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  await page.evaluate(axe.source); // anew for each page: a reload forgets it
  const found = await page.evaluate(async () => {
    const { axe: a } = window as unknown as { axe: typeof axe };
    const { violations } = await a.run(document, { resultTypes: ['violations'] });
    return violations
      .filter((v) => v.impact === 'serious' || v.impact === 'critical')
      .map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 200)} ${n.failureSummary?.slice(0, 300) ?? ''}`).join('\n')}`);
  });
  expect(found, where).toEqual([]);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(over, `${where} scrolls sideways`).toBeLessThanOrEqual(0);
}
