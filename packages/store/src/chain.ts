/**
 * The chain of groups as the running store needs it: not the entries, only which group holds which, what the next group must link to, and
 * how far the base can move. Recovery builds it by the same `append` that service uses, so both judge a group alike.
 * Kept: every live entry above the base's floor lies in exactly one live group; the newest group is never given up.
 */
import type { Digest } from '@seedraft/codec';
import type { Entry, HardState, Index, SnapshotMetadata } from '@seedraft/core';
import type { Base } from './base.ts';
import type { Group, Step } from './group.ts';
import { isSameDigest } from './integrity.ts';
import { assertStore } from './invariant.ts';
import { baseKey, groupKey } from './keys.ts';
import type { Witness } from './witness.ts';

interface LiveGroup {
  readonly seq: number;
  readonly hash: Digest;
  /** Of the log after this group. */
  readonly lastIndex: Index;
}

/** Live entries [from, to] lie in group `seq`. */
interface Span {
  readonly seq: number;
  readonly from: Index;
  to: Index;
}

export class Chain {
  #base: Base;
  #groups: LiveGroup[] = [];
  #spans: Span[] = [];
  #nextSeq: number;
  #previous: Digest;
  #lastIndex: Index;
  #hardState: HardState = { term: 0, votedFor: 0 };
  #snapshot: SnapshotMetadata | null;
  #repairUntil: Index = 0;

  constructor(base: Base) {
    this.#base = base;
    this.#nextSeq = base.firstSeq;
    this.#previous = base.previous;
    this.#lastIndex = base.floor;
    this.#snapshot = base.snapshot;
  }

  get base(): Base {
    return this.#base;
  }
  get nextSeq(): number {
    return this.#nextSeq;
  }
  /** Hash of the newest group: what the next one links to. */
  get previous(): Digest {
    return this.#previous;
  }
  get lastIndex(): Index {
    return this.#lastIndex;
  }
  get hardState(): HardState {
    return this.#hardState;
  }
  get snapshot(): SnapshotMetadata | null {
    return this.#snapshot;
  }
  get repairUntil(): Index {
    return this.#repairUntil;
  }

  /** Why `group` cannot follow, as the rest of a sentence about it; null when it can. */
  refusal(group: Group): string | null {
    if (group.seq !== this.#nextSeq) return `is not group ${this.#nextSeq}`;
    if (group.incarnation !== this.#base.incarnation) return 'bears another incarnation';
    if (!isSameDigest(group.previous, this.#previous)) return 'does not continue the one before';
    if (lastIndexAfter(this.#lastIndex, group.steps) !== group.lastIndex) {
      return `does not lead to its lastIndex ${group.lastIndex}`;
    }
    return null;
  }

  /** `hash` is of the group's record. The caller asked `refusal` before. */
  append(group: Group, hash: Digest): void {
    assertStore(group.seq === this.#nextSeq, 'groups are chained in order of seq');
    for (const step of group.steps) this.#apply(step, group.seq);
    assertStore(this.#lastIndex === group.lastIndex, 'a group leads to its lastIndex');
    this.#groups.push({ seq: group.seq, hash, lastIndex: group.lastIndex });
    this.#nextSeq = group.seq + 1;
    this.#previous = hash;
    this.#hardState = group.hardState;
    this.#repairUntil = group.repairUntil;
  }

  /** The base that gives up every group no entry after `compactTo` needs; null when no group can be given up. */
  baseFor(compactTo: Index): Base | null {
    const newest = this.#groups.at(-1);
    if (newest === undefined) return null;
    const needed = this.#spans.find((span) => span.to > compactTo);
    const firstSeq = needed?.seq ?? newest.seq;
    if (firstSeq <= this.#base.firstSeq) return null;
    const before = this.#groups[firstSeq - 1 - this.#groups[0]!.seq]!;
    assertStore(before.seq === firstSeq - 1, 'live groups are contiguous');
    const { incarnation, configuration } = this.#base;
    const snapshot = this.#snapshot;
    const { hash: previous, lastIndex: floor } = before;
    return { firstSeq, previous, incarnation, floor, snapshot, configuration };
  }

  /** The new base is durable: gives up what came before it. Returns the keys to delete. */
  moveBase(base: Base): string[] {
    // In the place of the old one, about the same groups.
    if (base.firstSeq === this.#base.firstSeq) {
      this.#base = base;
      return [];
    }
    const count = base.firstSeq - this.#groups[0]!.seq;
    const keys = this.#groups.splice(0, count).map((group) => groupKey(group.seq));
    keys.push(baseKey(this.#base.firstSeq));
    this.#base = base;
    this.#spans = this.#spans.filter((span) => span.seq >= base.firstSeq);
    return keys;
  }

  #apply(step: Step, seq: number): void {
    if (step.kind === 'append') {
      if (step.truncateFrom !== 0) this.#truncate(step.truncateFrom);
      if (step.entries.length === 0) return;
      const from = this.#lastIndex + 1;
      this.#lastIndex += step.entries.length;
      this.#spans.push({ seq, from, to: this.#lastIndex });
    } else {
      this.#snapshot = step.snapshot;
      if (step.kind === 'seal') return;
      this.#spans = [];
      this.#lastIndex = step.snapshot.lastIncludedIndex;
    }
  }

  #truncate(from: Index): void {
    const spans = this.#spans;
    while (spans.length > 0 && spans.at(-1)!.from >= from) spans.pop();
    const last = spans.at(-1);
    if (last !== undefined && last.to >= from) last.to = from - 1;
    this.#lastIndex = Math.min(this.#lastIndex, from - 1);
  }
}

/** What the witness says of this chain. */
export function witnessOf(chain: Chain): Witness {
  return {
    incarnation: chain.base.incarnation,
    seq: chain.nextSeq - 1,
    hash: chain.previous,
    hardState: chain.hardState,
    lastIndex: chain.lastIndex,
  };
}

/** Where the steps lead from a log that ends at `lastIndex`; -1 when they do not fit it. */
export function lastIndexAfter(lastIndex: Index, steps: readonly Step[]): Index {
  let last = lastIndex;
  for (const step of steps) {
    if (step.kind === 'install') last = step.snapshot.lastIncludedIndex;
    if (step.kind !== 'append') continue;
    last = lastIndexAfterAppend(last, step.truncateFrom, step.entries);
    if (last === -1) return -1;
  }
  return last;
}

/** As `lastIndexAfter`, of one append. */
export function lastIndexAfterAppend(
  lastIndex: Index,
  truncateFrom: Index,
  entries: readonly Entry[],
): Index {
  let last = truncateFrom === 0 ? lastIndex : Math.min(lastIndex, truncateFrom - 1);
  for (let i = 0; i < entries.length; i++) {
    if (entries[i]!.index !== last + 1) return -1;
    last += 1;
  }
  return last;
}

/**
 * A repair is over once one append or install from a leader reached `repairUntil`: then the log up to there is a leader's, in a term at
 * least as high as any this member acknowledged in, and holds all that it acknowledged (leader completeness).
 */
export function repairUntilAfter(repairUntil: Index, steps: readonly Step[]): Index {
  for (const step of steps) {
    const reached =
      step.kind === 'append'
        ? (step.entries.at(-1)?.index ?? 0)
        : step.kind === 'install'
          ? step.snapshot.lastIncludedIndex
          : 0;
    if (reached >= repairUntil) return 0;
  }
  return repairUntil;
}
