/** Plans for the engine's tests, written out: nothing here is drawn, so a test says all that its run does. */
import { defaultConfig } from '@seedraft/core';
import { expandSeed, type FaultPlan, faultNamed, type Plan } from '@seedraft/sim';

const LATENCY = { distribution: 'uniform', minimum: 50, mean: 200 } as const;

export interface PlanOverrides extends Partial<Omit<Plan, 'workload' | 'network' | 'raft'>> {
  readonly voters?: number;
  readonly workload?: Partial<Plan['workload']>;
  readonly network?: Partial<Plan['network']>;
  readonly raft?: Partial<Plan['raft']>;
}

/** Three calm members and four clients for five seconds, unless told otherwise. */
export function plainPlan(seed: string, overrides: PlanOverrides = {}): Plan {
  const { voters = 3, workload, network, raft, ...rest } = overrides;
  return {
    version: 1,
    scenario: 'engine test',
    seed,
    root: expandSeed(seed),
    swarm: [],
    members: Array.from({ length: voters }, (_, n) => ({
      name: `n${n + 1}`,
      learner: false,
      clock: { offset: n * 1_234_567, drift: n * 10 },
      log: null,
      term: 0,
    })),
    raft: { ...defaultConfig, ...raft },
    snapshot: { everyEntries: 10_000, everyBytes: 10_000_000, keep: 100 },
    turn: 0,
    bytes: false,
    network: {
      latency: { distribution: 'exponential', minimum: 1000, mean: 5000 },
      asymmetry: 1_000_000,
      drop: 0,
      duplicate: 0,
      reorder: 0,
      reorderWindow: 0,
      corrupt: 0,
      truncate: 0,
      capacity: 64,
      ...network,
    },
    disk: {
      write: LATENCY,
      fsync: { distribution: 'exponential', minimum: 100, mean: 1000 },
      read: LATENCY,
      crash: { kept: 1, dropped: 1, torn: 1 },
    },
    workload: {
      kind: 'kv',
      clients: 4,
      rate: 100,
      keys: 5,
      skew: 0,
      mix: { get: 5, put: 4, cas: 2, delete: 1, expire: 1, batch: 1 },
      reads: { linearizable: 4, lease: 0, stale: 1 },
      valueBytes: 16,
      timeout: 1_000_000,
      retries: 3,
      duplicates: 50_000,
      sessionless: 250_000,
      readers: 0,

      sessionTimeout: 60_000_000,
      ...workload,
    },
    faults: [],
    duration: 5_000_000,
    liveness: true,
    beyondDriftBound: false,
    blackBox: true,
    limits: { maxEvents: 5_000_000, maxSimulatedTime: 600_000_000, livelock: 100_000 },
    expect: 'pass',
    ...rest,
  };
}

/** A planned fault, its parameters as people write them and checked as a scenario's are. Times in microseconds. */
export function plannedFault(
  id: number,
  at: number,
  name: string,
  parameters: Record<string, unknown> = {},
  duration = 0,
): FaultPlan {
  const fault = faultNamed(name);
  if (fault === null) throw new Error(`no fault is named ${name}`);
  return { id, at, duration, fault: name, parameters: fault.schema.parse(parameters) };
}
