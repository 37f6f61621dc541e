/**
 * What a rule is: a definition that people read, a counter of non-trivial antecedents, and hooks. Hooks are finer than the world's
 * `Observer`: the rulebook dispatches each only to the rules that have it, so that a heartbeat costs a few calls and no allocation.
 *
 * Order within one core step (invariant: rules see `step.shadow` as it was before the step, and the ledger absorbs afterwards):
 * persist, transition, commit, receive, sends, step.
 */
import type {
  Effects,
  Entry,
  Index,
  MemberId,
  Message,
  PeerMessage,
  Persist,
  Raft,
  Role,
  SnapshotMetadata,
  Term,
} from '@seedraft/core';
import type { ClientRequest, ReadMode, RecoveredMember } from '@seedraft/replica';
import type { ClientOperation, Digest, MemberView } from '../observer.ts';
import type { MemberShadow } from './shadow.ts';

export interface RuleDefinition {
  /** Stable: S1..S22, LIN, L1..L7. */
  readonly id: string;
  readonly name: string;
  /** One sentence, printed by --help and beside every violation. */
  readonly definition: string;
  /** What the `checks` counter counts, in words. */
  readonly antecedent: string;
  /** Planted bugs (test/mutants) that this rule is expected to catch. */
  readonly catches: readonly string[];
}

/** One core step. The object is reused: nothing may keep it. */
export interface Step {
  readonly member: MemberView;
  /** As it was before this step, until the rules have seen it. */
  readonly shadow: MemberShadow;
  /** As it is after this step. */
  readonly raft: Raft;
  readonly message: Message;
  readonly effects: Effects;
  readonly role: Role;
  readonly term: Term;
  readonly vote: MemberId;
  readonly commit: Index;
}

export interface Hooks {
  onBoot?(shadow: MemberShadow, recovered: RecoveredMember): void;
  onCrash?(shadow: MemberShadow): void;
  onWipe?(shadow: MemberShadow): void;
  /** The step emits a write; `shadow.claimed` is still the log before it. */
  onPersist?(step: Step, persist: Persist): void;
  /** Role, term or vote changed. */
  onTransition?(step: Step): void;
  /** commitIndex advanced (`shadow.commit` is the former one). The ledger has just absorbed a first commit: see `ledger.committing`. */
  onCommit?(step: Step): void;
  /** Outgoing messages of these types reach `onSend`. */
  readonly sends?: readonly PeerMessage['type'][];
  onSend?(step: Step, message: PeerMessage): void;
  /** An outgoing message of a member that lost its disk and runs under its old id: no other hook hears of its steps. */
  onForged?(step: Step, message: PeerMessage): void;
  /** Incoming messages of these types reach `onReceive`, after the step that handled them. */
  readonly receives?: readonly PeerMessage['type'][];
  onReceive?(step: Step, message: PeerMessage): void;
  /** Every step. Must cost next to nothing when nothing changed. */
  onStep?(step: Step): void;
  /** One write became durable; `shadow.durable` is still without it. */
  onDurable?(shadow: MemberShadow, persist: Persist): void;
  /** An own snapshot is durable, and the core is told so in this step; nothing of the step is absorbed yet. */
  onSealed?(shadow: MemberShadow, snapshot: SnapshotMetadata): void;
  /** Requests enter a member as one. */
  onRequests?(shadow: MemberShadow, requests: readonly ClientRequest[]): void;
  onApply?(shadow: MemberShadow, entry: Entry, result: unknown, digest: Digest): void;
  onRestore?(shadow: MemberShadow, snapshot: SnapshotMetadata, digest: Digest): void;
  onRead?(
    shadow: MemberShadow,
    operation: ClientOperation | null,
    mode: ReadMode,
    readIndex: Index,
    appliedIndex: Index,
  ): void;
  onSession?(
    shadow: MemberShadow,
    sessionId: number,
    sequence: number,
    kind: 'executed' | 'duplicate' | 'expired',
    index: Index,
  ): void;
  onInvoke?(operation: ClientOperation): void;
  onComplete?(operation: ClientOperation): void;
  onEnd?(): void;
}

export interface Rule extends Hooks {
  readonly definition: RuleDefinition;
  /** Non-trivial antecedents met so far. */
  checks: number;
}

/** 2_103_000 -> "2.103 s". */
export function seconds(micros: number): string {
  return `${(micros / 1e6).toFixed(3)} s`;
}
