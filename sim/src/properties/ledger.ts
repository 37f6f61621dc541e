/**
 * The ledger: what all rules read. It writes down, once per event, what every member claims and what is truly durable, and from that the
 * history of the whole cluster: every entry ever appended, the canonical list of committed entries, leaders by term, configurations
 * along each log, acknowledgements to clients in true time.
 *
 * Invariants: it is filled only from the world's events, never by asking a member for an opinion it could be wrong about; entries are
 * kept by reference (they are immutable), so that comparing one with its own copy is a pointer comparison.
 */
import type {
  Configuration,
  Entry,
  HardState,
  Index,
  MemberId,
  Persist,
  Term,
} from '@seedraft/core';
import type { RecoveredMember } from '@seedraft/replica';
import {
  type ClientOperation,
  type Digest,
  type MemberView,
  type Micros,
  Violation,
  type WorldView,
} from '../observer.ts';
import { incomingVoters, isQuorum } from './quorum.ts';
import type { Step } from './rule.ts';
import { type ConfigurationAt, configurationOf, LogShadow, MemberShadow } from './shadow.ts';

/** An entry as first appended anywhere, with the term of the entry before it. */
export interface Recorded {
  readonly entry: Entry;
  readonly prevTerm: Term;
  /** The member that appended it first. */
  readonly by: MemberId;
  /** Another entry at the same index, of another term. */
  readonly next: Recorded | null;
}

export interface Leadership {
  readonly leader: MemberId;
  readonly at: Micros;
}

/** A first commit that the current step makes. */
export interface Committing {
  readonly from: Index;
  readonly to: Index;
  /** The configuration that the leader had to count in. */
  readonly configuration: Configuration;
  /** It truly is durable on a quorum. */
  readonly durableOnQuorum: boolean;
}

export interface SessionOutcome {
  readonly sessionId: number;
  readonly sequence: number;
  readonly kind: 'executed' | 'duplicate' | 'expired';
  readonly by: MemberId;
}

export class Ledger {
  readonly world: WorldView;
  readonly #shadows: (MemberShadow | undefined)[] = [];
  #memberCount = 0;
  readonly #recorded: (Recorded | undefined)[] = [];
  /** canonical[i] is the committed entry at index i (0: none). */
  readonly canonical: (Recorded | null)[] = [null];
  /** The term of the leader that committed it first. */
  readonly commitTerms: Term[] = [0];
  /** Committed configurations, oldest first; the first is the bootstrap one. */
  readonly committedConfigurations: ConfigurationAt[] = [];
  readonly leaders = new Map<Term, Leadership>();
  /** The newest term with a leader. */
  latestLeaderTerm: Term = 0;
  /** When the cluster last got another leader than it had. */
  leaderChangedAt: Micros = Number.NEGATIVE_INFINITY;
  /** What was in force at the member stepping now, before its step. */
  configurationBefore: Configuration | null = null;
  /** Set during the step that commits first, null otherwise. */
  committing: Committing | null = null;
  /** The greatest index acknowledged to any client so far, by a write or by a read that claims to be linearizable. */
  acknowledged: Index = 0;
  /** Digests of the machine by applied index, as first reported. */
  readonly digests: ({ readonly digest: Digest; readonly by: MemberId } | undefined)[] = [];
  /** Bytes of the largest command ever appended. */
  largestEntry = 0;
  /** What a session's command came to, by index, as first reported. */
  readonly sessions: (SessionOutcome | undefined)[] = [];
  /** Where each session ran out of time, as first reported. */
  readonly expired = new Map<number, Index>();

  constructor(world: WorldView) {
    this.world = world;
  }

  get now(): Micros {
    return this.world.now;
  }

  /** The last index that is committed for good. */
  get committed(): Index {
    return this.canonical.length - 1;
  }

  get shadows(): readonly MemberShadow[] {
    return this.#shadows.filter((shadow) => shadow !== undefined);
  }

  /** How many ids ever booted. */
  get memberCount(): number {
    return this.#memberCount;
  }

  shadow(view: MemberView): MemberShadow {
    return this.#shadows[view.id] ?? this.#begin(view);
  }

  /** Undefined: this id has never booted. */
  shadowOf(id: MemberId): MemberShadow | undefined {
    return this.#shadows[id];
  }

