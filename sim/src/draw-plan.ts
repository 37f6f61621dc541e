/**
 * Seed -> plan: what a scenario fixes stays, what it leaves to the seed is drawn, the rest is calm. The same scenario and seed give the
 * same plan, byte for byte; draws are keyed by purpose, so new knobs and faults leave old draws as they were.
 */
import type { RaftConfig } from '@seedraft/core';
import type { Draw } from './faults/fault.ts';
import { KNOB_CLASSES, type KnobClass } from './faults/index.ts';
import type { OwnSystem } from './own/system.ts';
import type { FaultPlan, MemberPlan, NetworkKnobs, Plan, WorkloadPlan } from './plan.ts';
import { isProtocol, sizesOf } from './protocol/contract.ts';
import { classesFor } from './protocol/nemesis.ts';
import type { Protocol } from './protocol/protocol.ts';
import { expandSeed, Randomness } from './random.ts';
import {
  CALM_DISK,
  CALM_NETWORK,
  CALM_RAFT,
  CALM_SNAPSHOT,
  CALM_WORKLOAD,
  DEFAULTS,
} from './scenario/defaults.ts';
import {
  drawClock,
  drawDisk,
  drawDuration,
  drawMembership,
  drawNetwork,
  drawRaft,
  drawSnapshot,
  drawTurn,
  drawWorkload,
  type Switches,
} from './scenario/knobs.ts';
import type { Scenario } from './scenario/schema.ts';
import { drawFaults, drawMood, drawSwitches, touchesDisk } from './scenario/swarm.ts';

export interface PlanOptions {
  /** For a machine of the user's: wherever the plan has operations, they are its. */
  readonly own?: boolean;
  /** For a protocol of the user's: the plan is about it, and has nothing of Raft's drawn. */
  readonly protocol?: Protocol;
}

/** What a plan must know of the user's system, if there is one. */
export function planOptionsOf(own: OwnSystem | Protocol | null | undefined): PlanOptions {
  if (own === null || own === undefined) return {};
  return isProtocol(own) ? { protocol: own } : { own: true };
}

/** The explicit plan of one run of this scenario. */
export function scenarioToPlan(scenario: Scenario, seed: string, options: PlanOptions = {}): Plan {
  const { protocol } = options;
  return protocol === undefined
    ? planCluster(scenario, seed, options.own ?? false)
    : planProtocol(scenario, seed, protocol);
}

function planCluster(scenario: Scenario, seed: string, own: boolean): Plan {
  const root = expandSeed(seed);
  const randomness = new Randomness(root);
  const draw = randomness.draw('plan', 0);
  const mood = drawMood(draw);
  const swarm = drawSwitches(draw, mood, scenario.swarm);
  const switches = new Set(swarm);
  const leaves = (group: Scenario['swarm'][number]): boolean => scenario.swarm.includes(group);

  const network = planNetwork(scenario, leaves('network') ? drawNetwork(draw, switches) : null);
  const disk = {
    ...(leaves('disk') ? drawDisk(draw, switches) : CALM_DISK),
    ...given(scenario.disk),
  };
  const unbound = scenario.cluster.unbound ?? (leaves('cluster') && switches.has('unbound'));
  const turn = scenario.cluster.turn ?? (leaves('raft') ? drawTurn(draw, switches) : 0);
  const raft = planRaft(
    scenario,
    leaves('raft') ? drawRaft(draw, switches, { network, disk, turn }) : CALM_RAFT,
  );
  const drawn = leaves('clients') ? drawWorkload(draw, switches, raft, network) : CALM_WORKLOAD;
  const workload = planWorkload(scenario, drawn, own);
  const members = planMembers(scenario, draw, switches, raft);
  const duration =
    scenario.workload.for ?? (leaves('clients') ? drawDuration(draw) : DEFAULTS.duration);
  const honest = draw.chance('honest clocks', 500_000);
  // What the file tells is told, whatever it does to the clocks.
  const faults = planFaults(scenario, randomness, mood, switches, duration).filter(
    (planned, place) => place < scenario.faults.length || !(honest && straysBeyond(planned, raft)),
  );
  return {
    version: 1,
    scenario: scenario.name,
    seed,
    root,
    swarm,
    members,
    raft,
    snapshot: {
      ...(leaves('raft') ? drawSnapshot(draw, switches) : CALM_SNAPSHOT),
      ...given(scenario.cluster.snapshot ?? {}),
    },
    turn,
    ...(unbound && { unbound }),
    bytes:
      scenario.bytes ??
      (scenario.schedule === undefined && (touchesDisk(faults) || draw.chance('bytes', 100_000))),
    network,
    disk,
    workload,
    faults,
    duration,
    liveness: scenario.liveness,
    beyondDriftBound: isBeyondDriftBound(members, faults, raft),
    blackBox: scenario.blackBox ?? drawBlackBox(draw, workload, duration),
    limits: limitsOf(duration),
    ...(scenario.schedule !== undefined && { schedule: scenario.schedule }),
    expect: scenario.expect,
  };
}

