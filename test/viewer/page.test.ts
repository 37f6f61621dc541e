/**
 * The page of a run, in a real browser, opened as a file: a planted bug's run, raw and shrunk. Keys move the moment, the violation is told with
 * its rule, lost messages are crossed; whatever stands in keys and values is text and runs nothing; nobody is asked for anything.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RecordedOperation } from '@seedraft/sim';
import type { ReportedRun } from '@seedraft/viewer';
import type { Page } from 'playwright-core';
import { parseScenario } from 'seedraft';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { LARGEST_PAGE, pageOf, readTemplate } from '../../packages/seedraft/src/report/page.ts';
import { buildWith } from '../mutants/build.ts';
import { HOUSE } from '../mutants/house.ts';
import { MUTANTS } from '../mutants/mutants.ts';
import { findChromium, silentPages } from './browser.ts';
import type * as Lab from './lab.ts';

const executablePath = findChromium();
const place = mkdtempSync(path.join(tmpdir(), 'seedraft-page-'));
const EVIL = `<img src=x onerror="document.title='run'"></script><script>document.title='run'</script>`;

let page: Page;
let known: Promise<readonly ReportedRun[]> | undefined;
let runs: readonly ReportedRun[];

/** Once, with or without a browser to show them in. */
function failing(): Promise<readonly ReportedRun[]> {
  known ??= failingRuns();
  return known;
}

/** Figure 8 with a leader that commits entries of older terms by counting, and the least of it. */
async function failingRuns(): Promise<readonly ReportedRun[]> {
  const file = path.join(place, 'lab.mjs');
  await buildWith(
    MUTANTS.filter(({ id }) => id === 'M5'),
    'test/viewer/lab.ts',
    file,
  );
  const lab = (await import(pathToFileURL(file).href)) as typeof Lab;
  const read = parseScenario(
    readFileSync(path.join(HOUSE, 'scenarios/paper/figure-8.yaml'), 'utf8'),
  );
  if (!read.ok) throw new Error('figure-8.yaml');
  const plan = lab.scenarioToPlan(read.scenario, '1');
  const raw = lab.recordRun({ name: 'raw', plan, replay: 'replay raw' }, undefined);
  const origin = { scenario: 'figure-8', seed: '1' };
  const how = { own: undefined, origin, budget: { runs: 20 }, onProgress: () => {} };
  const least = lab.shrinkRun(plan, raw.result, how)!;
  const shown = { name: 'shrunk', plan: least.plan, replay: 'replay shrunk' } as const;
  return [lab.recordRun(shown, undefined).run, raw.run];
}

async function open(shown: readonly ReportedRun[], hash = ''): Promise<void> {
  const { html } = pageOf({ format: 1, version: '0.0.0', runs: shown }, readTemplate()!);
  const file = path.join(place, `page-${html.length}.html`);
  writeFileSync(file, html);
  await page.goto(`${pathToFileURL(file).href}${hash}`);
  await page.waitForSelector('.page');
}

const press = (...keys: string[]): Promise<void> =>
  keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());

