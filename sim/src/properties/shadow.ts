/**
 * The shadow of one member, kept by the ledger beside the real one: what it claims in memory (from its steps) and what is truly durable
 * (from the disk's own completions, whether or not the member has heard). Damage done to a disk never changes the durable shadow; only
 * wiping does, and then the old one is kept as `former`, because acknowledgements given before the loss were honest.
 */
import type {
  Configuration,
  Entry,
  Index,
  MemberId,
  Persist,
  Role,
  SnapshotMetadata,
  Term,
} from '@seedraft/core';
import type { MemberView } from '../observer.ts';

/** The terms of a log, by index. Everything at or before `base` is inside a snapshot. */
export class LogShadow {
  base: Index = 0;
  baseTerm: Term = 0;
  private readonly terms: Term[] = [];

  get lastIndex(): Index {
    return this.base + this.terms.length;
  }

  get lastTerm(): Term {
    const { length } = this.terms;
    return length === 0 ? this.baseTerm : (this.terms[length - 1] as Term);
  }

  /** -1 when unknown: before the base, or beyond the end. */
  termAt(index: Index): Term {
    if (index === this.base) return this.baseTerm;
    const term = this.terms[index - this.base - 1];
    return term === undefined ? -1 : term;
  }

  truncateFrom(index: Index): void {
    const length = Math.max(0, index - this.base - 1);
    if (length < this.terms.length) this.terms.length = length;
  }

  /** Appends at lastIndex + 1; at or before it, keeps an equal entry and overwrites from an unequal one. False: a gap. */
  write(index: Index, term: Term): boolean {
    if (index === this.lastIndex + 1) {
      this.terms.push(term);
      return true;
    }
    if (index > this.lastIndex) return false;
    if (index <= this.base || this.termAt(index) === term) return true;
    this.truncateFrom(index);
    this.terms.push(term);
    return true;
  }

  reset(base: Index, baseTerm: Term): void {
    this.base = base;
    this.baseTerm = baseTerm;
    this.terms.length = 0;
  }

  copyFrom(other: LogShadow): void {
    this.reset(other.base, other.baseTerm);
    for (const term of other.terms) this.terms.push(term);
  }

  /** Carries out a write as storage does (see `Persist`). False: it would leave a gap. */
  absorb(persist: Persist): boolean {
    const { snapshot, truncateFrom, entries } = persist;
    if (snapshot !== null) this.reset(snapshot.lastIncludedIndex, snapshot.lastIncludedTerm);
    if (truncateFrom > 0) this.truncateFrom(truncateFrom);
    for (let i = 0; i < entries.length; i++) {
      const { index, term } = entries[i] as Entry;
      if (!this.write(index, term)) return false;
    }
    return true;
  }
}

/** The first index whose entry `log` would no longer hold once the write is carried out; Infinity: it loses nothing. */
export function firstLost(log: LogShadow, persist: Persist): Index {
  const { snapshot, truncateFrom, entries } = persist;
  const last = log.lastIndex;
  const first = entries[0]?.index ?? last + 1;
  let index = snapshot === null ? first : snapshot.lastIncludedIndex + 1;
  if (snapshot === null && truncateFrom > 0 && truncateFrom < index) index = truncateFrom;
  const dropsRest = snapshot !== null || truncateFrom > 0;
  for (index = Math.max(index, log.base + 1); index <= last; index++) {
    const written = entries[index - first];
    if (written === undefined ? dropsRest : written.term !== log.termAt(index)) return index;
  }
  return Number.POSITIVE_INFINITY;
}

export interface ConfigurationAt {
  readonly index: Index;
  readonly term: Term;
  readonly configuration: Configuration;
}

/** Configurations along one log, oldest first; the last is in force. */
export class ConfigurationStack {
  private readonly stack: ConfigurationAt[] = [];

  get latest(): ConfigurationAt | undefined {
    return this.stack[this.stack.length - 1];
  }

  /** In force at index. */
  at(index: Index): ConfigurationAt | undefined {
    for (let i = this.stack.length - 1; i >= 0; i--) {
      const candidate = this.stack[i] as ConfigurationAt;
      if (candidate.index <= index) return candidate;
    }
    return undefined;
  }