/** As for a cluster, without what is Raft's: its knobs, snapshots, turns and membership stay calm, and its faults are never drawn. */
function planProtocol(scenario: Scenario, seed: string, protocol: Protocol): Plan {
  const root = expandSeed(seed);
  const randomness = new Randomness(root);
  const draw = randomness.draw('plan', 0);
  const mood = drawMood(draw);
  const classes = classesFor(protocol);
  const swarm = drawSwitches(draw, mood, scenario.swarm, classes);
  const switches = new Set(swarm);
  const leaves = (group: Scenario['swarm'][number]): boolean => scenario.swarm.includes(group);

  const network = planNetwork(scenario, leaves('network') ? drawNetwork(draw, switches) : null);
  const drawn = leaves('clients')
    ? drawWorkload(draw, switches, CALM_RAFT, network)
    : CALM_WORKLOAD;
  const workload = planWorkload(scenario, ofProtocol(drawn), false);
  const duration =
    scenario.workload.for ?? (leaves('clients') ? drawDuration(draw) : DEFAULTS.duration);
  const members = planPeers(scenario, draw, switches, protocol);
  const words = protocol.leads === undefined ? LEADERLESS : LEADING;
  const told = scenario.faults.length;
  const faults = planFaults(scenario, randomness, mood, switches, duration).map((planned, place) =>
    place < told ? planned : spokenOf(planned, words, protocol, randomness),
  );
  return {
    version: 1,
    scenario: scenario.name,
    seed,
    root,
    swarm,
    members,
    raft: CALM_RAFT,
    snapshot: CALM_SNAPSHOT,
    turn: 0,
    bytes: scenario.bytes ?? draw.chance('bytes', 250_000),
    network,
    disk: { ...(leaves('disk') ? drawDisk(draw, switches) : CALM_DISK), ...given(scenario.disk) },
    workload: { ...workload, kind: 'protocol' },
    faults,
    duration,
    liveness: scenario.liveness,
    beyondDriftBound: isBeyondDriftBound(members, faults, CALM_RAFT),
    blackBox: false,
    limits: limitsOf(duration),
    expect: scenario.expect,
  };
}

/** Of a drawn workload what clients of a protocol have: how many, how often, on which keys, how patient. */
function ofProtocol({ clients, rate, keys, skew, timeout, retries }: WorkloadPlan): WorkloadPlan {
  return { ...CALM_WORKLOAD, kind: 'protocol', clients, rate, keys, skew, timeout, retries };
}

function planPeers(
  { cluster, swarm, clocks }: Scenario,
  draw: Draw,
  switches: Switches,
  protocol: Protocol,
): MemberPlan[] {
  const [fewest, most] = sizesOf(protocol);
  const drawn = swarm.includes('cluster') ? draw.between('members', fewest, most) : fewest;
  return Array.from({ length: cluster.voters ?? drawn }, (_, index): MemberPlan => {
    const name = `n${index + 1}`;
    const clock = clocks[name] ?? drawClock(draw, switches, name, CALM_RAFT.clockDriftBound);
    return { name, learner: false, clock, log: null, term: 0 };
  });
}

