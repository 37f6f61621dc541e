/**
 * What a run is like when neither the file nor the seed says otherwise: five members, a good network, a good disk. Written out here and
 * not taken from the core's defaults, so that a change of those does not change what old scenarios mean.
 */
import type { RaftConfig } from '@seedraft/core';
import type { DiskKnobs, NetworkKnobs, Plan, WorkloadPlan } from '../plan.ts';

export const DEFAULTS = {
  voters: 5,
  duration: 20_000_000,
  electionTimeout: [150, 300] as readonly [number, number],
  heartbeatInterval: 50,
} as const;

export const CALM_RAFT: RaftConfig = {
  electionTimeoutMin: DEFAULTS.electionTimeout[0],
  electionTimeoutMax: DEFAULTS.electionTimeout[1],
  heartbeatInterval: DEFAULTS.heartbeatInterval,
  preVote: true,
  checkQuorum: true,
  leaseReads: false,
  clockDriftBound: 0.001,
  maxInflightMessages: 16,
  maxInflightBytes: 4_194_304,
  maxAppendEntries: 256,
  maxAppendBytes: 262_144,
  maxEntryBytes: 1_048_576,
  maxUncommittedBytes: 16_777_216,
  maxLogBytes: 67_108_864,
  snapshotChunkBytes: 65_536,
  autoPromote: false,
  forwardProposals: false,
  maxForwardHops: 2,
  transferTimeout: 1_000,
};

export const CALM_NETWORK: NetworkKnobs = {
  latency: { distribution: 'uniform', minimum: 1_000, mean: 3_000 },
  asymmetry: 1_000_000,
  drop: 0,
  duplicate: 0,
  reorder: 0,
  reorderWindow: 0,
  corrupt: 0,
  truncate: 0,
  capacity: 1_000,
};

export const CALM_DISK: DiskKnobs = {
  write: { distribution: 'uniform', minimum: 20, mean: 50 },
  fsync: { distribution: 'uniform', minimum: 200, mean: 500 },
  read: { distribution: 'uniform', minimum: 50, mean: 100 },
  crash: { kept: 1, dropped: 1, torn: 1 },
};

export const CALM_WORKLOAD: WorkloadPlan = {
  kind: 'kv',
  clients: 4,
  rate: 40,
  keys: 5,
  skew: 0,
  mix: { get: 5, put: 4, cas: 1, delete: 0, expire: 0, batch: 0 },
  reads: { linearizable: 1, lease: 0, stale: 0 },
  valueBytes: 16,
  timeout: 2_000_000,
  retries: 5,
  duplicates: 0,
  sessionless: 0,
  readers: 0,
  sessionTimeout: 60_000_000,
};

export const CALM_SNAPSHOT: Plan['snapshot'] = {
  everyEntries: 1_000,
  everyBytes: 16_777_216,
  keep: 100,
};
