/**
 * Random lives of a disk of bytes against a slow, obvious model: whatever crashes and damage do, recovery gives a state at or after the last
 * acknowledged one, or says repairable with the newest hard state, or says damaged. Never silently short, never an older vote; and
 * without damage never anything but intact.
 */
import type { Entry, HardState, Persist } from '@seedraft/core';
import type { RecoveredMember } from '@seedraft/replica';
import type { Disk, DiskFault } from '@seedraft/sim';
import { createByteDisk } from '@seedraft/sim';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bootstrap,
  entries,
  entry,
  INCARNATION,
  knobs,
  metadata,
  snapshotBytes,
  write,
} from './fixtures.ts';
import { TestHost } from './host.ts';

/** The state after one persist: the whole log, never compacted; 0 for terms that an installed snapshot covers. */
interface State {
  readonly hardState: HardState;
  /** terms[i] is of index i + 1. */
  readonly terms: readonly number[];
}

type Action =
  | { readonly kind: 'append'; readonly count: number; readonly bytes: number }
  | { readonly kind: 'rewrite'; readonly back: number; readonly count: number }
  | { readonly kind: 'vote' }
  | { readonly kind: 'seal'; readonly keep: number; readonly size: number }
  | { readonly kind: 'install'; readonly ahead: number; readonly size: number }
  | { readonly kind: 'read' }
  | { readonly kind: 'run'; readonly duration: number }
  | { readonly kind: 'crash'; readonly how: 'kept' | 'dropped' | 'torn' | 'drawn' }
  | { readonly kind: 'damage'; readonly fault: DiskFault };

class Life {
  readonly host: TestHost;
  readonly disk: Disk;
  /** states[0] is what this boot recovered; then one per persist asked for, by seq. */
  #states: State[] = [{ hardState: { term: 0, votedFor: 0 }, terms: [] }];
  #acknowledged = 0;
  #sealedIndex = 0;
  #snapshot: { readonly id: string; readonly bytes: Uint8Array } | null = null;
  #salt = 0;
  #damaged = false;
  /** Errors that are met once may wait across boots. */
  #wasEverDamaged = false;
  readonly outcomes: string[] = [];
  #stopped = false;

  constructor(seed: number) {
    this.host = new TestHost(seed);
    this.disk = createByteDisk({ host: this.host, knobs, incarnation: INCARNATION, bootstrap });
    this.#boot();
  }

  /** False: the disk is lost for good, and said so. */
  act(action: Action): boolean {
    if (this.#stopped && action.kind !== 'crash') return true;
    switch (action.kind) {
      case 'append':
        this.#append(action.count, action.bytes);
        return true;
      case 'rewrite':
        this.#rewrite(action.back, action.count);
        return true;
      case 'vote': {
        const { hardState, terms } = this.#last;
        const votedFor = 1 + (hardState.votedFor % 3);
        this.#persist({ hardState: { term: hardState.term + 1, votedFor }, terms }, []);
        return true;
      }
      case 'seal':
        this.#seal(action.keep, action.size);
        return true;
      case 'install':
        this.#install(action.ahead, action.size);
        return true;
      case 'read':
        if (this.#snapshot !== null) this.disk.readSnapshot(this.#snapshot.id, 0, 1 << 20);
        return true;
      case 'run':
        this.host.run(action.duration);
        this.#hear();
        return true;
      case 'damage':
        if (this.disk.inject(action.fault)) {
          this.#damaged = true;
          this.#wasEverDamaged = true;
        }
        return true;
      case 'crash':
        this.#hear();
        this.disk.crash(action.how);
        this.host.crash();
        return this.#boot();
    }
  }

  get #last(): State {
    return this.#states.at(-1)!;
  }

  #append(count: number, bytes: number): void {
    const { hardState, terms } = this.#last;
    const term = Math.max(1, hardState.term);
    const list = entries(terms.length + 1, terms.length + count, term, bytes);
    const next = { ...hardState, term };
    this.#persist({ hardState: next, terms: [...terms, ...list.map(() => term)] }, list);
  }

