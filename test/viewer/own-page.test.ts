/**
 * The page of a run of a protocol of one's own, in a real browser: its own messages, what each member shows, its disk, the violation with its
 * sentence; nothing of terms and logs; and whatever stands in types, fields, keys and values is text and runs nothing.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type Protocol,
  planOptionsOf,
  readScenario,
  scenarioToPlan,
  violation,
} from '@seedraft/sim';
import type { ReportedRun } from '@seedraft/viewer';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { LARGEST_PAGE, pageOf, readTemplate } from '../../packages/seedraft/src/report/page.ts';
import { recordRun } from '../../packages/seedraft/src/report/report-of.ts';
import { HOUSE } from '../mutants/house.ts';
import { hastyPlan, hastyProtocol } from '../seedraft/hasty.ts';
import { findChromium, silentPages } from './browser.ts';

const executablePath = findChromium();
const place = mkdtempSync(path.join(tmpdir(), 'seedraft-own-page-'));
const EVIL = `<img src=x onerror="document.title='run'"></script><script>document.title='run'</script>`;

/** Everything that a protocol can name, named like that. */
const evil: Protocol = {
  name: EVIL,
  members: 2,
  messages: [EVIL],
  member: ({ members, name }) => ({
    state: () => ({ [EVIL]: EVIL, list: new Set([EVIL]) }),
    step(input) {
      if (input.type !== 'Request') return undefined;
      const others = members.filter((one) => one !== name);
      return {
        send: others.map((to) => ({ to, message: { type: EVIL, value: EVIL } })),
        persist: { records: { [EVIL]: EVIL } },
        replies: [{ request: input.request.id, output: EVIL }],
      };
    },
  }),
  rules: [
    {
      name: EVIL,
      definition: EVIL,
      watch: () => ({
        check(_view, event) {
          if (event.type === 'complete' && event.operation.id > 3) throw violation(EVIL, EVIL);
          return true;
        },
      }),
    },
  ],
  workload: () => ({ next: () => ({ f: EVIL, input: { [EVIL]: EVIL } }) }),
};

function evilRun(): ReportedRun {
  const read = readScenario({ name: 'evil', workload: { for: '1s' }, liveness: false });
  if (!read.ok) throw new Error(read.problems[0]?.message);
  const plan = scenarioToPlan(read.scenario, '1', planOptionsOf(evil));
  return recordRun({ name: 'raw', plan, replay: EVIL }, evil).run;
}

const { run } = recordRun(
  { name: 'shrunk', plan: hastyPlan(), replay: 'replay it' },
  hastyProtocol,
);
const pageFor = (shown: ReportedRun) =>
  pageOf({ format: 1, version: '0.0.0', runs: [shown] }, readTemplate()!);

beforeAll(() => {
  execFileSync(process.execPath, ['packages/viewer/build.mjs'], { cwd: HOUSE });
}, 90_000);
afterAll(() => rmSync(place, { recursive: true }));

test('a page holds nothing of a protocol that a parser of HTML could see', () => {
  const shown = evilRun();
  expect(shown.recording.header).toMatchObject({ rule: EVIL, sentence: EVIL });
  expect(shown.rule).toMatchObject({ id: EVIL, definition: EVIL });
  const { html } = pageFor(shown);
  expect(html).not.toContain('onerror=');
  expect(html.match(/<script/g)?.length).toBe(2);
  expect(html.length).toBeLessThan(LARGEST_PAGE);
});

describe.skipIf(executablePath === null)('the page of a protocol', () => {
  let page: Page;
  const current = silentPages(executablePath!);
  beforeEach(() => {
    page = current();
  });

  async function open(shown: ReportedRun, hash = ''): Promise<void> {
    const file = path.join(place, 'page.html');
    writeFileSync(file, pageFor(shown).html);
    await page.goto(`${pathToFileURL(file).href}${hash}`);
    await page.waitForSelector('.page');
  }

  test('opens at the violation, with its rule, its sentence and what led there', async () => {
    await open(run);
    const { header } = run.recording;
    expect(await page.textContent('.now')).toContain(`#${header.violation}`);
    expect(await page.textContent('.sentence')).toBe(header.sentence);
    expect(await page.textContent('.rule')).toMatch(/^atomicity: No participant is told/);
    expect(await page.locator('.mark.violation').count()).toBe(1);
    const mattered = await page.locator('.moments').first().textContent();
    expect(mattered).toContain('n1 sends Commit to n2 (lost on the way), n3');
    expect(await page.locator('.moments').last().textContent()).toContain(
      'n1 starts from its disk',
    );
    if (process.env.SEEDRAFT_SHOT) await page.screenshot({ path: process.env.SEEDRAFT_SHOT });
  });

  test('shows its own messages, the lost ones crossed, and what members show and hold', async () => {
    const lost = run.recording.messages.find(({ type, lost: how }) => type === 'Commit' && how)!;
    await open(run, `#shrunk/${lost.sentBy}`);
    expect(await page.locator('.letter.lost[data-type=Commit] .cross').count()).toBe(1);
    expect(await page.locator('.letter.delivered[data-type=Vote]').count()).toBe(2);
    const coordinator = page.locator('.own-member[data-member=n1]');
    await expect.poll(() => coordinator.textContent()).toContain('committed["2"]');
    expect(await coordinator.locator('.own-value.new').allTextContents()).toContain('["2"]');
    const other = await page.locator('.own-member[data-member=n2]').textContent();
    expect(other).toMatch(/on its disktx 2.*seat 0/);
    expect(await page.textContent('.sent')).toContain('lost on the way');
  });

  test('has nothing of Raft: no terms, no logs', async () => {
    await open(run);
    expect(await page.locator('.log, table.members').count()).toBe(0);
    expect(await page.locator('.band-label').allTextContents()).not.toContain('T0');
    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: 'Keys and legend' });
    const told = (await help.textContent()) ?? '';
    for (const type of ['Prepare', 'Vote', 'Commit', 'Abort', 'Ask']) expect(told).toContain(type);
    expect(told).not.toMatch(/AppendEntries|candidate|terms/);
  });

  test('takes nothing in a protocol for HTML', async () => {
    await open(evilRun());
    expect(await page.textContent('.page')).toContain('<img src=x onerror=');
    expect(await page.locator('.own-member').first().textContent()).toContain('<img src=x');
    await page.keyboard.press('Home');
    await page.keyboard.press('End');
    await page.keyboard.press('?');
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).not.toBe('run');
  });
});
