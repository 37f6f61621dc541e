/**
 * What the parts of one member share: its core, its replicated state, its ports, and the inbox of the loop. A part that has something to
 * tell the core puts it into the inbox; only the loop (replica.ts) takes steps, one after the other.
 */
import type { MemberId, Message, Raft, RaftConfig } from '@seedraft/core';
import type { Meet } from './founding.ts';
import type { Store, Tracer, Transport } from './ports.ts';
import type { AskedRequest } from './request.ts';
import type { ReplicatedState } from './state.ts';

/** What enters the loop: the core's messages, and what concerns only what is around the core. */
export type Input = Message | RequestInput | SnapshotInput | FoundingInput;

interface RequestInput {
  readonly type: 'Request';
  readonly at: number;
  readonly asked: readonly AskedRequest[];
}

/** What happens before there is anything for the core to hear. */
export type FoundingInput =
  | {
      readonly type: 'Met';
      readonly at: number;
      readonly incarnation: string;
      readonly meet: Meet;
    }
  | { readonly type: 'BootstrapWritten'; readonly at: number }
  | { readonly type: 'BootstrapFailed'; readonly at: number; readonly code: string };

/** Completions of the store that the core hears of only in its own words, if at all. */
export type SnapshotInput =
  | {
      readonly type: 'SnapshotWritten';
      readonly at: number;
      readonly id: string;
      readonly offset: number;
    }
  | { readonly type: 'SnapshotSealed'; readonly at: number; readonly id: string }
  | {
      readonly type: 'SnapshotRead';
      readonly at: number;
      readonly id: string;
      readonly offset: number;
      readonly bytes: Uint8Array;
    }
  | {
      readonly type: 'SnapshotFailed';
      readonly at: number;
      readonly id: string;
      readonly code: string;
    };

export class Member {
  readonly id: MemberId;
  readonly config: RaftConfig;
  readonly raft: Raft;
  readonly state: ReplicatedState;
  readonly transport: Transport;
  readonly store: Store;
  readonly tracer: Tracer | undefined;
  readonly inbox: Input[] = [];
  /** The own clock at the input being handled. */
  now: number;
  #lastId = 0;

  constructor(
    raft: Raft,
    config: RaftConfig,
    state: ReplicatedState,
    transport: Transport,
    store: Store,
    tracer: Tracer | undefined,
    at: number,
  ) {
    this.id = raft.id;
    this.config = config;
    this.raft = raft;
    this.state = state;
    this.transport = transport;
    this.store = store;
    this.tracer = tracer;
    this.now = at;
  }

  get isLeader(): boolean {
    return this.raft.role === 'leader';
  }

  /** An id for the core's proposals, reads and transfers; never used twice in this boot. */
  nextId(): number {
    return ++this.#lastId;
  }

  /** After what is already in the inbox, and before the door returns. */
  put(input: Input): void {
    this.inbox.push(input);
  }
}