  name(id: MemberId): string {
    return id === 0 ? 'nobody' : (this.#shadows[id]?.name ?? `member ${id}`);
  }

  names(ids: readonly MemberId[]): string {
    return ids.length === 0 ? 'nobody' : ids.map((id) => this.name(id)).join(', ');
  }

  /** For people: `{n1, n2, n3}`, a joint one with both halves, learners after a plus. */
  describe(configuration: Configuration): string {
    const learners = configuration.members.filter(({ role }) => role === 'learner');
    const incoming = `{${this.names(incomingVoters(configuration))}}`;
    const outgoing =
      configuration.outgoing === null ? '' : ` joint with {${this.names(configuration.outgoing)}}`;
    const more = learners.length === 0 ? '' : ` + ${this.names(learners.map(({ id }) => id))}`;
    return `${incoming}${outgoing}${more}`;
  }

  find(index: Index, term: Term): Recorded | null {
    let recorded = this.#recorded[index] ?? null;
    while (recorded !== null && recorded.entry.term !== term) recorded = recorded.next;
    return recorded;
  }

  /** Whether the log, or the snapshot under it, contains the entry (index, term). */
  contains(log: LogShadow, index: Index, term: Term): boolean {
    if (index > log.base) return log.termAt(index) === term;
    if (index === log.base) return log.baseTerm === term;
    const canonical = this.canonical[index];
    // A snapshot stands for committed entries only; before the first commit is known, its word is taken.
    return canonical === undefined || canonical === null || canonical.entry.term === term;
  }

  /** Durable, or was until the disk was lost or damaged. */
  durablyHolds(id: MemberId, index: Index, term: Term): boolean {
    const shadow = this.#shadows[id];
    if (shadow === undefined) return false;
    if (!shadow.impostor && this.contains(shadow.durable, index, term)) return true;
    return shadow.former !== null && this.contains(shadow.former, index, term);
  }

  /** On a disk that is there now, not one that is lost or was set back by damage. */
  stillHolds(id: MemberId, index: Index, term: Term): boolean {
    const shadow = this.#shadows[id];
    if (shadow === undefined || !mayReturn(shadow)) return false;
    return this.contains(shadow.durable, index, term);
  }

  /** It may vote, now or once it is back, and would not know the entry. */
  mayVoteWithout(id: MemberId, index: Index, term: Term): boolean {
    const shadow = this.#shadows[id];
    // A voter that never booted knows nothing.
    if (shadow === undefined) return true;
    if (!mayReturn(shadow) || shadow.repairUntil > 0) return false;
    return !this.contains(shadow.durable, index, term);
  }

  /** The committed configuration in force at the end of the canonical list. */
  get latestConfiguration(): ConfigurationAt | undefined {
    return this.committedConfigurations[this.committedConfigurations.length - 1];
  }

  // ------------------------------------------------------------------------------------------------- written by the rulebook

  boot(shadow: MemberShadow, recovered: RecoveredMember): void {
    const { core } = recovered;
    // Before it was founded it had promised nothing: another disk in the place of a lost one is nobody's impostor.
    if (!shadow.founded) {
      shadow.incarnation = recovered.incarnation;
      shadow.wiped = false;
      shadow.former = null;
    }
    shadow.impostor = shadow.incarnation !== recovered.incarnation;
    if (shadow.impostor && !shadow.wiped) this.wipe(shadow);
    if (!shadow.founded || shadow.impostor) this.#adopt(shadow, recovered);
    else this.#reconcile(shadow, recovered);
    shadow.boots += 1;
    this.#noteFounded(shadow);
    shadow.up = true;
    shadow.pending.length = 0;
    shadow.unheard.length = 0;
    shadow.hearAll();
    shadow.role = 'follower';
    shadow.term = core.hardState.term;
    shadow.vote = core.hardState.votedFor;
    shadow.commit = shadow.view.raft?.commitIndex ?? core.snapshot?.lastIncludedIndex ?? 0;
    shadow.applied = core.applied;
    shadow.repairUntil = core.repairUntil;
    this.#loadClaimed(shadow, recovered);
    if (this.committedConfigurations.length === 0 && core.configuration.members.length > 0) {
      const { configuration } = core;
      this.committedConfigurations.push({ index: 0, term: 0, configuration });
    }
  }

  crash(shadow: MemberShadow): void {
    this.#noteFounded(shadow);
    shadow.up = false;
    shadow.role = 'follower';
  }

  wipe(shadow: MemberShadow): void {
    shadow.up = false;
    shadow.wiped = true;
    shadow.pending.length = 0;
    shadow.unheard.length = 0;
    if (shadow.impostor) return;
    this.#keepFormer(shadow);
    shadow.durable.reset(0, 0);
  }

  /** Records the entries of a write and carries it out on the claimed log. */
  claim(shadow: MemberShadow, persist: Persist): void {
    const { claimed } = shadow;
    this.configurationBefore = shadow.configurations.latest?.configuration ?? null;
    shadow.pending.push(persist);
    const before = claimed.lastIndex;
    if (!claimed.absorb(persist)) {
      throw new Violation(
        'S3',
        `${shadow.name} appends entries that do not join its log: after index ${before} it writes ${describeEntries(persist.entries)}`,
      );
    }
    const { entries } = persist;
    for (let i = 0; i < entries.length; i++) this.#record(shadow, entries[i] as Entry);
    shadow.configurations.absorb(persist);
  }

  /** A leader commits first: tallies it, for the rules to judge before `extend`. */
  weigh(step: Step): void {
    const { raft, commit } = step;
    const from = this.committed + 1;
    let { configuration } = raft;
    let durableOnQuorum = this.#isDurable(step, configuration);
    // A step that commits may also append the next configuration (leaving a joint one): it counted in the one before.
    const before = step.effects.persist === null ? null : this.configurationBefore;
    if (!durableOnQuorum && before !== null && before !== configuration) {
      configuration = before;
      durableOnQuorum = this.#isDurable(step, before);
    }
    this.committing = { from, to: commit, configuration, durableOnQuorum };
  }

  /** Once the rules have agreed to it. */
  extend(shadow: MemberShadow, commit: Index, term: Term): void {
    for (let index = this.committed + 1; index <= commit; index++) {
      const recorded = this.find(index, shadow.claimed.termAt(index));
      this.canonical.push(recorded);
      this.commitTerms.push(term);
      const configuration = recorded?.entry.configuration ?? null;
      if (recorded !== null && configuration !== null) {
        const at = { index, term: recorded.entry.term, configuration };
        this.committedConfigurations.push(at);
      }
    }
    this.committing = null;
  }

  /** Everything up to `seq` is durable; returns nothing, calls `each` before absorbing each write. */
  durable(shadow: MemberShadow, seq: number, each: (persist: Persist) => void): void {
    const { pending } = shadow;
    let count = 0;
    for (; count < pending.length; count++) {
      const persist = pending[count] as Persist;
      if (persist.seq > seq) break;
      each(persist);
      this.#harden(shadow, persist);
      // Without bytes nothing can be damaged.
      if (this.world.plan.bytes) shadow.unheard.push(persist);
    }
    dropFirst(pending, count);
  }

  /** The member heard that everything up to `seq` is durable: from now on what it says depends on it. */
  tell(shadow: MemberShadow, seq: number): void {
    const { unheard } = shadow;
    if (unheard.length === 0) return;
    let count = 0;
    for (; count < unheard.length; count++) {
      const persist = unheard[count] as Persist;
      if (persist.seq > seq) break;
      shadow.hear(persist);
    }
    dropFirst(unheard, count);
  }

  lead(leader: MemberId, term: Term): void {
    const previous = this.leaders.get(this.latestLeaderTerm);
    this.leaders.set(term, { leader, at: this.now });
    if (term < this.latestLeaderTerm) return;
    this.latestLeaderTerm = term;
    if (previous !== undefined && previous.leader !== leader) this.leaderChangedAt = this.now;
  }

  /** A client was told `ok`. Reads that promise nothing oblige nobody. */
  acknowledge(operation: ClientOperation): void {
    if (operation.outcome !== 'ok' || !this.promises(operation.mode)) return;
    if (operation.index > this.acknowledged) this.acknowledged = operation.index;
  }

  /** Whether an answer in this mode claims to be linearizable; leases claim nothing in plans beyond their drift bound. */
  promises(mode: ClientOperation['mode']): boolean {
    if (mode === 'lease') return !this.world.plan.beyondDriftBound;
    return mode !== 'stale';
  }

  digest(shadow: MemberShadow, index: Index, digest: Digest): void {
    if (this.digests[index] === undefined) put(this.digests, index, { digest, by: shadow.id });
  }

  session(index: Index, outcome: SessionOutcome): void {
    put(this.sessions, index, outcome);
  }

  // ---------------------------------------------------------------------------------------------------------------- inside

  #begin(view: MemberView): MemberShadow {
    const shadow = new MemberShadow(view);
    this.#shadows[view.id] = shadow;
    this.#memberCount += 1;
    return shadow;
  }

