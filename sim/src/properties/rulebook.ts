/**
 * The rulebook: the one Observer that feeds the ledger and dispatches each event only to the rules that want it, through arrays built
 * once. A step allocates nothing here: one `Step` object is reused, and a heartbeat costs a few comparisons and calls.
 *
 * Invariant: rules see the ledger as it was before the event, except where `Hooks` says otherwise; so a rule compares "before" (shadow)
 * with "after" (raft), and the first rule that disagrees throws before the ledger is touched.
 */
import type {
  Effects,
  Entry,
  Index,
  Message,
  PeerMessage,
  Persist,
  Raft,
  Role,
  SnapshotMetadata,
  Term,
} from '@seedraft/core';
import type { ClientRequest, ReadMode, RecoveredMember } from '@seedraft/replica';
import type { ClientOperation, Digest, MemberView, Observer, WorldView } from '../observer.ts';
import { RULES } from './index.ts';
import { Ledger } from './ledger.ts';
import type { Hooks, Rule, Step } from './rule.ts';
import type { MemberShadow } from './shadow.ts';
import { Sometimes } from './sometimes.ts';

type MutableStep = { -readonly [K in keyof Step]: Step[K] };
type Named<K extends keyof Hooks> = Hooks & Required<Pick<Hooks, K>>;

export interface RulebookOptions {
  /** Only these rules (ids), for campaigns that switch the white-box ones off. Default: all. */
  readonly only?: readonly string[];
}

/** What members say to each other, the most frequent first. */
export const MESSAGE_TYPES: readonly PeerMessage['type'][] = [
  'AppendEntries',
  'AppendEntriesReply',
  'ReadIndex',
  'ReadIndexReply',
  'RequestVote',
  'RequestVoteReply',
  'PreVote',
  'PreVoteReply',
  'InstallSnapshot',
  'InstallSnapshotReply',
  'ForwardProposal',
  'ForwardProposalReply',
  'TimeoutNow',
  'TimeoutNowReply',
];

export class Rulebook implements Observer {
  readonly ledger: Ledger;
  readonly #rules: readonly Rule[];
  readonly #sometimes: Sometimes;
  readonly #on: ByHook;
  readonly #sends: readonly (readonly Named<'onSend'>[])[];
  readonly #receives: readonly (readonly Named<'onReceive'>[])[];
  readonly #hardening: (persist: Persist) => void;
  #hardened: MemberShadow | null = null;
  #step: MutableStep | null = null;

