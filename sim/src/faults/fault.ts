/**
 * What a fault is: a file in this folder with a name, a header that says what recovery it must leave possible, a schema for its parameters,
 * a way to draw it from a seed, and inject/heal. The registry (index.ts) lists them; `--help`, swarm and the vacuity guard read it.
 */
import type { MemberChange, MemberId } from '@seedraft/core';
import type { ClientRequest, Replica } from '@seedraft/replica';
import type { ZodType } from 'zod';
import type { DiskFault } from '../disk/disk.ts';
import type { MemberView, Micros, WorldView } from '../observer.ts';
import type { NetworkKnobs } from '../plan.ts';

export type FaultGroup =
  | 'network'
  | 'partition'
  | 'process'
  | 'clock'
  | 'disk'
  | 'raft'
  | 'membership'
  | 'clients';

/** Keyed draws of one planned fault: independent of every other draw in the run. */
export interface Draw {
  uint32(purpose: string): number;
  /** Uniform integer in [low, high]. */
  between(purpose: string, low: number, high: number): number;
  /** True with probability ppm / 1e6. */
  chance(purpose: string, ppm: number): boolean;
  pick<T>(purpose: string, from: readonly T[]): T;
  shuffle<T>(purpose: string, from: readonly T[]): T[];
}

/** The endpoint of clients in partitions. */
export const CLIENTS = 0;

/**
 * What faults may do to the world, whatever its members run. Every method that returns a function returns its own undoing (idempotent). What
 * only a Raft cluster has is in RaftFaultWorld.
 */
export interface FaultWorld extends WorldView {
  /** Up or paused members that count now, id-sorted: in Raft those of the latest committed configuration and after. */
  readonly current: readonly MemberView[];
  /** Those that majorities are counted over, down ones included, id-sorted; nobody whose disk is lost. */
  readonly voters: readonly MemberView[];
  /** Null: nobody leads, or the protocol has no leader. */
  leader(): MemberView | null;
  /** Messages from -> to vanish while blocked (only `types`, when given). Endpoint CLIENTS = all clients. Blocks stack. */
  block(from: MemberId, to: MemberId, types?: readonly string[]): () => void;
  /** Override some knobs on one link, or on all (null, null). Overrides stack, latest wins. */
  tune(from: MemberId | null, to: MemberId | null, knobs: Partial<NetworkKnobs>): () => void;
  /** Messages on the link wait until released (then flush in order). */
  clog(from: MemberId, to: MemberId): () => void;
  crash(id: MemberId, disk: 'kept' | 'dropped' | 'torn' | 'drawn'): void;
  /** Boot from disk; if damaged it stays down until it rejoins as a new member (the world arranges that). */
  restart(id: MemberId): void;
  /** Timers fire in a burst afterwards; messages queue up. */
  pause(id: MemberId): () => void;
  /** Each step of the member takes this much longer. */
  slow(id: MemberId, delay: Micros): () => void;
  /** Restart under the old id and flags over an empty disk (a Raft member must refuse: MEMBER_WIPED). */
  amnesia(id: MemberId): void;
  clockStep(id: MemberId, forward: Micros): void;
  /** Rate error in ppm from now on. */
  clockDrift(id: MemberId, ppm: number): () => void;
  clockFreeze(id: MemberId): () => void;
  /** False when the atlas forbids it (too few intact copies) or there was nothing to damage. */
  disk(id: MemberId, fault: DiskFault): boolean;
  /** Run something later (keyed by the fault, survives crashes). */
  after(delay: Micros, action: () => void): void;
  /** When the predicate first holds after a step of any member, within `within`; else `otherwise` runs. */
  when(predicate: () => boolean, within: Micros, action: () => void, otherwise?: () => void): void;
  /** True while a persist of this member is outstanding. */
  isPersisting(id: MemberId): boolean;
  /** A client workload change: pause all clients, or change the rate (ppm of the planned). */
  tuneClients(ratePpm: number): () => void;
  /** What a deferred part of a fault did at last, and the classes it counts as: told to observers like an injection. */
  report(fault: string, sentence: string, classes: readonly string[]): void;
  /** May this member's disk be damaged or lost now? The atlas (atlas.ts) says no when recovery would become impossible. */
  permits(id: MemberId): boolean;
  /** Whose disk is damaged or lost and not whole again (the atlas): whoever changes the membership must not count on them. */
  readonly impaired: readonly MemberId[];
}

/** What only a Raft cluster bears: groups `raft` and `membership`, and disks that are replaced. */
export interface RaftFaultWorld extends FaultWorld {
  /** Crash and lose the disk. The id never answers again; a fresh member (new id) asks to join as learner after `rejoinAfter`. */
  wipe(id: MemberId, rejoinAfter: Micros): void;
  /** A new, empty member outside every configuration; returns its id. */
  spawn(): MemberId;
  /** An operator's request to whoever leads (retried until definite or 5 s pass); outcomes are counted, never assumed. */
  changeMembership(changes: readonly MemberChange[], mode: 'single' | 'joint' | 'explicit'): void;
  ask(id: MemberId, request: ClientRequest): void;
  campaign(id: MemberId): void;
  /** Member `id` is told that the process of `gone` is gone, whether it is or not. */
  hears(id: MemberId, gone: MemberId): void;
  replica(id: MemberId): Replica | null;
}

/** Inject returns its heal (called at the end of the window, in liveness mode for the core only, or never), plus a sentence for people. */
export interface Injected {
  readonly sentence: string;
  readonly heal?: () => void;
  /** The classes it counts as for the vacuity guard; [the fault's name] when absent. Empty: it counts later, through `report`. */
  readonly classes?: readonly string[];
}

export interface Fault<Parameters = Record<string, unknown>, W extends FaultWorld = FaultWorld> {
  /** = the file's name, and the key in scenario files. */
  readonly name: string;
  readonly group: FaultGroup;
  /** One line for --help. */
  readonly summary: string;
  /** Written by people (durations and ratios with units); its output, the plan's form, is integers of microseconds and ppm. */
  readonly schema: ZodType<Parameters>;
  /** The parameter that may stand directly under the fault's name: `crash: leader` is `crash: { target: leader }`. */
  readonly subject?: string;
  /**
   * Forms that are switched on and counted apart: the classes are `name:variant` for each. Absent: one class, the name.
   * Classes are what swarm switches and what the vacuity guard demands (index.ts, FAULT_CLASSES).
   */
  readonly variants?: readonly string[];
  /** Shortest and longest window drawn for it, in microseconds. Absent: it needs no healing, or heals itself. */
  readonly window?: readonly [number, number];
  /** Draw parameters (the plan's form) for swarm, of one of its variants if it has any. */
  draw(draw: Draw, variant?: string): Parameters;
  /** Null: nothing to do now (no such target); it then does not count. */
  inject(world: W, parameters: Parameters, draw: Draw): Injected | null;
}