  #noteFounded(shadow: MemberShadow): void {
    if (shadow.view.replica?.founding == null) shadow.founded = true;
  }

  #keepFormer(shadow: MemberShadow): void {
    // Lost or damaged twice: what was durable before the first time still counts.
    if (shadow.former !== null && shadow.former.lastIndex > shadow.durable.lastIndex) return;
    shadow.former = new LogShadow();
    shadow.former.copyFrom(shadow.durable);
  }

  #isDurable(step: Step, configuration: Configuration): boolean {
    const { commit, shadow } = step;
    const term = shadow.claimed.termAt(commit);
    return isQuorum(configuration, (id) => this.durablyHolds(id, commit, term));
  }

  #record(shadow: MemberShadow, entry: Entry): void {
    const { index, term } = entry;
    if (this.find(index, term) !== null) return;
    if (entry.data.length > this.largestEntry) this.largestEntry = entry.data.length;
    const prevTerm = shadow.claimed.termAt(index - 1);
    const next = this.#recorded[index] ?? null;
    put(this.#recorded, index, { entry, prevTerm, by: shadow.id, next });
  }

  #harden(shadow: MemberShadow, persist: Persist): void {
    const { hardState } = persist;
    shadow.durable.absorb(persist);
    shadow.durableTerm = hardState.term;
    shadow.durableVote = hardState.votedFor;
    if (hardState.votedFor !== 0) shadow.votes.set(hardState.term, hardState.votedFor);
    const { former, durable } = shadow;
    if (shadow.repairUntil > 0 && durable.lastIndex >= shadow.repairUntil) shadow.repairUntil = 0;
    if (former !== null && !shadow.wiped && durable.lastIndex >= former.lastIndex) {
      shadow.former = null;
    }
  }

  /** The first boot, or one over a strange disk: what it says is what is durable. */
  #adopt(shadow: MemberShadow, recovered: RecoveredMember): void {
    const { hardState } = recovered.core;
    shadow.durableTerm = hardState.term;
    shadow.durableVote = hardState.votedFor;
    if (!shadow.impostor && hardState.votedFor !== 0) {
      shadow.votes.set(hardState.term, hardState.votedFor);
    }
    loadLog(shadow.durable, recovered);
  }

  /**
   * A later boot: what recovery found must be what was durable, plus as many of the writes under way as the crash happened to keep.
   * Entries may be missing only if recovery says so (`repairUntil`), and as far as they were durable; then the old log is kept as `former`.
   */
  #reconcile(shadow: MemberShadow, recovered: RecoveredMember): void {
    if (shadow.view.metDamage) this.#rewind(shadow);
    const { hardState } = recovered.core;
    const { durableTerm, durableVote } = shadow;
    const { lastIndex, lastTerm } = shadow.durable;
    shadow.kept = 0;
    for (const persist of shadow.pending) {
      if (isFound(shadow, recovered)) break;
      this.#harden(shadow, persist);
      shadow.kept += 1;
    }
    shadow.lost = shadow.pending.length - shadow.kept;
    if (isFound(shadow, recovered)) {
      if (isRecovered(shadow, recovered)) return;
      this.#keepFormer(shadow);
      loadLog(shadow.durable, recovered);
      return;
    }
    const isWritten =
      (hardState.term === durableTerm && hardState.votedFor === durableVote) ||
      shadow.pending.some((persist) => isSameHardState(persist.hardState, hardState));
    if (!isWritten) {
      throw new Violation(
        'S10',
        `${shadow.name} restarted with term ${hardState.term} and its vote for ${this.name(hardState.votedFor)}, but term ${durableTerm} with its vote for ${this.name(durableVote)} was durable before`,
      );
    }
    const { index, term } = lastOf(recovered);
    const { repairUntil } = recovered.core;
    const damage =
      repairUntil === 0 ? 'without reporting damage' : `to be repaired up to ${repairUntil} only`;
    throw new Violation(
      'S11',
      `${shadow.name} restarted with a log that ends at ${index}@${term} ${damage}, but ${lastIndex}@${lastTerm} was durable before${shadow.repairUntil > repairUntil ? `, under repair up to ${shadow.repairUntil}` : ''}`,
    );
  }

  /**
   * Damage may take what was durable but not yet told to the member: the store cannot tell it from a torn tail (there is no witness of it),
   * and nothing said to anyone depended on it. So it counts as under way again.
   */
  #rewind(shadow: MemberShadow): void {
    const { unheard, told, toldTerm, votes } = shadow;
    if (unheard.length === 0) return;
    this.#keepFormer(shadow);
    shadow.durable.copyFrom(told);
    shadow.durableTerm = toldTerm;
    shadow.durableVote = shadow.toldVote;
    for (const { hardState } of unheard) votes.delete(hardState.term);
    if (shadow.toldVote !== 0) votes.set(toldTerm, shadow.toldVote);
    shadow.pending.unshift(...unheard);
  }

  #loadClaimed(shadow: MemberShadow, recovered: RecoveredMember): void {
    const { core } = recovered;
    loadLog(shadow.claimed, recovered);
    const base =
      core.snapshot === null
        ? { index: 0, term: 0, configuration: core.configuration }
        : configurationOf(core.snapshot);
    shadow.configurations.reset(base);
    for (const entry of core.entries) {
      if (entry.index > shadow.claimed.base) this.#record(shadow, entry);
      if (entry.kind === 'configuration' && entry.index > base.index) {
        shadow.configurations.push(entry);
      }
    }
  }
}