/** Whom a drawn fault hits, where nobody learns, lags or (in the second) leads. */
const LEADING: Readonly<Record<string, string>> = {
  learner: 'random',
  'lagging follower': 'follower',
};
const LEADERLESS: Readonly<Record<string, string>> = {
  ...LEADING,
  leader: 'random',
  follower: 'random',
  followers: 'minority',
  'lagging follower': 'random',
};

/** A drawn fault in the words of this protocol: whom it hits, and which messages it is about. */
function spokenOf(
  planned: FaultPlan,
  words: Readonly<Record<string, string>>,
  { messages }: Protocol,
  randomness: Randomness,
): FaultPlan {
  const parameters = reworded(planned.parameters, words);
  if (parameters.types === undefined) return { ...planned, parameters };
  const types = [randomness.draw('plan.types', planned.id).pick('type', messages)];
  return { ...planned, parameters: { ...parameters, types } };
}

function reworded(
  parameters: FaultPlan['parameters'],
  words: Readonly<Record<string, string>>,
): FaultPlan['parameters'] {
  const entries = Object.entries(parameters).map(([key, value]) => [
    key,
    typeof value === 'string' ? (words[value] ?? value) : value,
  ]);
  return Object.fromEntries(entries);
}

function limitsOf(duration: number): Plan['limits'] {
  return { maxEvents: 2_000_000, maxSimulatedTime: duration + 300_000_000, livelock: 50_000 };
}

/** The plan with what follows from the rest of it: an edited plan is then still one that some scenario gives. */
export function derived(plan: Plan): Plan {
  const { members, faults, raft, duration } = plan;
  const beyondDriftBound = isBeyondDriftBound(members, faults, raft);
  return { ...plan, beyondDriftBound, limits: limitsOf(duration) };
}

/** What was given, without the keys that were left out. */
function given<T extends object>(partial: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(partial)) if (value !== undefined) kept[key] = value;
  return kept as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function planNetwork(scenario: Scenario, drawn: NetworkKnobs | null): NetworkKnobs {
  return { ...(drawn ?? CALM_NETWORK), ...given(scenario.network) };
}

function planRaft(scenario: Scenario, base: RaftConfig): RaftConfig {
  const { electionTimeout, ...rest } = scenario.cluster.raft ?? {};
  const { clockDriftBound, ...fixed } = given(rest);
  return {
    ...base,
    ...(electionTimeout === undefined
      ? {}
      : { electionTimeoutMin: electionTimeout[0], electionTimeoutMax: electionTimeout[1] }),
    // The core wants a plain ratio.
    ...(clockDriftBound === undefined ? {} : { clockDriftBound: clockDriftBound / 1_000_000 }),
    ...fixed,
  };
}

function planWorkload(scenario: Scenario, base: WorkloadPlan, own: boolean): WorkloadPlan {
  const { for: _, ...fixed } = given(scenario.workload);
  const workload = { ...base, ...fixed };
  if (workload.kind === 'none') return { ...workload, clients: 0, rate: 0 };
  return own ? { ...workload, kind: 'own' } : workload;
}

function planMembers(
  scenario: Scenario,
  draw: Draw,
  switches: Switches,
  raft: RaftConfig,
): MemberPlan[] {
  const { cluster, swarm, clocks } = scenario;
  const drawn = swarm.includes('cluster')
    ? drawMembership(draw, switches)
    : { voters: DEFAULTS.voters, learners: 0 };
  const voters = cluster.voters ?? drawn.voters;
  const count = voters + (cluster.learners ?? drawn.learners);
  return Array.from({ length: count }, (_, index): MemberPlan => {
    const name = `n${index + 1}`;
    const log = cluster.logs?.[name] ?? null;
    return {
      name,
      learner: index >= voters,
      clock: clocks[name] ?? drawClock(draw, switches, name, raft.clockDriftBound),
      log,
      term: cluster.terms?.[name] ?? log?.at(-1) ?? 0,
    };
  });
}

