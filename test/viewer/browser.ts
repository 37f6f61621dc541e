/** Debian's chromium, for tests of pages. A machine without one skips them and says how to get it; SEEDRAFT_REQUIRE=chromium makes that a failure. */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Null: there is none here. Throws when there must be one. */
export function findChromium(): string | null {
  const found = PLACES.find((place) => existsSync(place)) ?? null;
  if (found !== null) return found;
  const sentence = 'no chromium here (apt-get install -y chromium)';
  const required = (process.env.SEEDRAFT_REQUIRE ?? '').split(',');
  if (required.includes('chromium')) throw new Error(sentence);
  console.warn(`SKIPPED, the tests of pages: ${sentence}`);
  return null;
}

/** Of the enclosing `describe`: a browser for it, and a page for each test that must stay silent. Returns the page of the test that runs. */
export function silentPages(executablePath: string): () => Page {
  let browser: Browser;
  let page: Page;
  /** Whatever should not be: requests, errors, lines on the console. */
  let noise: string[];

  beforeAll(async () => {
    // As root, as in most containers, there is no sandbox to be had.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    browser = await chromium.launch({ executablePath, args });
  }, 90_000);
  beforeEach(async () => {
    noise = [];
    page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    page.on('console', (line) => noise.push(`console: ${line.text()}`));
    page.on('pageerror', (error) => noise.push(`error: ${error.message}`));
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) noise.push(`request: ${request.url()}`);
    });
  });
  afterEach(async () => {
    await page.close();
    expect(noise).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
  });
  return () => page;
}