function mayReturn(shadow: MemberShadow): boolean {
  return !shadow.wiped && !shadow.impostor && shadow.view.status !== 'gone';
}

/** Keeps arrays without holes, which are slow. */
export function put<T>(list: (T | undefined)[], index: number, value: T): void {
  while (list.length < index) list.push(undefined);
  list[index] = value;
}

/** Nearly always there is one, and it goes: neither a splice nor setting the length is as cheap as a pop. */
function dropFirst(list: unknown[], count: number): void {
  if (count < list.length) list.splice(0, count);
  else while (list.length > 0) list.pop();
}

function lastOf(recovered: RecoveredMember): { readonly index: Index; readonly term: Term } {
  const { entries, snapshot } = recovered.core;
  const index = snapshot?.lastIncludedIndex ?? 0;
  const last = entries[entries.length - 1];
  if (last !== undefined && last.index > index) return last;
  return { index, term: snapshot?.lastIncludedTerm ?? 0 };
}

function isSameHardState(one: HardState, other: HardState): boolean {
  return one.term === other.term && one.votedFor === other.votedFor;
}

/**
 * Recovery found what is durable now: the same hard state, and either the whole log or word of a repair that covers it. A log under repair
 * says nothing about which of the writes under way were kept, so the fewest that explain the hard state are taken.
 */
