/**
 * What a scenario file may say: one cluster, its weather, one workload, faults in order, and what is drawn from the seed. Strict: an
 * unknown key is an error. The schema's output (`Scenario`) holds the plan's integers; what a file leaves out stays out, and draw-plan.ts
 * fills it in, from the calm defaults or from the seed.
 */
import { z } from 'zod';
import { knobFields, latencySchema } from '../faults/network.ts';
import { EXPECTED_STEP, parseStep } from '../schedule/parse.ts';
import { type FaultLine, faultLine } from './fault-line.ts';
import { drift, duration, factor, ratio } from './units.ts';

const name = z.string().regex(/^n[1-9][0-9]*$/, 'expected a member: n1, n2, ...');
const terms = z.array(z.int().min(1)).max(1_000);
const weight = z.int().min(0).max(1_000);

/** Raft's own knobs take whole milliseconds: `150` or `150ms`. */
function milliseconds() {
  return z.union([
    z.int().min(1).max(3_600_000),
    duration().transform((micros) => Math.round(micros / 1000)),
  ]);
}

const raftSchema = z.strictObject({
  /** Drawn per wait from [shortest, longest]. */
  electionTimeout: z.tuple([milliseconds(), milliseconds()]).optional(),
  heartbeatInterval: milliseconds().optional(),
  preVote: z.boolean().optional(),
  checkQuorum: z.boolean().optional(),
  leaseReads: z.boolean().optional(),
  clockDriftBound: ratio().optional(),
  maxInflightMessages: z.int().min(1).optional(),
  maxInflightBytes: z.int().min(1).optional(),
  maxAppendEntries: z.int().min(1).optional(),
  maxAppendBytes: z.int().min(1).optional(),
  maxEntryBytes: z.int().min(1).optional(),
  maxUncommittedBytes: z.int().min(1).optional(),
  maxLogBytes: z.int().min(1).optional(),
  snapshotChunkBytes: z.int().min(1).optional(),
  autoPromote: z.boolean().optional(),
  forwardProposals: z.boolean().optional(),
  maxForwardHops: z.int().min(0).optional(),
  transferTimeout: milliseconds().optional(),
});

const clusterSchema = z.strictObject({
  voters: z.int().min(1).max(15).optional(),
  learners: z.int().min(0).max(15).optional(),
  raft: raftSchema.optional(),
  snapshot: z
    .strictObject({
      everyEntries: z.int().min(1).optional(),
      everyBytes: z.int().min(1).optional(),
      keep: z.int().min(0).optional(),
    })
    .optional(),
  /** Members work in turns, as the real node does: what comes within up to this long is carried out in one go. */
  turn: duration().optional(),
  /** Nobody's id is bound to a disk yet, as when a cluster is begun from a list of addresses: the leader binds them as it hears them. */
  unbound: z.boolean().optional(),
  /** Terms of the entries a member starts with: `n1: [1, 1, 4]`. */
  logs: z.record(name, terms).optional(),
  /** The currentTerm a member starts with; by default the term of its last entry. */
  terms: z.record(name, z.int().min(0)).optional(),
});

const networkSchema = z.strictObject({
  ...knobFields,
  /** Each link's latency is scaled by its own factor from [1/x, x]. */
  asymmetry: factor().optional(),
});

const diskSchema = z.strictObject({
  write: latencySchema.optional(),
  fsync: latencySchema.optional(),
  read: latencySchema.optional(),
  crash: z.strictObject({ kept: weight, dropped: weight, torn: weight }).optional(),
});

const workloadSchema = z.strictObject({
  kind: z
    .enum(['kv', 'register', 'ring', 'expiry', 'sketches', 'own', 'protocol', 'none'])
    .optional(),
  clients: z.int().min(0).max(1_000).optional(),
  /** Operations a second, over all clients. */
  rate: z.int().min(0).max(100_000).optional(),
  keys: z.int().min(1).max(1_000_000).optional(),
  /** This share of operations goes to one key. */
  skew: ratio().optional(),
  mix: z
    .strictObject({
      get: weight.default(0),
      put: weight.default(0),
      cas: weight.default(0),
      delete: weight.default(0),
      expire: weight.default(0),
      batch: weight.default(0),
      increment: weight.optional(),
      transact: weight.optional(),
      touch: weight.optional(),
      add: weight.optional(),
      remove: weight.optional(),
      merge: weight.optional(),
    })
    .optional(),
  reads: z
    .strictObject({
      linearizable: weight.default(0),
      lease: weight.default(0),
      stale: weight.default(0),
    })
    .optional(),
  valueBytes: z.int().min(0).max(1_000_000).optional(),
  timeout: duration().optional(),
  retries: z.int().min(0).max(1_000).optional(),
  duplicates: ratio().optional(),
  sessionless: ratio().optional(),
  readers: ratio().optional(),
  sessionTimeout: duration().optional(),
  /** Length of the run, before it is asked to become live again. */
  for: duration().optional(),
});

/** What may be left to the seed. `cluster` draws the number of members; `raft` its knobs. */
export const SWARM_GROUPS = [
  'cluster',
  'network',
  'partition',
  'process',
  'clock',
  'disk',
  'raft',
  'membership',
  'clients',
] as const;
export type SwarmGroup = (typeof SWARM_GROUPS)[number];

export const scenarioSchema = z.strictObject({
  name: z.string().min(1),
  story: z.string().min(1).optional(),
  cluster: clusterSchema.default({}),
  network: networkSchema.default({}),
  disk: diskSchema.default({}),
  clocks: z
    .record(name, z.strictObject({ offset: duration().default(0), drift: drift().default(0) }))
    .default({}),
  workload: workloadSchema.default({}),
  faults: z.array(faultLine()).default([]),
  /** Instead of time, faults and a workload: what happens, step by step. */
  schedule: z
    .array(z.string().refine((text) => parseStep(text) !== null, EXPECTED_STEP))
    .max(100_000)
    .optional(),
  swarm: z
    .union([z.enum(['all', 'none']), z.array(z.enum(SWARM_GROUPS))])
    .default('none')
    .transform((written): readonly SwarmGroup[] =>
      written === 'all' ? SWARM_GROUPS : written === 'none' ? [] : written,
    ),
  /** Through real frames and real disk bytes, or by reference; decided by the seed when left out. */
  bytes: z.boolean().optional(),
  /** Also judge the whole history by black-box search; decided by the seed when left out. */
  blackBox: z.boolean().optional(),
  /** Afterwards a healed core must become a working cluster again. */
  liveness: z.boolean().default(true),
  expect: z
    .union(
      [
        z.literal('pass'),
        z.string().regex(/^violation \S.*$/, 'expected pass, or a rule: violation S16'),
      ],
      {
        error: 'expected pass, or a rule: violation S16',
      },
    )
    .default('pass')
    .transform((written) =>
      written === 'pass' ? ('pass' as const) : { violation: written.slice('violation '.length) },
    ),
});

/** What people write, in YAML, JSON or TypeScript. */
export type ScenarioInput = Omit<z.input<typeof scenarioSchema>, 'faults'> & {
  readonly faults?: readonly FaultLineInput[];
};
/** One fault: when, for how long, and one key that names it, with its parameters beside or below that. */
export type FaultLineInput = {
  readonly at?: string | 0;
  readonly for?: string | 0;
  readonly id?: number;
} & {
  readonly [key: string]: unknown;
};
/** A valid scenario, in the plan's units. */
export type Scenario = Omit<z.output<typeof scenarioSchema>, 'faults'> & {
  readonly faults: readonly FaultLine[];
};
