/**
 * `seedraft explain`: planted bugs are explained by the very events that make them (each built with its bug, played by a schedule that finds
 * it); a golden explanation, word for word; a log that satisfies what ShiViz demands of vector clocks; refusals that say what to do.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { type Recording, readScenario, record, scenarioToPlan } from '@seedraft/sim';
import { afterAll, describe, expect, test } from 'vitest';
import {
  explain,
  explanationNdjson,
  explanationText,
} from '../../packages/seedraft/src/reporters/explanation.ts';
import { SHIVIZ_LINE, shivizLog } from '../../packages/seedraft/src/reporters/shiviz.ts';
import { buildWith } from '../mutants/build.ts';
import { MUTANTS } from '../mutants/mutants.ts';

const place = mkdtempSync(path.join(tmpdir(), 'seedraft-explain-'));
afterAll(() => rmSync(place, { recursive: true }));

interface Setting {
  readonly bytes?: boolean;
  /** Which bit rots is the seed's to say. */
  readonly seed?: string;
}

function planOf(schedule: string, voters: number, { bytes = false, seed = '1' }: Setting) {
  const cluster = { voters, raft: { preVote: false, checkQuorum: false } };
  const steps = schedule.trim().split(/\s*\n\s*/);
  const read = readScenario({ name: 'planted', cluster, schedule: steps, liveness: false, bytes });
  if (!read.ok) throw new Error(read.problems[0]?.message);
  return scenarioToPlan(read.scenario, seed);
}

/** The simulator with one bug in it, built once. */
const houses = new Map<string, Promise<{ record: typeof record }>>();

async function houseWith(id: string): Promise<{ record: typeof record }> {
  const file = path.join(place, `${id}.mjs`);
  const bug = MUTANTS.filter((one) => one.id === id);
  await buildWith(bug, 'sim/src/index.ts', file);
  return (await import(pathToFileURL(file).href)) as { record: typeof record };
}

async function planted(
  id: string,
  schedule: string,
  voters: number,
  setting: Setting = {},
): Promise<Recording> {
  const house = houses.get(id) ?? houseWith(id);
  houses.set(id, house);
  return (await house).record(planOf(schedule, voters, setting)).recording;
}

const UNSYNCED = `
  tick n2
  persisted n2
  deliver n2->n3 RequestVote#0
  persisted n3
  deliver n2->n1 RequestVote#0
  persisted n1
  deliver n3->n2 RequestVoteReply#0
  deliver n2->n1 AppendEntries#0`;

const TWO_VOTES = `
  tick n2
  tick n1
  persisted n2
  deliver n2->n1 RequestVote#0`;

const ROTTEN = `
  tick n3
  persisted n3
  deliver n3->n1 RequestVote#0
  persisted n1
  deliver n1->n3 RequestVoteReply#0
  persisted n3
  bit-rot n3
  crash n3 kept 1
  restart n3`;

const FIGURE_8 = `
  tick n1
  persisted n1
  deliver n1->n2 RequestVote#0
  persisted n2
  deliver n2->n1 RequestVoteReply#0
  persisted n1
  deliver n1->n2 AppendEntries#0
  persisted n2
  tick n2
  persisted n2
  deliver n2->n1 RequestVote#0
  persisted n1
  deliver n1->n2 RequestVoteReply#0
  deliver n2->n1 AppendEntries#0
  persisted n1
  deliver n1->n2 AppendEntriesReply#0`;

const whysOf = (recording: Recording): readonly string[] => [
  ...explain(recording, false).whys.values(),
];

