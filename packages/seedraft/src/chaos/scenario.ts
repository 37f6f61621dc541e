/**
 * Which scenario files run on real processes too. Whatever a file says either happens here as it does in the simulator, or is refused by name:
 * a story half told would be taken for one that passed. Real time, disks and clocks cannot be ordered about; those faults are the simulator's.
 */
import {
  defineScenario,
  faultNamed,
  formatDuration,
  isBuiltInSystem,
  type Plan,
  type Scenario,
  scenarioToPlan,
} from '@seedraft/sim';

/** A fault of a scenario file in this world: whether its parameters can be had. A sentence says why not. */
type Support = (parameters: Readonly<Record<string, unknown>>) => string | null;

const always: Support = () => null;

const killed: Support = ({ disk, when }) => {
  if (when !== undefined) return `when: ${String(when)}: nobody sees that moment from outside`;
  if (disk === 'kept' || disk === 'drawn') return null;
  return `disk: ${String(disk)}: a killed process leaves to the system what it wrote`;
};

const partition: Support = ({ shape, types, clients }) => {
  if (types !== undefined) return 'types: a proxy sees bytes, not messages';
  const isAboutClients = shape === 'clients-cut-off' || clients === true;
  return isAboutClients ? 'clients: no proxy stands between clients and members' : null;
};

const NOT_OF_TCP = ['duplicate', 'reorder', 'reorderWindow', 'corrupt', 'truncate', 'capacity'];

const network: Support = (parameters) => {
  const given = NOT_OF_TCP.find((name) => parameters[name] !== undefined);
  return given === undefined ? null : `${given}: TCP neither repeats, reorders nor damages`;
};

/** By the names of the simulator's faults; whoever is absent is the simulator's alone. */
const SUPPORTED: Readonly<Record<string, Support>> = {
  network,
  clog: always,
  swizzle: always,
  hold: always,
  partition,
  crash: killed,
  'crash-all': killed,
  pause: always,
  wipe: always,
  add: always,
  remove: always,
  replace: always,
  promote: always,
  demote: always,
  transfer: always,
  snapshot: always,
  'client-storm': always,
};

/** Election timeouts where nobody says otherwise: processes of a busy machine are late by more than simulated ones. */
export const ELECTION_TIMEOUT = [300, 600] as const;
const HEARTBEAT = 60;

/** Everything the file says that only the simulator has, each with its place; empty: it can run here. */
export function refusalsOf(scenario: Scenario): string[] {
  const { cluster, workload, swarm, clocks, disk, expect } = scenario;
  const refusals = [
    ...faultRefusals(scenario),
    ...raftRefusals(cluster),
    ...networkRefusals(scenario),
  ];
  const refuse = (path: string, given: unknown, why: string): void => {
    if (given !== undefined) refusals.push(`${path}: ${why}`);
  };
  if (swarm.length > 0) {
    refuse(
      'swarm',
      swarm,
      'what a seed draws for the simulator does not all exist here (--faults)',
    );
  }
  if (Object.keys(clocks).length > 0) refuse('clocks', clocks, 'real clocks obey nobody');
  if (Object.values(disk).some((knob) => knob !== undefined)) {
    refuse('disk', disk, 'real disks obey nobody');
  }
  if (workload.kind === 'own' || workload.kind === 'protocol')
    refuse('workload.kind', workload.kind, 'members here run the built-in machine');
  if (workload.kind !== undefined && isBuiltInSystem(workload.kind))
    refuse('workload.kind', workload.kind, 'not in this workload');
  if (expect !== 'pass') refuse('expect', expect, 'a run here is to pass');
  if ((cluster.learners ?? 0) > 0) refuse('cluster.learners', 1, 'let them join: add');
  for (const key of ['logs', 'terms'] as const) {
    refuse(`cluster.${key}`, cluster[key], 'real members begin with nothing');
  }
  refuse('cluster.turn', cluster.turn, 'real members always work in turns');
  refuse('cluster.snapshot.keep', cluster.snapshot?.keep, 'serve has no such setting');
  for (const key of [
    'retries',
    'duplicates',
    'sessionless',
    'readers',
    'sessionTimeout',
  ] as const) {
    refuse(`workload.${key}`, workload[key], 'the real client decides that by itself');
  }
  for (const key of [
    'expire',
    'batch',
    'increment',
    'transact',
    'touch',
    'add',
    'remove',
  ] as const) {
    if ((workload.mix?.[key] ?? 0) > 0) refuse(`workload.mix.${key}`, 1, 'not in this workload');
  }
  for (const key of ['lease', 'stale'] as const) {
    if ((workload.reads?.[key] ?? 0) > 0)
      refuse(`workload.reads.${key}`, 1, 'reads here are linearizable');
  }
  return refusals;
}

function faultRefusals({ faults }: Scenario): string[] {
  return faults.flatMap(({ fault, at, parameters }, place) => {
    const support = SUPPORTED[fault];
    const why = support === undefined ? (faultNamed(fault)?.summary ?? fault) : support(parameters);
    if (why === null) return [];
    return [`faults[${place}] (at ${formatDuration(at)}): only the simulator has ${fault}: ${why}`];
  });
}

/** What `serve` does anyway. */
const AS_SERVED: Readonly<Record<string, unknown>> = { preVote: true, checkQuorum: true };

function raftRefusals({ raft = {} }: Scenario['cluster']): string[] {
  const { electionTimeout, heartbeatInterval: _, ...others } = raft;
  const refusals = Object.entries(others)
    .filter(([key, value]) => value !== undefined && value !== AS_SERVED[key])
    .map(([key]) => `cluster.raft.${key}: serve has no such setting`);
  if (electionTimeout !== undefined && electionTimeout[1] !== 2 * electionTimeout[0]) {
    refusals.push('cluster.raft.electionTimeout: serve waits from one time to twice that time');
  }
  return refusals;
}

function networkRefusals({ network: knobs }: Scenario): string[] {
  const why =
    network(knobs) ??
    (knobs.asymmetry === undefined ? null : 'asymmetry: the links here are all alike');
  return why === null ? [] : [`network: only the simulator has ${why}`];
}

/** What a scenario plans for this world. Only for one without refusals. */
export function chaosPlan(scenario: Scenario, seed: string): Plan {
  const plan = scenarioToPlan(scenario, seed);
  const { electionTimeout, heartbeatInterval } = scenario.cluster.raft ?? {};
  const [shortest, longest] = electionTimeout ?? ELECTION_TIMEOUT;
  const raft = {
    ...plan.raft,
    electionTimeoutMin: shortest,
    electionTimeoutMax: longest,
    heartbeatInterval: heartbeatInterval ?? Math.min(HEARTBEAT, Math.floor(shortest / 5)),
  };
  return { ...plan, raft };
}

/** The scenario that flags describe; its faults are drawn apart. */
export function flagScenario(asked: {
  readonly members: number;
  readonly clients: number;
  readonly rate: number;
  readonly milliseconds: number;
}): Scenario {
  return defineScenario({
    name: 'chaos',
    cluster: { voters: asked.members, snapshot: { everyEntries: 500 } },
    workload: {
      kind: 'kv',
      clients: asked.clients,
      rate: asked.rate,
      keys: 5,
      mix: { get: 4, put: 4, cas: 2 },
      for: `${asked.milliseconds}ms`,
    },
  });
}