  #rewrite(back: number, count: number): void {
    const { hardState, terms } = this.#last;
    const committed = Math.max(this.#sealedIndex, terms.lastIndexOf(0) + 1);
    const from = Math.max(committed + 1, terms.length - back + 1);
    if (from > terms.length) return;
    const term = hardState.term + 1;
    const list = entries(from, from + count - 1, term);
    const kept = terms.slice(0, from - 1);
    const next = { term, votedFor: 0 };
    this.#persist({ hardState: next, terms: [...kept, ...list.map(() => term)] }, list, {
      truncateFrom: from,
    });
  }

  /** Only what is acknowledged is ever snapshotted. */
  #seal(keep: number, size: number): void {
    const index = this.#states[this.#acknowledged]!.terms.length;
    const { terms } = this.#last;
    if (index <= this.#sealedIndex || terms.length < index) return;
    const bytes = snapshotBytes(size, ++this.#salt);
    const own = metadata(index, terms[index - 1]! || 1, bytes);
    this.disk.writeSnapshot(own.id, 0, bytes);
    this.disk.sealSnapshot(own, Math.max(0, index - keep));
    // From here on it may be durable; nothing at or before it is rewritten.
    this.#sealedIndex = index;
    this.#pending.set(own.id, { index, bytes });
  }

  readonly #pending = new Map<string, { readonly index: number; readonly bytes: Uint8Array }>();
  #ackedSnapshotIndex = 0;

  #install(ahead: number, size: number): void {
    const { hardState, terms } = this.#last;
    const index = terms.length + ahead;
    const term = Math.max(1, hardState.term);
    const bytes = snapshotBytes(size, ++this.#salt);
    const received = metadata(index, term, bytes);
    this.disk.writeSnapshot(received.id, 0, bytes);
    const list = entries(index + 1, index + 2, term);
    const state = {
      hardState: { ...hardState, term },
      terms: [...Array.from({ length: index }, () => 0), term, term],
    };
    this.#persist(state, list, { snapshot: received });
    this.#sealedIndex = index;
    this.#pending.set(received.id, { index, bytes });
  }

  #persist(state: State, list: readonly Entry[], more: Partial<Persist> = {}): void {
    const seq = this.#states.length;
    this.#states.push(state);
    for (const { index, term } of list) this.#seen.add(`${index}@${term}`);
    const { hardState } = state;
    this.disk.persist(write(seq, hardState.term, list, { hardState, ...more }));
  }

  #hear(): void {
    for (const report of this.host.take()) {
      if (report.type === 'persisted') this.#acknowledged = report.seq;
      if (report.type === 'persistFailed') this.#stopped = true;
      if (report.type === 'sealed') {
        const { index, bytes } = this.#pending.get(report.id)!;
        if (this.#snapshot !== null) this.disk.dropSnapshot(this.#snapshot.id);
        this.#snapshot = { id: report.id, bytes };
        this.#ackedSnapshotIndex = index;
      }
      if (report.type === 'read') {
        const { bytes } = this.#pending.get(report.id) ?? this.#snapshot!;
        expect(report.bytes.length).toBe(bytes.length);
        expect(report.bytes.every((byte, i) => byte === bytes[i])).toBe(true);
      }
      if (report.type === 'snapshotFailed' && !this.#wasEverDamaged) {
        expect(report.code).toBe('UNKNOWN_SNAPSHOT');
      }
    }
  }

  #boot(): boolean {
    const recovery = this.disk.recover();
    this.outcomes.push(recovery.outcome);
    const wasDamaged = this.#damaged;
    this.#damaged = false;
    this.#stopped = false;
    if (recovery.outcome === 'damaged') {
      expect(wasDamaged).toBe(true);
      expect(recovery.sentence).toMatch(/rejoin as a new member/);
      return false;
    }
    const { core } = recovery.member;
    const candidates = this.#states.slice(this.#acknowledged);
    const fits = (state: State): boolean =>
      state.hardState.term === core.hardState.term &&
      state.hardState.votedFor === core.hardState.votedFor;
    const matching = candidates.filter(fits);
    expect(matching.length).toBeGreaterThan(0);
    if (recovery.outcome === 'repairable') expect(wasDamaged).toBe(true);
    const state =
      core.repairUntil === 0 ? this.#expectWhole(core, matching) : this.#expectPart(core, matching);
    this.#begin(core, state);
    if (core.repairUntil !== 0) this.#repair(core);
    return true;
  }

  /** Every entry of one of these states, and nothing else. */
  #expectWhole(core: RecoveredMember['core'], matching: readonly State[]): State {
    const first = core.entries[0]?.index ?? (core.snapshot?.lastIncludedIndex ?? 0) + 1;
    const last = first + core.entries.length - 1;
    const same = matching.filter(
      ({ terms }) =>
        terms.length === Math.max(last, core.snapshot?.lastIncludedIndex ?? 0) &&
        core.entries.every((e, i) => e.index === first + i && terms[e.index - 1] === e.term),
    );
    expect(same.length).toBeGreaterThan(0);
    expect(core.entries.every(isGenuine)).toBe(true);
    expect(first).toBeLessThanOrEqual((core.snapshot?.lastIncludedIndex ?? 0) + 1);
    if (core.snapshot === null) expect(first).toBe(1);
    else expect(core.snapshot.lastIncludedIndex).toBeGreaterThanOrEqual(this.#ackedSnapshotIndex);
    return same.at(-1)!;
  }

  /** Less of the log, and it says so: up to where it must be filled before it counts again. */
  #expectPart(core: RecoveredMember['core'], matching: readonly State[]): State {
    const least = Math.min(...matching.map(({ terms }) => terms.length));
    expect(core.repairUntil).toBeGreaterThanOrEqual(least);
    expect(core.entries.every((e) => this.#everSeen(e) && isGenuine(e))).toBe(true);
    return matching.at(-1)!;
  }

  #everSeen(e: Entry): boolean {
    return this.#seen.has(`${e.index}@${e.term}`);
  }

  readonly #seen = new Set<string>();

  #begin(core: RecoveredMember['core'], state: State): void {
    this.#states = [state];
    this.#acknowledged = 0;
    const included = core.snapshot?.lastIncludedIndex ?? 0;
    this.#sealedIndex = included;
    this.#ackedSnapshotIndex = included;
    const bytes = core.snapshot === null ? null : this.#pending.get(core.snapshot.id)!.bytes;
    this.#snapshot = bytes === null ? null : { id: core.snapshot!.id, bytes };
  }

  /** As a leader would: first a crash in the midst of it, which must not forget that a repair is due; then the whole log. */
  #repair(core: RecoveredMember['core']): void {
    this.disk.crash('drawn');
    this.host.crash();
    const again = this.disk.recover();
    if (again.outcome !== 'repairable') throw new Error(`a repair was forgotten: ${again.outcome}`);
    expect(again.member.core.repairUntil).toBe(core.repairUntil);
    const term = core.hardState.term + 1;
    const hardState = { term, votedFor: 0 };
    const bytes = snapshotBytes(700, ++this.#salt);
    const received = metadata(core.repairUntil, term, bytes);
    this.#pending.set(received.id, { index: received.lastIncludedIndex, bytes });
    // Errors that were injected earlier may still be due: each is met once.
    for (let isHeard = false; !isHeard; ) {
      this.disk.writeSnapshot(received.id, 0, bytes);
      this.disk.persist(write(1, term, [], { hardState, snapshot: received }));
      this.host.run();
      isHeard = this.host.take().some((report) => report.type === 'persisted');
      this.disk.crash('dropped');
      this.host.crash();
      const whole = this.disk.recover();
      if (!isHeard || whole.outcome === 'damaged') continue;
      expect([whole.outcome, whole.member.core.snapshot]).toEqual(['intact', received]);
      const terms = Array.from({ length: core.repairUntil }, () => 0);
      this.#begin(whole.member.core, { hardState, terms });
    }
  }
}