function isFound(shadow: MemberShadow, recovered: RecoveredMember): boolean {
  const { hardState, repairUntil } = recovered.core;
  if (hardState.term !== shadow.durableTerm || hardState.votedFor !== shadow.durableVote) {
    return false;
  }
  if (repairUntil < shadow.repairUntil) return false;
  if (repairUntil > 0 && repairUntil >= shadow.durable.lastIndex) return true;
  return isRecovered(shadow, recovered);
}

function isRecovered(shadow: MemberShadow, recovered: RecoveredMember): boolean {
  const last = lastOf(recovered);
  return last.index === shadow.durable.lastIndex && last.term === shadow.durable.lastTerm;
}

/** A snapshot may come with the entries it covers (kept for slow followers): the log begins where they begin. */
function loadLog(log: LogShadow, recovered: RecoveredMember): void {
  const { entries, snapshot } = recovered.core;
  log.reset(snapshot?.lastIncludedIndex ?? 0, snapshot?.lastIncludedTerm ?? 0);
  for (const entry of entries) if (entry.index > log.base) log.write(entry.index, entry.term);
}

export function describeEntries(entries: readonly Entry[]): string {
  const first = entries[0];
  const last = entries[entries.length - 1];
  if (first === undefined || last === undefined) return 'no entries';
  if (first === last) return `${first.index}@${first.term}`;
  return `${first.index}@${first.term}..${last.index}@${last.term}`;
}
