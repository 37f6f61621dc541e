/**
 * What one client process is at a moment: whom it asks, what it waits for, what it still doubts. clients.ts moves it along.
 */
import type { MemberId } from '@seedraft/core';
import type { ClientRequest } from '@seedraft/replica';
import type { Invocation } from './history.ts';
import type { Micros } from './observer.ts';
import type { Stream } from './random.ts';
import type { ClientWorkload, Intent } from './workload.ts';

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface Client {
  readonly index: number;
  readonly workload: ClientWorkload;
  readonly arrival: Stream;
  readonly choice: Stream;
  /** Only reads, and mostly asks the same member again after silence. */
  readonly isReader: boolean;
  /** 0: none (yet). */
  sessionId: number;
  opening: boolean;
  sequence: number;
  target: MemberId;
  intent: Intent | null;
  operation: Mutable<Invocation> | null;
  request: ClientRequest | null;
  attempt: number;
  /** Attempts that ended in not knowing. */
  doubts: number;
  /** A request was sent twice: what became of the other copy is not known from one refusal. */
  doubled: boolean;
  giveUpAt: Micros;
  /** True between a refusal and the next attempt. */
  backingOff: boolean;
  nextArrival: Micros;
  token: number;
  /** Raised after each info: Jepsen's rule that a process of unknown fate does nothing more. */
  process: number;
  /** Only these members are asked, and it is never given up; null: an ordinary client. */
  readonly core: readonly MemberId[] | null;
  /** What it still has to ask; an ordinary client draws instead. */
  readonly agenda: Intent[];
}