describe('a planted bug', () => {
  test('acknowledged before it was durable: word for word', { timeout: 120_000 }, async () => {
    const recording = await planted('M8', UNSYNCED, 3);
    expect(recording.header).toMatchObject({ rule: 'S11', isJudgedAtEnd: false });
    // Where colours are forced on (CI), they are not part of the words.
    const text = stripVTControlCharacters(explanationText(explain(recording, false)));
    expect(text).toMatchInlineSnapshot(`
      "S11: planted, seed 1
      3 members. In event 3 n2 campaigns in term 1 (the election timeout elapsed). In event 7 n1 votes for
      n2 in term 1. In event 9 the vote of n3 reaches n2: 2 votes in term 1, its own included; n2 becomes
      leader of term 1; n2 begins to write 1@1, not durable yet when the rule is broken. In event 10 n1
      acknowledges 1 to n2, but its durable log ends at 0@0: that breaks S11.

      S11 Acknowledged appends are durable:
      A follower that acknowledges entries up to an index has the leader's entries up to that index on its
      disk, and keeps them while that leader's term lasts.

      How it came about:
      event  t (s)  who  what came in                                  why it mattered
      #3     0.001  n2   n2 Tick                                       n2 campaigns in term 1 (the election timeout elapsed)
      #7     0.005  n1   n2->n1 RequestVote#0 term=1 last=0@0          n1 votes for n2 in term 1
      #9     0.007  n2   n3->n2 RequestVoteReply#0 term=1 granted      the vote of n3 reaches n2: 2 votes in term 1, its own included;
                                                                       n2 becomes leader of term 1; n2 begins to write 1@1, not durable
                                                                       yet when the rule is broken
      #10    0.008  n1   n2->n1 AppendEntries#0 term=1 prev=0@0 entr…  here the rule is broken: n2 hands 1@1 to n1; n1 begins to write
                                                                       1@1, not durable yet when the rule is broken"
    `);
  });

  test('two votes in a term: both, and that the second is one', { timeout: 120_000 }, async () => {
    const recording = await planted('M3', TWO_VOTES, 3);
    expect(recording.header).toMatchObject({ rule: 'S10', about: { terms: [1] } });
    const whys = whysOf(recording);
    expect(whys[0]).toMatch(/^n2 campaigns in term 1/);
    expect(whys[1]).toMatch(/^n1 campaigns in term 1/);
    expect(whys.at(-1)).toMatch(
      /^here the rule is broken: n1 votes for n2 in term 1, a second time after its vote for itself/,
    );
    expect(whys).toHaveLength(3);
  });

  test('damage to a disk: what happened to it, in a step that no member saw', {
    timeout: 120_000,
  }, async () => {
    const recording = await planted('M30', ROTTEN, 3, { bytes: true, seed: '5' });
    expect(recording.header).toMatchObject({ rule: 'S11' });
    expect(whysOf(recording).slice(-3)).toEqual([
      'bit-rot: a bit flips on the disk of n3',
      'n3 goes down: what it had in memory alone is lost',
      'here the rule is broken',
    ]);
    const text = stripVTControlCharacters(explanationText(explain(recording, false)));
    expect(text).toMatch(/In event 9 bit-rot: a bit flips on the disk of n3\./);
  });

  test('an entry of an old term: both elections, and the way of the entry', {
    timeout: 120_000,
  }, async () => {
    const recording = await planted('M5', FIGURE_8, 2);
    expect(recording.header).toMatchObject({ rule: 'S7' });
    const whys = whysOf(recording).join('\n');
    expect(whys).toMatch(/n1 becomes leader of term 1/);
    expect(whys).toMatch(/n1 hands 1@1 to n2; n2 begins to write 1@1/);
    expect(whys).toMatch(/n2 becomes leader of term 2/);
    expect(whys).toMatch(/here the rule is broken: .*n2 is the first to commit 1@1/);
    expect(whys).not.toMatch(/Persisted|heartbeat/);
  });
});