/** The scenario's own faults first, with their places in the file as ids unless they bear some. */
function planFaults(
  scenario: Scenario,
  randomness: Randomness,
  mood: Parameters<typeof drawFaults>[1],
  switches: Switches,
  duration: number,
): FaultPlan[] {
  const told = scenario.faults.map(
    (line, place): FaultPlan => ({
      id: line.id ?? place,
      at: line.at,
      duration: line.duration,
      fault: line.fault,
      parameters: line.parameters,
    }),
  );
  const firstFree = told.reduce((most, { id }) => Math.max(most, id + 1), told.length);
  return [...told, ...drawFaults(randomness, mood, switches, duration, firstFree)];
}

/** Does this fault make a clock stray more than leases assume? */
function straysBeyond(planned: FaultPlan, raft: RaftConfig): boolean {
  if (planned.fault === 'clock-step' || planned.fault === 'clock-freeze') return true;
  if (planned.fault !== 'clock-drift') return false;
  return Math.abs(Number(planned.parameters.drift)) > raft.clockDriftBound * 1_000_000;
}

function isBeyondDriftBound(
  members: readonly MemberPlan[],
  faults: readonly FaultPlan[],
  raft: RaftConfig,
): boolean {
  const bound = raft.clockDriftBound * 1_000_000;
  return (
    members.some((member) => Math.abs(member.clock.drift) > bound) ||
    faults.some((planned) => straysBeyond(planned, raft))
  );
}

/** The search over the whole history is affordable on short ones. */
function drawBlackBox(draw: Draw, workload: WorkloadPlan, duration: number): boolean {
  const operations = (workload.rate * duration) / 1_000_000;
  return operations <= 700 || draw.chance('black box', 100_000);
}

/** Knob classes that a plan has on, whether a scenario or the seed decided so: what the vacuity guard counts for each run. */
export function knobClassesOf(plan: Plan): KnobClass[] {
  const { network, raft, workload, disk } = plan;
  const same = (left: unknown, right: unknown): boolean =>
    JSON.stringify(left) === JSON.stringify(right);
  const on: Readonly<Record<KnobClass, boolean>> = {
    latency: !same(network.latency, CALM_NETWORK.latency),
    asymmetry: network.asymmetry !== 1_000_000,
    drop: network.drop > 0,
    duplicate: network.duplicate > 0,
    reorder: network.reorder > 0,
    corrupt: network.corrupt > 0,
    truncate: network.truncate > 0,
    capacity: network.capacity <= 64,
    'clock-offset': plan.members.some(({ clock }) => clock.offset !== 0),
    'clock-skew': plan.members.some(({ clock }) => clock.drift !== 0),
    'disk-latency': !same(disk.fsync, CALM_DISK.fsync),
    'tiny-batch': raft.maxAppendEntries <= 5,
    'tiny-window': raft.maxInflightMessages <= 3,
    'tiny-snapshot-threshold': plan.snapshot.everyEntries <= 50,
    'tiny-entries': raft.snapshotChunkBytes <= 4_096,
    'tight-timeouts': raft.electionTimeoutMin <= 2 * raft.heartbeatInterval,
    'no-pre-vote': !raft.preVote,
    'no-check-quorum': !raft.checkQuorum,
    lease: raft.leaseReads,
    'duplicate-submit': workload.duplicates > 0,
    sessionless: workload.sessionless > 0,
    learners: plan.members.some(({ learner }) => learner),
    turns: plan.turn > 0,
    unbound: plan.unbound === true,
  };
  return KNOB_CLASSES.filter((knob) => on[knob]);
}
