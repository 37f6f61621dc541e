/** One member without I/O. (Signatures agreed first.) */
import type { MemberId, PeerMessage, Raft, RaftConfig } from '@seedraft/core';
import type { RecoveredMember, StateMachine, Store, Tracer, Transport } from './ports.ts';
import type { ClientRequest } from './request.ts';

export interface ReplicaOptions {
  readonly id: MemberId;
  readonly raft: RaftConfig;
  readonly snapshot: {
    /** Take a snapshot after this many applied entries, or bytes of log, since the last. */
    readonly everyEntries: number;
    readonly everyBytes: number;
    /** Entries kept behind it for followers slightly behind. */
    readonly keep: number;
  };
  readonly recovered: RecoveredMember;
  readonly seed: readonly [number, number, number, number];
  readonly at: number;
  readonly machine: StateMachine;
  readonly transport: Transport;
  readonly store: Store;
  readonly tracer?: Tracer;
  /** Refuse commands above this many bytes of machine state (by `machine.size`). */
  readonly maxStateBytes: number;
  /** Refuse requests above this many open ones (`OVERLOADED`). */
  readonly maxOpenRequests: number;
}

export declare class Replica {
  constructor(options: ReplicaOptions);
  readonly raft: Raft;
  readonly id: MemberId;
  /** Applied to the machine. */
  readonly appliedIndex: number;
  /** Cluster time in ms at appliedIndex. */
  readonly clusterTime: number;
  /** When it next wants `tick`, on its own clock in ms; Infinity: never. */
  readonly deadline: number;
  /** Over machine, sessions and cluster time, at appliedIndex. */
  digest(): { readonly hi: number; readonly lo: number };

  /** A peer's message, with the incarnation its connection proved; refused and counted when it is not the one bound to that id. */
  receive(at: number, incarnation: string, message: PeerMessage): void;
  tick(at: number): void;
  /** Ends with exactly one `transport.reply(requestId, …)`. */
  request(at: number, requestId: number, request: ClientRequest): void;

  persisted(at: number, seq: number): void;
  persistFailed(at: number, seq: number, code: string): void;
  snapshotWritten(at: number, id: string, offset: number): void;
  snapshotSealed(at: number, id: string): void;
  snapshotRead(at: number, id: string, offset: number, bytes: Uint8Array): void;
  snapshotFailed(at: number, id: string, code: string): void;
}