/** Byte for byte what was written for this index and term. */
function isGenuine(found: Entry): boolean {
  const { data, checksum, kind } = entry(found.index, found.term, found.data.length);
  return (
    found.kind === kind &&
    found.checksum === checksum &&
    data.every((byte, i) => byte === found.data[i])
  );
}

const how = fc.constantFrom('kept', 'dropped', 'torn', 'drawn') satisfies fc.Arbitrary<string>;
const peaceful: fc.WeightedArbitrary<Action>[] = [
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      count: fc.integer({ min: 1, max: 6 }),
      bytes: fc.constantFrom(0, 10, 200, 3000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('rewrite' as const),
      back: fc.integer({ min: 1, max: 5 }),
      count: fc.integer({ min: 0, max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'vote' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('seal' as const),
      keep: fc.integer({ min: 0, max: 6 }),
      size: fc.constantFrom(1, 3000, 20_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('install' as const),
      ahead: fc.integer({ min: 1, max: 5 }),
      size: fc.constantFrom(1, 3000),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'read' as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('run' as const),
      duration: fc.constantFrom(100, 700, 1500, 5000, 200_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), how }) },
];
const damage: fc.WeightedArbitrary<Action> = {
  weight: 2,
  arbitrary: fc.record({
    kind: fc.constant('damage' as const),
    fault: fc.constantFrom<DiskFault>(
      { kind: 'bit-rot' },
      { kind: 'misdirected-write' },
      { kind: 'stale-read' },
      { kind: 'short-read' },
      { kind: 'read-error' },
      { kind: 'write-error' },
      { kind: 'fsync-failure' },
    ),
  }),
};

function live(seed: number, actions: readonly Action[]): Life {
  const life = new Life(seed);
  for (const action of [...actions, { kind: 'crash', how: 'drawn' } as const]) {
    if (!life.act(action)) break;
  }
  return life;
}

const RUNS = 150;

describe('byte disk, random lives', () => {
  it('without damage: always intact, at or after what was acknowledged', () => {
    const life = fc.array(fc.oneof(...peaceful), { minLength: 5, maxLength: 80 });
    const property = fc.property(fc.integer(), life, (seed, actions) => {
      expect(new Set(live(seed, actions).outcomes)).toEqual(new Set(['intact']));
    });
    fc.assert(property, { numRuns: RUNS, seed: 20261120 });
  });

  it('with damage: never silently short, never an older vote; and every verdict occurs', () => {
    const outcomes = new Set<string>();
    const life = fc.array(fc.oneof(...peaceful, damage), { minLength: 10, maxLength: 80 });
    const property = fc.property(fc.integer(), life, (seed, actions) => {
      for (const outcome of live(seed, actions).outcomes) outcomes.add(outcome);
    });
    fc.assert(property, { numRuns: RUNS, seed: 20261120 });
    expect([...outcomes].sort()).toEqual(['damaged', 'intact', 'repairable']);
  });
});
