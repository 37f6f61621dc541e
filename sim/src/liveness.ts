/**
 * Liveness mode, at the end of a run: a random core that holds a quorum of every configuration that may matter is healed, everybody
 * else fails for good, and within a stated bound the core must be a working cluster again (L1..L6).
 *
 * This file decides what is demanded and when it is excused; the world only carries out (`LivenessWorld`). Demands follow from the
 * paper's timing requirement (5.6): inside the core broadcast time is far below the election timeout, so an excuse can only come from
 * the pristine durable state, never from bad luck.
 */
import type { MemberId } from '@seedraft/core';
import type { Draw, FaultWorld } from './faults/fault.ts';
import type { ClientOperation, Micros } from './observer.ts';

/** What the engine does for the liveness phase. Everything is synchronous: `runUntil` is the event loop. */
export interface LivenessWorld extends FaultWorld {
  /** Draws of the liveness phase, keyed like those of a planned fault. */
  readonly draw: Draw;
  /**
   * Ends the safety phase: no planned fault is injected or healed from here on, what faults scheduled (`after`, `when`, restarts, rejoins,
   * retried operators' requests) is dropped, clients invoke nothing more (their open operations still end). Members keep their state:
   * whoever is down stays down, whoever is paused or slow stays so, links stay as they are.
   */
  freezeFaults(): void;
  /**
   * Brings a member of the core up: restarts it from its disk if it is down, resumes it if it is paused; no-op if it is up. False: its
   * disk is damaged beyond repair or it is wiped, so it cannot come back under this id.
   */
  revive(id: MemberId): boolean;
  /**
   * Heals the core for good. Links between its members, and between them and the clients: no block, no clog (clogged messages flush), no
   * drop, duplicate, reordering, corruption or capacity limit, latency uniform in [latency / 2, latency]. Its members: not slow, clock
   * running at a rate within the plan's drift bound (no freeze, no further step), disk working (no stall, not full, no scheduled error)
   * with every operation taking at most `latency`. What damage already did to their bytes stays.
   */
  healCore(core: readonly MemberId[], latency: Micros): void;
  /**
   * A write by a client of its own, first sent to `first`, following leader hints among the core, retried when refused or unanswered (a
   * heartbeat apart). It enters the history like any other. Its `outcome` leaves 'open' when its client knows; it is never given up
   * before that.
   */
  submitFresh(core: readonly MemberId[], first: MemberId): ClientOperation;
  /** Runs events until the predicate holds (asked after each event, true at once counts) or `within` has passed; says which. */
  runUntil(predicate: () => boolean, within: Micros): boolean;
}

/** How the phase ended when nothing was violated. `bound` is in the plan's longest election timeouts, for people. */
export type LivenessVerdict =
  | { readonly outcome: 'live'; readonly core: readonly MemberId[]; readonly bound: number }
  | { readonly outcome: 'inconclusive'; readonly reason: string };
