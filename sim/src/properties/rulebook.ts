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
type HookName = Exclude<keyof Hooks, 'sends' | 'receives'>;
/** One hook of those rules that have it, bound to them: to look up a method on one of twenty classes costs more than most calls do. */
type Calls<K extends HookName> = readonly Required<Hooks>[K][];

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
  readonly #sends: readonly Calls<'onSend'>[];
  readonly #receives: readonly Calls<'onReceive'>[];
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
    this.#sends = MESSAGE_TYPES.map((type) => {
      const interested = all.filter(({ sends }) => sends?.includes(type));
      return calls(interested, 'onSend');
    });
    this.#receives = MESSAGE_TYPES.map((type) => {
      const interested = all.filter(({ receives }) => receives?.includes(type));
      return calls(interested, 'onReceive');
    });
    this.#hardening = (persist) => {
      for (const onDurable of this.#on.durable) onDurable(this.#hardened as MemberShadow, persist);
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
    for (const onBoot of this.#on.boot) onBoot(shadow, recovered);
  }

  onCrash(member: MemberView): void {
    const shadow = this.ledger.shadow(member);
    for (const onCrash of this.#on.crash) onCrash(shadow);
    this.ledger.crash(shadow);
  }

  onWipe(member: MemberView): void {
    const shadow = this.ledger.shadow(member);
    for (const onWipe of this.#on.wipe) onWipe(shadow);
    this.ledger.wipe(shadow);
  }

  onStep(member: MemberView, message: Message, effects: Effects): void {
    const shadow = this.ledger.shadow(member);
    const step = this.#enter(member, shadow, message, effects);
    if (shadow.impostor) {
      for (const sent of effects.messages) {
        for (const onForged of this.#on.forged) onForged(step, sent);
      }
      return;
    }
    if (message.type === 'Persisted') this.ledger.tell(shadow, message.seq);
    else if (message.type === 'Compact') this.#seal(shadow, message.snapshot);
    if (effects.persist !== null) this.#persist(step, effects.persist);
    if (step.role !== shadow.role || step.term !== shadow.term || step.vote !== shadow.vote) {
      for (const onTransition of this.#on.transition) onTransition(step);
      if (step.role === 'leader' && (shadow.role !== 'leader' || step.term !== shadow.term)) {
        this.ledger.lead(shadow.id, step.term);
      }
    }
    if (step.commit !== shadow.commit) this.#commit(step);
    if (message.type === 'Receive') this.#dispatchReceive(step, message.rpc);
    const { messages } = effects;
    for (let i = 0; i < messages.length; i++) this.#dispatchSend(step, messages[i] as PeerMessage);
    const always = this.#on.step;
    for (let i = 0; i < always.length; i++) always[i]!(step);
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
    for (const onRequests of this.#on.requests) onRequests(shadow, requests);
  }

  onApply(member: MemberView, entry: Entry, result: unknown, digest: Digest): void {
    const shadow = this.ledger.shadow(member);
    if (shadow.impostor) return;
    for (const onApply of this.#on.apply) onApply(shadow, entry, result, digest);
    shadow.applied = entry.index;
    this.ledger.digest(shadow, entry.index, digest);
  }

  onRestore(member: MemberView, snapshot: SnapshotMetadata, digest: Digest): void {
    const shadow = this.ledger.shadow(member);
    if (shadow.impostor) return;
    for (const onRestore of this.#on.restore) onRestore(shadow, snapshot, digest);
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
    for (const onRead of this.#on.read) onRead(shadow, operation, mode, readIndex, appliedIndex);
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
    for (const onSession of this.#on.session) onSession(shadow, sessionId, sequence, kind, index);
  }

  onInvoke(operation: ClientOperation): void {
    for (const onInvoke of this.#on.invoke) onInvoke(operation);
  }

  onComplete(operation: ClientOperation): void {
    for (const onComplete of this.#on.complete) onComplete(operation);
    this.ledger.acknowledge(operation);
  }

  onEnd(): void {
    for (const onEnd of this.#on.end) onEnd();
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
    for (const onSealed of this.#on.sealed) onSealed(shadow, snapshot);
    shadow.sealed = Math.max(shadow.sealed, snapshot.lastIncludedIndex);
  }

  #persist(step: Step, persist: Persist): void {
    const hooks = this.#on.persist;
    for (let i = 0; i < hooks.length; i++) hooks[i]!(step, persist);
    this.ledger.claim(step.shadow, persist);
  }

  #commit(step: Step): void {
    const { ledger } = this;
    const { shadow, commit, term } = step;
    // A leader that commits its own removal steps down in the same step.
    const leading = step.role === 'leader' || (shadow.role === 'leader' && shadow.term === term);
    const first = leading && commit > ledger.committed;
    if (first) ledger.weigh(step);
    const hooks = this.#on.commit;
    for (let i = 0; i < hooks.length; i++) hooks[i]!(step);
    if (first) ledger.extend(shadow, commit, term);
  }

  #dispatchSend(step: Step, message: PeerMessage): void {
    const hooks = this.#sends[numberOf(message.type)] as Calls<'onSend'>;
    for (let i = 0; i < hooks.length; i++) hooks[i]!(step, message);
  }

  #dispatchReceive(step: Step, message: PeerMessage): void {
    const hooks = this.#receives[numberOf(message.type)] as Calls<'onReceive'>;
    for (let i = 0; i < hooks.length; i++) hooks[i]!(step, message);
  }
}

/** Position in MESSAGE_TYPES; the two that heartbeats are made of without a search. */
function numberOf(type: PeerMessage['type']): number {
  if (type === 'AppendEntries') return 0;
  return type === 'AppendEntriesReply' ? 1 : MESSAGE_TYPES.indexOf(type);
}

/** Who wants to hear of what. */
interface ByHook {
  readonly boot: Calls<'onBoot'>;
  readonly crash: Calls<'onCrash'>;
  readonly wipe: Calls<'onWipe'>;
  readonly persist: Calls<'onPersist'>;
  readonly transition: Calls<'onTransition'>;
  readonly commit: Calls<'onCommit'>;
  readonly forged: Calls<'onForged'>;
  readonly step: Calls<'onStep'>;
  readonly durable: Calls<'onDurable'>;
  readonly sealed: Calls<'onSealed'>;
  readonly requests: Calls<'onRequests'>;
  readonly apply: Calls<'onApply'>;
  readonly restore: Calls<'onRestore'>;
  readonly read: Calls<'onRead'>;
  readonly session: Calls<'onSession'>;
  readonly invoke: Calls<'onInvoke'>;
  readonly complete: Calls<'onComplete'>;
  readonly end: Calls<'onEnd'>;
}

function byHook(all: readonly Hooks[]): ByHook {
  return {
    boot: calls(all, 'onBoot'),
    crash: calls(all, 'onCrash'),
    wipe: calls(all, 'onWipe'),
    persist: calls(all, 'onPersist'),
    transition: calls(all, 'onTransition'),
    commit: calls(all, 'onCommit'),
    forged: calls(all, 'onForged'),
    step: calls(all, 'onStep'),
    durable: calls(all, 'onDurable'),
    sealed: calls(all, 'onSealed'),
    requests: calls(all, 'onRequests'),
    apply: calls(all, 'onApply'),
    restore: calls(all, 'onRestore'),
    read: calls(all, 'onRead'),
    session: calls(all, 'onSession'),
    invoke: calls(all, 'onInvoke'),
    complete: calls(all, 'onComplete'),
    end: calls(all, 'onEnd'),
  };
}

function calls<K extends HookName>(all: readonly Hooks[], hook: K): Calls<K> {
  const bound: Required<Hooks>[K][] = [];
  for (const rule of all) {
    const method = rule[hook] as ((...args: unknown[]) => void) | undefined;
    if (method !== undefined) bound.push(method.bind(rule) as Required<Hooks>[K]);
  }
  return bound;
}