/** As ShiViz does: the first line reads the others, clocks count up by one a host, and whatever a clock knows of has a clock before it. */
function problemsOf(log: string): readonly string[] {
  const [expression = '', separator, ...lines] = log.split('\n');
  const reading = new RegExp(`^${expression}$`);
  const seen = new Map<string, Record<string, number>[]>();
  const events = lines.map((line) => {
    const { host = '', clock = '{}' } = reading.exec(line)?.groups ?? {};
    const parsed = JSON.parse(clock) as Record<string, number>;
    seen.set(host, [...(seen.get(host) ?? []), parsed]);
    return { host, clock: parsed, count: seen.get(host)?.length };
  });
  const problems = separator === '' ? [] : ['the second line must separate nothing'];
  for (const { host, clock, count } of events) {
    if (clock[host] !== count) problems.push(`${host} counts ${clock[host]} at its line ${count}`);
    for (const [other, known] of Object.entries(clock)) {
      const cause = seen.get(other)?.[known - 1];
      const isBefore = Object.entries(cause ?? { '?': 1 }).every(
        ([one, ticks]) => (clock[one] ?? 0) >= ticks,
      );
      if (!isBefore) problems.push(`${host} ${count} knows ${other} ${known}, but not its past`);
    }
  }
  return problems;
}

describe('for other tools', () => {
  const read = readScenario({
    name: 'storm',
    cluster: { voters: 3 },
    workload: { for: '1s', clients: 2, rate: 40 },
    faults: [{ at: '600ms', crash: 'leader', restart: '100ms' }],
    liveness: false,
  });
  if (!read.ok) throw new Error(read.problems[0]?.message);
  const { recording } = record(scenarioToPlan(read.scenario, '1'));

  test('a ShiViz log has consistent vector clocks', () => {
    const log = shivizLog(recording.events, ({ what }) => `${what} {"x": 1}\n more`);
    expect(log.split('\n')).toHaveLength(recording.events.length + 2);
    expect(log.split('\n')[0]).toBe(SHIVIZ_LINE);
    expect(problemsOf(log)).toEqual([]);
    expect(problemsOf(log.replace('"n1":3', '"n1":4'))).not.toEqual([]);
  });

  test('one event a line, with causes among them', async () => {
    const explained = explain(await planted('M8', UNSYNCED, 3), true);
    const lines = explanationNdjson(explained)
      .split('\n')
      .map((line) => JSON.parse(line) as { event: number; causes: number[]; why: string | null });
    const numbers = new Set(lines.map(({ event }) => event));
    for (const { causes } of lines) for (const cause of causes) expect(numbers).toContain(cause);
    expect(lines.some(({ why }) => why === null)).toBe(true);
  });
});

describe('the command', () => {
  const bin = fileURLToPath(new URL('../../packages/seedraft/bin/seedraft.js', import.meta.url));
  const seedraft = (...args: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const env = { ...process.env, NO_COLOR: '1' };
      const child = execFile(process.execPath, [bin, ...args], { cwd: place, env }, (_, out, err) =>
        resolve({ code: child.exitCode ?? -1, stdout: out, stderr: err }),
      );
    });
  writeFileSync(
    path.join(place, 'short.yaml'),
    'name: short\nworkload: { for: 300ms }\nliveness: false\n',
  );

  test('says what it needs', { timeout: 120_000 }, async () => {
    const [unknown, seedless, dull] = await Promise.all([
      seedraft('explain', 'short.yaml', '--seed', '1', '--format', 'html'),
      seedraft('explain', 'short.yaml'),
      seedraft('explain', 'short.yaml', '--seed', '1'),
    ]);
    expect(unknown).toMatchObject({ code: 64, stdout: '' });
    expect(unknown.stderr).toContain('--format html: take one of text, ndjson, shiviz, edn.');
    expect(seedless.stderr).toContain('to explain a run of a scenario, name its seed: --seed 17.');
    expect(dull).toMatchObject({ code: 64, stdout: '' });
    expect(dull.stderr).toContain('short.yaml: pass. Only a broken rule can be explained.');
  });

  test('writes logs of any run', { timeout: 120_000 }, async () => {
    const log = (format: string) =>
      seedraft('explain', 'short.yaml', '--seed', '1', '--format', format);
    const [shiviz, edn] = await Promise.all([log('shiviz'), log('edn')]);
    expect(shiviz.code).toBe(0);
    expect(problemsOf(shiviz.stdout.trimEnd())).toEqual([]);
    expect(edn.stdout).toMatch(/^\[?\{:process 0|:invoke/);
  });
});
