/**
 * A call: what a user asked for and waits for. It is settled exactly once, by an answer or by a failure, and a failure says whether the
 * call certainly had no effect. Everything else in this folder exists so that this word is never false.
 */
import type { ClientRefusalCode, ClientRequest, ReadMode } from '@seedraft/replica';
import type { NodeRequest } from '@seedraft/wire';
import type { Unit } from './unit.ts';

export type Ask =
  /**
   * `apart`: commands whose texts here differ do not touch the same things, and may travel in one batch; null: never with others. Two that
   * touch the same must not: all commands of a batch bear one index, and a machine may tell its clients versions by index.
   */
  | { readonly type: 'command'; readonly command: unknown; readonly apart: string | null }
  /** One entry, all or nothing. */
  | { readonly type: 'batch'; readonly commands: readonly unknown[] }
  | { readonly type: 'query'; readonly mode: ReadMode; readonly query: unknown }
  | {
      readonly type: 'admin';
      readonly request: Extract<
        ClientRequest | NodeRequest,
        { type: 'ChangeMembership' | 'TransferLeadership' | 'Snapshot' | 'Entries' }
      >;
      /** Ask this member and no other; null: the leader. */
      readonly address: string | null;
    }
  /** Null: any member. */
  | { readonly type: 'status'; readonly address: string | null }
  /** Settled when the watch ends. `onEvent` hears the first event with value null. */
  | {
      readonly type: 'watch';
      readonly query: unknown;
      readonly onEvent: (index: number, value: unknown) => void;
    }
  /** Answered when a member has welcomed us. */
  | { readonly type: 'greeting' };

/** What can go wrong on this side of the wire. */
export type LocalCode =
  /** The deadline passed. */
  | 'TIMEOUT'
  /** The caller's signal. */
  | 'ABORTED'
  | 'CLOSED'
  /** More calls are open than this client may hold. */
  | 'QUEUE_FULL'
  /** The connection ended with a request open that must not be sent twice. */
  | 'CONNECTION_LOST'
  /** The leader lost its place with the request open, and it must not be sent twice. */
  | 'UNKNOWN_OUTCOME'
  /** The member's answer makes no sense for what was asked. */
  | 'BAD_REPLY'
  /** Of the members' goodbyes. */
  | 'WRONG_CLUSTER'
  | 'VERSION';

export type FailureCode = ClientRefusalCode | LocalCode;

export interface Answered {
  readonly ok: true;
  readonly index: number;
  readonly value: unknown;
}

export interface Failure {
  readonly ok: false;
  readonly code: FailureCode;
  /** A sentence that says what to do. */
  readonly reason: string;
  /** `not applied`: it had no effect and never will. A read never has one. */
  readonly outcome: 'not applied' | 'unknown';
}

export type Outcome = Answered | Failure;

export class Call {
  readonly ask: Ask;
  /** On the engine's clock, ms; Infinity: none. Moved to Infinity once a watch watches. */
  deadline: number;
  readonly #onSettled: (outcome: Outcome) => void;
  /** False once settled. */
  open = true;
  /** What carries it; null while it waits for its first submission. */
  unit: Unit | null = null;

  constructor(ask: Ask, deadline: number, onSettled: (outcome: Outcome) => void) {
    this.ask = ask;
    this.deadline = deadline;
    this.#onSettled = onSettled;
  }

  /** Only the engine's: it also forgets the call. */
  settle(outcome: Outcome): void {
    if (!this.open) throw new Error('invariant broken: a call was settled twice');
    this.open = false;
    this.#onSettled(outcome);
  }
}