  constructor(world: WorldView, options: RulebookOptions = {}) {
    this.ledger = new Ledger(world);
    const { only } = options;
    this.#rules = RULES.filter(
      ({ definition }) => only === undefined || only.includes(definition.id),
    ).map((RuleClass) => new RuleClass(this.ledger));
    this.#sometimes = new Sometimes(this.ledger);
    const all: readonly Hooks[] = [...this.#rules, this.#sometimes];
    this.#on = byHook(all);
    this.#sends = MESSAGE_TYPES.map((type) =>
      having(all, 'onSend').filter(({ sends }) => sends?.includes(type)),
    );
    this.#receives = MESSAGE_TYPES.map((type) =>
      having(all, 'onReceive').filter(({ receives }) => receives?.includes(type)),
    );
    this.#hardening = (persist) => {
      for (const rule of this.#on.durable) rule.onDurable(this.#hardened as MemberShadow, persist);
    };
  }

  /** Non-trivial antecedents met, by rule id. */
  checks(): Record<string, number> {
    return Object.fromEntries(this.#rules.map((rule) => [rule.definition.id, rule.checks]));
  }

  /** How often each `sometimes` point was reached. */
  sometimes(): Record<string, number> {
    return this.#sometimes.counts();
  }

  onBoot(member: MemberView, recovered: RecoveredMember): void {
    const shadow = this.ledger.shadow(member);
    this.ledger.boot(shadow, recovered);
    for (const rule of this.#on.boot) rule.onBoot(shadow, recovered);
  }

  onCrash(member: MemberView): void {
    const shadow = this.ledger.shadow(member);
    for (const rule of this.#on.crash) rule.onCrash(shadow);
    this.ledger.crash(shadow);
  }

  onWipe(member: MemberView): void {
    const shadow = this.ledger.shadow(member);
    for (const rule of this.#on.wipe) rule.onWipe(shadow);
    this.ledger.wipe(shadow);
  }

  onStep(member: MemberView, message: Message, effects: Effects): void {
    const shadow = this.ledger.shadow(member);
    const step = this.#enter(member, shadow, message, effects);
    if (shadow.impostor) {
      for (const sent of effects.messages) {
        for (const rule of this.#on.forged) rule.onForged(step, sent);
      }
      return;
    }
    if (message.type === 'Persisted') this.ledger.tell(shadow, message.seq);
    else if (message.type === 'Compact') this.#seal(shadow, message.snapshot);
    if (effects.persist !== null) this.#persist(step, effects.persist);
    if (step.role !== shadow.role || step.term !== shadow.term || step.vote !== shadow.vote) {
      for (const rule of this.#on.transition) rule.onTransition(step);
      if (step.role === 'leader' && (shadow.role !== 'leader' || step.term !== shadow.term)) {
        this.ledger.lead(shadow.id, step.term);
      }
    }
    if (step.commit !== shadow.commit) this.#commit(step);
    if (message.type === 'Receive') this.#dispatchReceive(step, message.rpc);
    const { messages } = effects;
    for (let i = 0; i < messages.length; i++) this.#dispatchSend(step, messages[i] as PeerMessage);
    const always = this.#on.step;
    for (let i = 0; i < always.length; i++) (always[i] as Named<'onStep'>).onStep(step);
    shadow.role = step.role;
    shadow.term = step.term;
    shadow.vote = step.vote;
    shadow.commit = step.commit;
  }

  onDurable(member: MemberView, seq: number): void {
    const shadow = this.ledger.shadow(member);
    if (shadow.impostor) return;
    this.#hardened = shadow;
    this.ledger.durable(shadow, seq, this.#hardening);
  }

  onRequests(member: MemberView, requests: readonly ClientRequest[]): void {
    const shadow = this.ledger.shadow(member);
    for (const rule of this.#on.requests) rule.onRequests(shadow, requests);
  }

  onApply(member: MemberView, entry: Entry, result: unknown, digest: Digest): void {
    const shadow = this.ledger.shadow(member);
    if (shadow.impostor) return;
    for (const rule of this.#on.apply) rule.onApply(shadow, entry, result, digest);
    shadow.applied = entry.index;
    this.ledger.digest(shadow, entry.index, digest);
  }

  onRestore(member: MemberView, snapshot: SnapshotMetadata, digest: Digest): void {
    const shadow = this.ledger.shadow(member);
    if (shadow.impostor) return;
    for (const rule of this.#on.restore) rule.onRestore(shadow, snapshot, digest);
    shadow.applied = snapshot.lastIncludedIndex;
  }

  onRead(
    member: MemberView,
    operation: ClientOperation | null,
    mode: ReadMode,
    readIndex: Index,
    appliedIndex: Index,
  ): void {
    const shadow = this.ledger.shadow(member);
    for (const rule of this.#on.read) {
      rule.onRead(shadow, operation, mode, readIndex, appliedIndex);
    }
  }

  onSession(
    member: MemberView,
    sessionId: number,
    sequence: number,
    kind: 'executed' | 'duplicate' | 'expired',
    index: Index,
  ): void {
    const shadow = this.ledger.shadow(member);
    if (shadow.impostor) return;
    for (const rule of this.#on.session) rule.onSession(shadow, sessionId, sequence, kind, index);
  }

  onInvoke(operation: ClientOperation): void {
    for (const rule of this.#on.invoke) rule.onInvoke(operation);
  }

  onComplete(operation: ClientOperation): void {
    for (const rule of this.#on.complete) rule.onComplete(operation);
    this.ledger.acknowledge(operation);
  }

  onEnd(): void {
    for (const rule of this.#on.end) rule.onEnd();
  }

  #enter(
    member: MemberView,
    shadow: MemberShadow,
    message: Message,
    effects: Effects,
  ): MutableStep {
    const raft = member.raft as Raft;
    const step = this.#step;
    if (step === null) {
      const role: Role = raft.role;
      const term: Term = raft.currentTerm;
      const { votedFor: vote, commitIndex: commit } = raft;
      this.#step = { member, shadow, raft, message, effects, role, term, vote, commit };
      return this.#step;
    }
    step.member = member;
    step.shadow = shadow;
    step.raft = raft;
    step.message = message;
    step.effects = effects;
    step.role = raft.role;
    step.term = raft.currentTerm;
    step.vote = raft.votedFor;
    step.commit = raft.commitIndex;
    return step;
  }

  /** A member learns that its own snapshot is durable by the Compact that its replica sends to the core. */
  #seal(shadow: MemberShadow, snapshot: SnapshotMetadata): void {
    for (const rule of this.#on.sealed) rule.onSealed(shadow, snapshot);
    shadow.sealed = Math.max(shadow.sealed, snapshot.lastIncludedIndex);
  }

  #persist(step: Step, persist: Persist): void {
    const rules = this.#on.persist;
    for (let i = 0; i < rules.length; i++) {
      (rules[i] as Named<'onPersist'>).onPersist(step, persist);
    }
    this.ledger.claim(step.shadow, persist);
  }

  #commit(step: Step): void {
    const { ledger } = this;
    const { shadow, commit, term } = step;
    // A leader that commits its own removal steps down in the same step.
    const leading = step.role === 'leader' || (shadow.role === 'leader' && shadow.term === term);
    const first = leading && commit > ledger.committed;
    if (first) ledger.weigh(step);
    const rules = this.#on.commit;
    for (let i = 0; i < rules.length; i++) (rules[i] as Named<'onCommit'>).onCommit(step);
    if (first) ledger.extend(shadow, commit, term);
  }

  #dispatchSend(step: Step, message: PeerMessage): void {
    const rules = this.#sends[numberOf(message.type)] as readonly Named<'onSend'>[];
    for (let i = 0; i < rules.length; i++) (rules[i] as Named<'onSend'>).onSend(step, message);
  }

  #dispatchReceive(step: Step, message: PeerMessage): void {
    const rules = this.#receives[numberOf(message.type)] as readonly Named<'onReceive'>[];
    for (let i = 0; i < rules.length; i++) {
      (rules[i] as Named<'onReceive'>).onReceive(step, message);
    }
  }
}

/** Position in MESSAGE_TYPES; the two that heartbeats are made of without a search. */
function numberOf(type: PeerMessage['type']): number {
  if (type === 'AppendEntries') return 0;
  return type === 'AppendEntriesReply' ? 1 : MESSAGE_TYPES.indexOf(type);
}

/** Who wants to hear of what. */
interface ByHook {
  readonly boot: readonly Named<'onBoot'>[];
  readonly crash: readonly Named<'onCrash'>[];
  readonly wipe: readonly Named<'onWipe'>[];
  readonly persist: readonly Named<'onPersist'>[];
  readonly transition: readonly Named<'onTransition'>[];
  readonly commit: readonly Named<'onCommit'>[];
  readonly forged: readonly Named<'onForged'>[];
  readonly step: readonly Named<'onStep'>[];
  readonly durable: readonly Named<'onDurable'>[];
  readonly sealed: readonly Named<'onSealed'>[];
  readonly requests: readonly Named<'onRequests'>[];
  readonly apply: readonly Named<'onApply'>[];
  readonly restore: readonly Named<'onRestore'>[];
  readonly read: readonly Named<'onRead'>[];
  readonly session: readonly Named<'onSession'>[];
  readonly invoke: readonly Named<'onInvoke'>[];
  readonly complete: readonly Named<'onComplete'>[];
  readonly end: readonly Named<'onEnd'>[];
}

function byHook(all: readonly Hooks[]): ByHook {
  return {
    boot: having(all, 'onBoot'),
    crash: having(all, 'onCrash'),
    wipe: having(all, 'onWipe'),
    persist: having(all, 'onPersist'),
    transition: having(all, 'onTransition'),
    commit: having(all, 'onCommit'),
    forged: having(all, 'onForged'),
    step: having(all, 'onStep'),
    durable: having(all, 'onDurable'),
    sealed: having(all, 'onSealed'),
    requests: having(all, 'onRequests'),
    apply: having(all, 'onApply'),
    restore: having(all, 'onRestore'),
    read: having(all, 'onRead'),
    session: having(all, 'onSession'),
    invoke: having(all, 'onInvoke'),
    complete: having(all, 'onComplete'),
    end: having(all, 'onEnd'),
  };
}

function having<K extends keyof Hooks>(all: readonly Hooks[], hook: K): readonly Named<K>[] {
  return all.filter((rule): rule is Named<K> => rule[hook] !== undefined);
}
