/**
 * Exploration is only worth what it visits. On tiny bounds it must visit exactly the states that the slow obvious twin visits, up to the names
 * of the members: with symmetry, hashing, remembered steps and clocks set back on one side, and none of them on the other.
 */
import { type Bounds, DEFAULT_BOUNDS, Exploration } from '@seedraft/sim';
import { describe, expect, test, vi } from 'vitest';
import { leastPortrait, type Scene, type Sitter, walkNaively } from './naive.ts';

/** Seconds on a quiet machine; the twin is slow by design. */
vi.setConfig({ testTimeout: 120_000 });

const CHANCES = { crashes: 0, entries: 4, duplicates: 12, heartbeats: 16 } as const;

function explored(bounds: Bounds, see: (scene: Scene) => void, symmetry = true): number {
  const exploration = new Exploration({
    bounds,
    symmetry,
    onState: (members, _history, [word = 0, ...letters]) => {
      const disk = ({ term, vote, log }: (typeof members)[number]['disk']): Sitter['disk'] => {
        const entries = [];
        for (let node = log; node.entry !== null; node = node.parent as typeof log) {
          entries.unshift(node.entry);
        }
        return { term, vote, log: entries };
      };
      see({
        members: members.map((member) => ({
          raft: member.raft,
          disk: disk(member.disk),
          pending: member.pending.map(disk),
        })),
        messages: letters.map((letter) => exploration.letters.all[letter]!.message),
        spent: Object.fromEntries(
          Object.entries(CHANCES).map(([name, at]) => [name, (word >>> at) & 15]),
        ),
      });
    },
  });
  while (exploration.advance(1000));
  const { status } = exploration;
  expect(status.found).toBeNull();
  expect(status.complete).toBe(true);
  return status.states;
}

/** One example of a difference says more than all. */
function expectSame(ours: ReadonlySet<string>, theirs: ReadonlySet<string>): void {
  expect([...ours].find((state) => !theirs.has(state))).toBeUndefined();
  expect([...theirs].find((state) => !ours.has(state))).toBeUndefined();
}

const bounded = (some: Partial<Bounds>): Bounds => ({
  ...DEFAULT_BOUNDS,
  entries: 0,
  crashes: 0,
  terms: 1,
  ...some,
});

describe('the twin visits the same states', () => {
  test.each([
    { voters: 3 },
    { voters: 2, terms: 1, entries: 1, crashes: 1 },
    { voters: 2, terms: 1, entries: 2 },
    { voters: 2, terms: 1, entries: 1, heartbeats: 1 },
    { voters: 2, terms: 1, entries: 1, duplicates: 1 },
  ])('%o', (some) => {
    const bounds = bounded(some);
    const ours = new Set<string>();
    const theirs = new Set<string>();
    explored(bounds, (scene) => ours.add(leastPortrait(scene, bounds.voters)));
    walkNaively({
      bounds,
      wasteful: false,
      onState: (scene) => theirs.add(leastPortrait(scene, bounds.voters)),
    });
    expect(ours.size).toBeGreaterThan(20);
    expectSame(ours, theirs);
  });
});

describe('messages that are lost, and steps that change nothing, lead nowhere else', () => {
  test.each([
    { voters: 2, terms: 2 },
    { voters: 2, terms: 1, entries: 1, crashes: 1 },
  ])('%o', (some) => {
    const bounds = bounded(some);
    // Whatever is on its way or was spent: only what became of the members.
    const members = (scene: Scene): string =>
      leastPortrait({ ...scene, messages: [], spent: {} }, bounds.voters);
    const ours = new Set<string>();
    const theirs = new Set<string>();
    explored(bounds, (scene) => ours.add(members(scene)));
    walkNaively({ bounds, wasteful: true, onState: (scene) => theirs.add(members(scene)) });
    expectSame(ours, theirs);
  });
});

test('without symmetry there are as many states more as names allow, and none else', () => {
  const bounds = bounded({ voters: 3 });
  const withNames = new Set<string>();
  const without = new Set<string>();
  const states = explored(bounds, (scene) => withNames.add(leastPortrait(scene, 3)));
  const all = explored(bounds, (scene) => without.add(leastPortrait(scene, 3)), false);
  expect(all).toBeGreaterThan(4 * states);
  expect(all).toBeLessThanOrEqual(6 * states);
  expectSame(without, withNames);
});