/** The number of the moment, as the page says it. */
const moment = async (): Promise<number> =>
  Number(/#(\d+)/.exec((await page.textContent('.now')) ?? '')?.[1]);

beforeAll(() => {
  execFileSync(process.execPath, ['packages/viewer/build.mjs'], { cwd: HOUSE });
}, 90_000);
afterAll(() => rmSync(place, { recursive: true }));

describe.skipIf(executablePath === null)('the page', () => {
  beforeAll(async () => {
    runs = await failing();
  }, 90_000);
  const current = silentPages(executablePath!);
  beforeEach(() => {
    page = current();
  });

  test('opens at the violation, with its rule and what led there', async () => {
    await open(runs);
    const [shrunk] = runs;
    const { violation, sentence } = shrunk!.recording.header;
    await expect.poll(moment).toBe(violation);
    expect(await page.textContent('.headline')).toContain(sentence);
    expect(await page.textContent('.rule')).toMatch(/^S7 Commit by counting/);
    expect(await page.textContent('.moment .broken')).toContain('S7 broken here');
    expect(await page.locator('.mark.violation').count()).toBe(1);
    const told = await page.locator('.moments').first().textContent();
    for (const { why } of shrunk!.steps) expect(told).toContain(why);
  });

  test('keys move the moment, and the address keeps it', async () => {
    await open(runs, '#raw/0');
    const [, raw] = runs;
    const { violation, eventCount } = raw!.recording.header;
    await expect.poll(moment).toBe(0);
    await press('ArrowDown', 'ArrowRight');
    await expect.poll(moment).toBe(2);
    await press('ArrowUp');
    await expect.poll(moment).toBe(1);
    await press('End');
    await expect.poll(moment).toBe(eventCount - 1);
    await press('Home', 'n', 'n');
    const second = await moment();
    await press('n', 'p');
    await expect.poll(moment).toBe(second);
    await press('v');
    await expect.poll(moment).toBe(violation);
    await expect.poll(() => page.url()).toMatch(new RegExp(`#raw/${violation}$`));
    await press('t');
    await expect.poll(() => page.url()).toContain('#shrunk/');
    await press('?');
    await page.getByRole('dialog', { name: 'Keys and legend' }).waitFor();
    await press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  test('the scrubber, a row and a step of the story move it too', async () => {
    await open(runs, '#raw/0');
    const scrubber = page.getByRole('slider', { name: 'Moment' });
    await scrubber.fill('7');
    await expect.poll(moment).toBe(7);
    await page.getByRole('option', { name: /^event 4,/ }).click();
    await expect.poll(moment).toBe(4);
    const step = page.locator('.moments button').first();
    const number = Number((await step.textContent())?.slice(1));
    await step.click();
    await expect.poll(moment).toBe(number);
  });

  test('shows the members and logs of the moment', async () => {
    await open(runs);
    const { events, states, header } = runs[0]!.recording;
    const last = events.at(-1)!.number;
    const commits = states.filter(({ member, event }) => member === 'n1' && event <= last);
    const commit = commits.findLast(({ set }) => set.commitIndex !== undefined)?.set.commitIndex;
    const row = page.locator('.members tr', { hasText: 'n1' }).first();
    expect(await row.locator('.commit').textContent()).toBe(String(commit ?? 0));
    expect(await page.locator('.log tbody tr').count()).toBe(header.members.length);
    expect(await page.locator('.log .commit-line').count()).toBeGreaterThan(0);
  });

  test('crosses lost messages, by type', async () => {
    const [, raw] = runs;
    const lost = raw!.recording.messages.filter((one) => one.lost !== null);
    expect(lost.length).toBeGreaterThan(0);
    await open(runs, `#raw/${lost[0]!.sentBy}`);
    const crossed = page.locator(`.letter.lost[data-type=${lost[0]!.type}] .cross`);
    expect(await crossed.count()).toBeGreaterThan(0);
    expect(await page.locator('.letter.delivered .cross').count()).toBe(0);
    expect(await page.textContent('.sent')).toContain('lost');
  });

  test('shows less when told to: the causal past, what mattered', async () => {
    await open(runs, '#raw/0');
    const [, raw] = runs;
    await press('f', 'f');
    const rows = page.getByRole('option');
    await expect.poll(() => rows.count()).toBe(raw!.steps.length);
    expect(await rows.last().textContent()).toContain(raw!.steps.at(-1)!.why);
  });

  test('takes nothing in a run for HTML', async () => {
    await open(runs.map(poisoned), '#raw/0');
    const text = await page.textContent('.page');
    expect(text).toContain('<img src=x onerror=');
    expect(await page.locator('img').count()).toBe(0);
    await press('End', 'n', 'v');
    await page.locator('.mark').last().hover({ force: true });
    await page.waitForSelector('.tooltip');
    expect(await page.textContent('.tooltip')).toContain('<img');
    expect(await page.title()).not.toBe('run');
  });
});

/** Every text that comes from plans, clients or rules. */
function poisoned(run: ReportedRun): ReportedRun {
  const { recording } = run;
  const evil = (text: string): string => `${text} ${EVIL}`;
  const asked = { id: 1, client: 'c0', f: 'put', input: { key: EVIL, value: EVIL }, output: EVIL };
  const operation: RecordedOperation = {
    ...asked,
    outcome: 'ok',
    readOnly: false,
    mode: 'write',
    sessionId: 0,
    sequence: 1,
    invokedAt: 0,
    completedAt: 1,
    invoked: 0,
    returned: 1,
    events: [0, 1],
    member: 'n1',
    index: 1,
  };
  return {
    ...run,
    replay: EVIL,
    rule: { id: 'S7', name: EVIL, definition: EVIL },
    steps: run.steps.map(({ event, why }) => ({ event, why: evil(why) })),
    recording: {
      ...recording,
      header: { ...recording.header, scenario: EVIL, seed: EVIL, sentence: EVIL },
      events: recording.events.map((event) => ({
        ...event,
        what: evil(event.what),
        did: event.did.map((deed) => ({ ...deed, line: evil(deed.line) })),
      })),
      messages: recording.messages.map((one) => ({ ...one, detail: evil(one.detail) })),
      faults: recording.faults.map((one) => ({ ...one, sentence: evil(one.sentence) })),
      operations: [operation],
    },
  };
}

describe('a page', () => {
  test('holds nothing of a run that a parser of HTML could see', async () => {
    const [shrunk] = await failing();
    const template = readTemplate()!;
    const { html } = pageOf({ format: 1, version: '0.0.0', runs: [poisoned(shrunk!)] }, template);
    expect(html).not.toContain('onerror=');
    expect(html.match(/<script/g)?.length).toBe(2);
    expect(html.length).toBeLessThan(LARGEST_PAGE);
  });

  test('too large is cut, and says so', async () => {
    const [, raw] = await failing();
    const template = readTemplate()!;
    const whole = { format: 1, version: '0.0.0', runs: [raw!] } as const;
    const most = pageOf(whole, template).html.length - 1_000;
    const { html, report } = pageOf(whole, template, most);
    expect(html.length).toBeLessThanOrEqual(most);
    const { header, events } = report.runs[0]!.recording;
    expect(header.leftOut?.events).toBe(header.eventCount - events.length);
    expect(events.at(-1)?.number).toBe(header.violation);
  });
});