  reset(base: ConfigurationAt): void {
    this.stack.length = 0;
    this.stack.push(base);
  }

  truncateFrom(index: Index): void {
    while (this.stack.length > 1 && (this.latest as ConfigurationAt).index >= index) {
      this.stack.pop();
    }
  }

  push(entry: Entry): void {
    if (entry.configuration === null) return;
    this.truncateFrom(entry.index);
    const { index, term, configuration } = entry;
    this.stack.push({ index, term, configuration });
  }

  absorb(persist: Persist): void {
    const { snapshot, truncateFrom, entries } = persist;
    if (snapshot !== null) this.reset(configurationOf(snapshot));
    if (truncateFrom > 0) this.truncateFrom(truncateFrom);
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as Entry;
      if (entry.kind === 'configuration') this.push(entry);
    }
  }

  /** Newest first, while `index` is above `after`. */
  *above(after: Index): Generator<ConfigurationAt> {
    for (let i = this.stack.length - 1; i >= 0; i--) {
      const candidate = this.stack[i] as ConfigurationAt;
      if (candidate.index <= after) return;
      yield candidate;
    }
  }
}

export function configurationOf(snapshot: SnapshotMetadata): ConfigurationAt {
  // The term of the configuration entry is not in the metadata; it is committed, and nobody compares it.
  const { configurationIndex, configuration } = snapshot;
  return { index: configurationIndex, term: 0, configuration };
}

export class MemberShadow {
  readonly id: MemberId;
  readonly name: string;
  readonly view: MemberView;
  boots = 0;
  up = false;
  /** The incarnation of its first boot, or of the last one before it was founded. */
  incarnation = '';
  /** It was free to promise something, at some time. */
  founded = false;
  /** Its disk was lost: it may never answer again under this id. */
  wiped = false;
  /** It runs under another incarnation than the one its id is bound to: peers must refuse it, and no rule but S15 listens to it. */
  impostor = false;

  // Durable: survives crashes.
  readonly durable = new LogShadow();
  durableTerm: Term = 0;
  durableVote: MemberId = 0;
  /** Durable, and not yet told to the member, oldest first; `told` is what is durable without them. Kept only over bytes (`plan.bytes`). */
  readonly unheard: Persist[] = [];
  readonly told = new LogShadow();
  toldTerm: Term = 0;
  toldVote: MemberId = 0;
  /** Every vote that ever became durable, by term. */
  readonly votes = new Map<Term, MemberId>();
  /** What was durable before its disk was wiped, or before damage took entries that are still being repaired. */
  former: LogShadow | null = null;
  /** While repairing: entries up to here were durable once, so no vote and no acknowledgement before they are back. */
  repairUntil: Index = 0;
  /** The last index its own newest snapshot covers. */
  sealed: Index = 0;
  /** Of the writes under way at its latest crash: how many recovery found, and how many it did not. */
  kept = 0;
  lost = 0;

  // Volatile: since the latest boot, or since the step before.
  readonly claimed = new LogShadow();
  readonly configurations = new ConfigurationStack();
  /** Emitted and not yet durable, oldest first. */
  readonly pending: Persist[] = [];
  role: Role = 'follower';
  term: Term = 0;
  vote: MemberId = 0;
  commit: Index = 0;
  applied: Index = 0;
  /** The newest append acknowledged: to the leader of `ackedTerm`, up to `ackedIndex`. */
  ackedTerm: Term = 0;
  ackedIndex: Index = 0;

  constructor(view: MemberView) {
    this.id = view.id;
    this.name = view.name;
    this.view = view;
  }

  /** The member learns that its next durable write is. */
  hear(persist: Persist): void {
    this.told.absorb(persist);
    this.toldTerm = persist.hardState.term;
    this.toldVote = persist.hardState.votedFor;
  }

  /** It starts from all that is durable. */
  hearAll(): void {
    this.told.copyFrom(this.durable);
    this.toldTerm = this.durableTerm;
    this.toldVote = this.durableVote;
  }
}
