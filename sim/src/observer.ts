/**
 * What the world shows to whoever watches it: the rules (properties/), the trace, the statistics. Watching never changes a run.
 * All times are simulated true time in integer microseconds unless named otherwise.
 */
import type { Effects, Entry, MemberId, Message, Raft, SnapshotMetadata } from '@seedraft/core';
import type { ClientRequest, ReadMode, RecoveredMember, Replica } from '@seedraft/replica';
import type { DiskFault } from './disk/disk.ts';
import type { Plan } from './plan.ts';

export type Micros = number;
export interface Digest {
  readonly hi: number;
  readonly lo: number;
}

/** A member as the rules see it. The object lives as long as the id; `replica` is null while it is down. */
export interface MemberView {
  readonly id: MemberId;
  /** n1, n2, ... */
  readonly name: string;
  readonly incarnation: string;
  readonly replica: Replica | null;
  /** = replica.raft */
  readonly raft: Raft | null;
  readonly status: 'up' | 'down' | 'paused' | 'gone';
  /** At its latest boot, its disk had been damaged since the boot before. */
  readonly metDamage: boolean;
  /** The worst that was done to its disk since it was formatted. */
  readonly diskFaults: 'none' | 'hindered' | 'damaged';
  /** The member's monotonic clock now, ms. */
  clock(): number;
}

/** What the rules may ask of the world. */
export interface WorldView {
  readonly now: Micros;
  readonly plan: Plan;
  readonly members: readonly MemberView[];
  member(id: MemberId): MemberView;
}

/** A client operation, as its client sees it. Ids are unique in a run. */
export interface ClientOperation {
  readonly id: number;
  readonly client: number;
  readonly f: string;
  readonly input: unknown;
  readonly readOnly: boolean;
  readonly mode: ReadMode | 'write';
  readonly sessionId: number;
  readonly sequence: number;
  readonly invokedAt: Micros;
  /** The member last asked. */
  member: MemberId;
  /** Set at the end: the log index at which it took effect (a retried command: where it first ran). */
  index: number;
  /** Set at the end: the log index that the answer named. */
  told: number;
  output: unknown;
  outcome: 'open' | 'ok' | 'fail' | 'info';
  completedAt: Micros;
}

export interface Observer {
  /** A member starts, with what its store recovered; `replica` exists. First boot included. */
  onBoot?(member: MemberView, recovered: RecoveredMember): void;
  /** Everything volatile is lost. */
  onCrash?(member: MemberView): void;
  /** Its disk is lost too: this id never answers again. */
  onWipe?(member: MemberView): void;
  /** Its disk was damaged or hindered. */
  onDiskFault?(member: MemberView, fault: DiskFault): void;
  /** One core step, before its effects are carried out. */
  onStep?(member: MemberView, message: Message, effects: Effects): void;
  /** The pristine layer: the group that bears persist `seq` (and all before) is truly durable, whether or not the member has heard. */
  onDurable?(member: MemberView, seq: number): void;
  /** An own snapshot is durable as the base. */
  onSealed?(member: MemberView, snapshot: SnapshotMetadata): void;
  /** Requests enter the member as one (`Replica.requestAll`), before they do; a turn's only one included. */
  onRequests?(member: MemberView, requests: readonly ClientRequest[]): void;
  /** An operator's request enters the member, before it does. */
  onOrder?(member: MemberView, request: ClientRequest): void;
  onApply?(member: MemberView, entry: Entry, result: unknown, digest: Digest): void;
  onRestore?(member: MemberView, snapshot: SnapshotMetadata, digest: Digest): void;
  onRead?(
    member: MemberView,
    operation: ClientOperation | null,
    mode: ReadMode,
    readIndex: number,
    appliedIndex: number,
  ): void;
  onSession?(
    member: MemberView,
    sessionId: number,
    sequence: number,
    kind: 'executed' | 'duplicate' | 'expired',
    index: number,
  ): void;
  onInvoke?(operation: ClientOperation): void;
  onComplete?(operation: ClientOperation): void;
  /** A fault was injected or healed; `sentence` is plain English with targets resolved. */
  onFault?(fault: string, phase: 'inject' | 'heal', sentence: string): void;
  /** The event that begins was asked for during the event of this number: a fault's end, an operator's next look. */
  onFollowUp?(of: number): void;
  /** The safety phase is over; the liveness phase begins with this core of members. */
  onLiveness?(core: readonly MemberId[]): void;
  onEnd?(): void;
}

/** Thrown by a rule; ends the run. `rule` is S1..S22 or L1..L7; `sentence` says what was seen, with members, terms and indexes. */
export class Violation extends Error {
  readonly rule: string;
  constructor(rule: string, sentence: string) {
    super(sentence);
    this.name = 'Violation';
    this.rule = rule;
  }
}
