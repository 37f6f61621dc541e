/**
 * Exploration finds planted bugs, and by the shortest way: each is built into the simulator, explored within small bounds, and must break
 * the rule named here after exactly so many steps. The same bounds without the bug must break none.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { buildWith } from '../mutants/build.ts';
import { MUTANTS } from '../mutants/mutants.ts';
import type * as Explorer from './explorer.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'seedraft-explore-'));
afterAll(() => rmSync(folder, { recursive: true }));

const built = new Map<string, Promise<typeof Explorer>>();

async function build(id: string): Promise<typeof Explorer> {
  const mutants = MUTANTS.filter((known) => known.id === id);
  const file = path.join(folder, `${id}.mjs`);
  await buildWith(mutants, 'test/explore/explorer.ts', file);
  return import(/* @vite-ignore */ pathToFileURL(file).href) as Promise<typeof Explorer>;
}

function simWith(id: string): Promise<typeof Explorer> {
  const known = built.get(id) ?? build(id);
  built.set(id, known);
  return known;
}

interface Case {
  readonly id: string;
  readonly bounds: Partial<Explorer.Bounds>;
  readonly rules?: readonly string[];
  readonly rule: string;
  readonly steps: number;
}

const ONE_ELECTION = { terms: 1, entries: 0, crashes: 0 };

const CASES: readonly Case[] = [
  { id: 'M1', bounds: ONE_ELECTION, rule: 'S10', steps: 4 },
  { id: 'M3', bounds: ONE_ELECTION, rule: 'S10', steps: 4 },
  { id: 'M3', bounds: ONE_ELECTION, rules: ['S1'], rule: 'S1', steps: 9 },
  { id: 'M4', bounds: { crashes: 0 }, rule: 'S12', steps: 11 },
  { id: 'M5', bounds: { entries: 0, crashes: 0 }, rule: 'S7', steps: 16 },
  { id: 'M6', bounds: { ...ONE_ELECTION, voters: 2 }, rule: 'S1', steps: 2 },
  { id: 'M6', bounds: { ...ONE_ELECTION, voters: 2 }, rules: ['S6'], rule: 'S6', steps: 3 },
  { id: 'M19', bounds: { ...ONE_ELECTION, changes: 1 }, rule: 'S14', steps: 6 },
];

describe('planted bugs', () => {
  test.each(CASES)('$id breaks $rule after $steps steps', async ({ id, rule, steps, ...how }) => {
    const sim = await simWith(id);
    const bounds = { ...sim.DEFAULT_BOUNDS, ...how.bounds };
    const exploration = new sim.Exploration({ bounds, ...(how.rules && { rules: how.rules }) });
    while (exploration.advance(1000));
    const { found } = exploration.status;
    expect(found?.rule).toBe(rule);
    expect(found?.moves).toHaveLength(steps);
    const lines = sim.explainCounterexample(exploration, found!);
    expect(lines).toHaveLength(steps);
    expect(lines[0]?.steps.map(sim.formatStep)).toEqual(['tick n1']);
  });
});

test('the double vote, step by step', async () => {
  const sim = await simWith('M3');
  const exploration = new sim.Exploration({ bounds: { ...sim.DEFAULT_BOUNDS, ...ONE_ELECTION } });
  while (exploration.advance(1000));
  const { found } = exploration.status;
  expect(found?.sentence).toBe('n2 changed its vote in term 1 from n2 to n1');
  const words = sim
    .explainCounterexample(exploration, found!)
    .flatMap(({ steps }) => steps.map(sim.formatStep));
  expect(words).toEqual(['tick n1', 'persisted n1', 'tick n2', 'deliver n1->n2 RequestVote#0']);
});

test.each([
  { voters: 3, terms: 1, entries: 1, crashes: 0 },
  { voters: 2, terms: 2, entries: 0, crashes: 1 },
  { voters: 2, terms: 1, entries: 0, crashes: 0, changes: 1 },
  { voters: 2, terms: 2, entries: 0, crashes: 0, preVote: true },
])('the core itself breaks nothing within %o', async (some) => {
  const sim = await simWith('clean');
  const exploration = new sim.Exploration({ bounds: { ...sim.DEFAULT_BOUNDS, ...some } });
  while (exploration.advance(1000));
  expect(exploration.status).toMatchObject({ complete: true, found: null });
  expect(exploration.status.states).toBeGreaterThan(50);
});
