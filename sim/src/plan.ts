/**
 * Seed -> plan -> run: everything a run will do, decided before it starts, as plain JSON. Times in integer microseconds of true time,
 * ratios as integers in parts per million, so that no float formatting can differ between engines.
 */
import type { RaftConfig } from '@seedraft/core';

export interface LatencyKnobs {
  readonly distribution: 'uniform' | 'exponential' | 'bimodal';
  readonly minimum: number;
  readonly mean: number;
}

export interface NetworkKnobs {
  readonly latency: LatencyKnobs;
  /** Each link's latency is scaled by its own factor from [1/x, x], in ppm of 1; 1_000_000: symmetric. */
  readonly asymmetry: number;
  readonly drop: number;
  readonly duplicate: number;
  /** A message may be delayed up to this much more, out of order. 0: links are FIFO. */
  readonly reorder: number;
  readonly reorderWindow: number;
  readonly corrupt: number;
  readonly truncate: number;
  /** Messages in flight per link; beyond it a random one is evicted. */
  readonly capacity: number;
}

export interface DiskKnobs {
  readonly write: LatencyKnobs;
  readonly fsync: LatencyKnobs;
  readonly read: LatencyKnobs;
  /** At a crash, unsynced data is: kept, dropped, torn (relative weights). */
  readonly crash: { readonly kept: number; readonly dropped: number; readonly torn: number };
}

export interface WorkloadPlan {
  /**
   * `ring`, `expiry`, `sketches`: of the built-in machine, with models of their own (systems/). `own`: of a user's machine, that the run is given;
   * `protocol`: of a user's protocol, and then nothing in the run is Raft.
   */
  readonly kind: 'kv' | 'register' | 'ring' | 'expiry' | 'sketches' | 'own' | 'protocol' | 'none';
  readonly clients: number;
  /** Operations a second, over all clients. */
  readonly rate: number;
  readonly keys: number;
  /** 0: uniform; otherwise this share (ppm) of operations goes to key 0. */
  readonly skew: number;
  /** Relative weights, any may be 0. */
  readonly mix: {
    readonly get: number;
    readonly put: number;
    readonly cas: number;
    readonly delete: number;
    readonly expire: number;
    readonly batch: number;
    /** kv: counters. */
    readonly increment?: number | undefined;
    /** kv: a swap as a transaction with a guard. */
    readonly transact?: number | undefined;
    /** expiry: deadlines set and taken away. */
    readonly touch?: number | undefined;
    /** ring: nodes that come. sketches: elements. */
    readonly add?: number | undefined;
    /** ring: nodes that go. sketches: whole ones. */
    readonly remove?: number | undefined;
    /** sketches: unions. */
    readonly merge?: number | undefined;
  };
  readonly reads: { readonly linearizable: number; readonly lease: number; readonly stale: number };
  readonly valueBytes: number;
  readonly timeout: number;
  /** Retry an unknown or timed-out command under its session. */
  readonly retries: number;
  /** Share (ppm) of submissions sent twice. */
  readonly duplicates: number;
  /** Share (ppm) of clients without a session (they never retry an unknown). */
  readonly sessionless: number;
  /** Share (ppm) of clients that only read, and go on asking the member they asked before: they hear a deposed leader out. */
  readonly readers: number;
  readonly sessionTimeout: number;
}

/** One fault: injected at `at`, healed `duration` later (0: instantaneous, or left to its own healing). */
export interface FaultPlan {
  /** Stable within the plan: shrinking drops faults by id, and draws are keyed by it. */
  readonly id: number;
  readonly at: number;
  readonly duration: number;
  /** The name of a file in faults/. */
  readonly fault: string;
  /** What that file's schema says. Targets may still be words (`leader`); they resolve when the fault fires. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface MemberPlan {
  readonly name: string;
  readonly learner: boolean;
  readonly clock: { readonly offset: number; readonly drift: number };
  /** Terms of a log it starts with (the paper's figures), and its vote; null: empty. */
  readonly log: readonly number[] | null;
  readonly term: number;
}

export interface Plan {
  readonly version: 1;
  readonly scenario: string;
  readonly seed: string;
  /** The expanded seed: every draw of the run is keyed by it. */
  readonly root: readonly [number, number, number, number];
  /** Fault classes the seed switched on. */
  readonly swarm: readonly string[];
  readonly members: readonly MemberPlan[];
  readonly raft: RaftConfig;
  readonly snapshot: {
    readonly everyEntries: number;
    readonly everyBytes: number;
    readonly keep: number;
  };
  /**
   * A member works in turns, as the real node does: it gathers what comes for up to this long, drawn for each turn, and carries all of it
   * out in one go, its clients' requests as one. 0: each input on its own, the moment it comes.
   */
  readonly turn: number;
  /** The first configuration binds no id to a disk: the first leader has to. */
  readonly unbound?: boolean;
  /** Through real frames and real disk bytes, or by reference. */
  readonly bytes: boolean;
  readonly network: NetworkKnobs;
  readonly disk: DiskKnobs;
  readonly workload: WorkloadPlan;
  readonly faults: readonly FaultPlan[];
  /** Length of the safety phase. */
  readonly duration: number;
  /** Run the liveness phase after it. */
  readonly liveness: boolean;
  /** Clocks stray beyond the drift bound that leases assume: lease reads are not claimed safe. */
  readonly beyondDriftBound: boolean;
  /** Also judge the whole history by the black-box search. */
  readonly blackBox: boolean;
  readonly limits: {
    readonly maxEvents: number;
    readonly maxSimulatedTime: number;
    readonly livelock: number;
  };
  /** Steps (schedule/step.ts) that are played one after another, without time; then nothing else happens: no faults, clients, network. */
  readonly schedule?: readonly string[];
  readonly expect: 'pass' | { readonly violation: string };
}
