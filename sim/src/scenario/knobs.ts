/**
 * Conditions of a whole run, drawn from the seed: members, clocks, network, disks, Raft's knobs, workload. Each knob class that is off
 * stays calm; each that is on is drawn from its range. Every draw is keyed by its purpose, so a new knob changes no old one.
 */
import type { RaftConfig } from '@seedraft/core';
import type { Draw } from '../faults/fault.ts';
import type { KnobClass } from '../faults/index.ts';
import type {
  DiskKnobs,
  LatencyKnobs,
  MemberPlan,
  NetworkKnobs,
  Plan,
  WorkloadPlan,
} from '../plan.ts';
import { CALM_DISK, CALM_NETWORK, CALM_RAFT, CALM_SNAPSHOT, DEFAULTS } from './defaults.ts';

/** Which knob classes this seed has switched on. */
export type Switches = ReadonlySet<string>;

function isOn(switches: Switches, knob: KnobClass): boolean {
  return switches.has(knob);
}

/** Voters and learners. Small odd clusters are commonest: there faults meet most often. */
export function drawMembership(draw: Draw, switches: Switches) {
  const voters = draw.pick('voters', [3, 3, 3, 3, 5, 5, 5, 5, 7, 4, 2, 1, 6]);
  const learners = isOn(switches, 'learners') ? draw.between('learners', 1, 2) : 0;
  return { voters, learners };
}

export function drawClock(
  draw: Draw,
  switches: Switches,
  member: string,
  bound: number,
): MemberPlan['clock'] {
  const offset = isOn(switches, 'clock-offset')
    ? draw.between(`offset.${member}`, 0, 10_000_000)
    : 0;
  // Up to half the assumed bound: a drift fault or a newcomer may add to the difference between two clocks.
  const most = Math.floor((bound * 1_000_000) / 2);
  const drift = isOn(switches, 'clock-skew') ? draw.between(`drift.${member}`, -most, most) : 0;
  return { offset, drift };
}

export function drawNetwork(draw: Draw, switches: Switches): NetworkKnobs {
  const on = (knob: KnobClass): boolean => isOn(switches, knob);
  const rate = (knob: 'drop' | 'duplicate' | 'reorder', most: number): number =>
    on(knob) ? draw.pick(`${knob} size`, [most / 30, most / 10, most / 3, most]) : 0;
  return {
    latency: on('latency') ? drawLatency(draw) : CALM_NETWORK.latency,
    asymmetry: on('asymmetry') ? draw.between('asymmetry', 1_500_000, 5_000_000) : 1_000_000,
    drop: rate('drop', 300_000),
    duplicate: rate('duplicate', 300_000),
    reorder: rate('reorder', 300_000),
    reorderWindow: on('reorder')
      ? draw.pick('reorderWindow', [2_000, 10_000, 50_000, 200_000, 1_000_000])
      : 0,
    corrupt: on('corrupt') ? draw.between('corrupt size', 500, 10_000) : 0,
    truncate: on('truncate') ? draw.between('truncate size', 500, 10_000) : 0,
    capacity: on('capacity') ? draw.between('capacity size', 2, 64) : CALM_NETWORK.capacity,
  };
}

function drawLatency(draw: Draw): LatencyKnobs {
  const mean = draw.pick(
    'latency mean',
    [200, 500, 500, 1_000, 1_000, 2_000, 5_000, 5_000, 10_000, 20_000, 50_000, 200_000],
  );
  const distribution = draw.pick('latency shape', ['uniform', 'exponential', 'bimodal'] as const);
  return { distribution, minimum: Math.floor(mean / draw.between('latency floor', 2, 10)), mean };
}

export function drawDisk(draw: Draw, switches: Switches): DiskKnobs {
  const crash = {
    kept: draw.between('crash kept', 0, 3),
    dropped: draw.between('crash dropped', 0, 3),
    torn: draw.between('crash torn', 1, 3),
  };
  if (!isOn(switches, 'disk-latency')) return { ...CALM_DISK, crash };
  const fsync = draw.pick('fsync mean', [100, 1_000, 5_000, 20_000]);
  const distribution = draw.pick('fsync shape', ['uniform', 'exponential', 'bimodal'] as const);
  const slow = (mean: number): LatencyKnobs => ({
    distribution,
    minimum: Math.floor(mean / 5),
    mean,
  });
  return {
    write: slow(Math.ceil(fsync / 10)),
    fsync: slow(fsync),
    read: slow(Math.ceil(fsync / 2)),
    crash,
  };
}

/** What a round trip takes its time from. */
interface Pace {
  readonly network: NetworkKnobs;
  readonly disk: DiskKnobs;
  readonly turn: number;
}

/** How long a turn gathers at most: hardly more than an instant, or so long that most turns bear several inputs. */
export function drawTurn(draw: Draw, switches: Switches): number {
  return isOn(switches, 'turns') ? draw.pick('turn', [100, 1_000, 5_000, 20_000]) : 0;
}

/** Raft's knobs. Timeouts follow the round trip, or no cluster could work at all (the paper's timing requirement, 5.6). */
export function drawRaft(draw: Draw, switches: Switches, pace: Pace): RaftConfig {
  const on = (knob: KnobClass): boolean => isOn(switches, knob);
  const tiny = (knob: KnobClass, purpose: string, sizes: readonly number[], usual: number) =>
    on(knob) ? draw.pick(purpose, sizes) : usual;
  const lease = on('lease');
  return {
    ...CALM_RAFT,
    ...drawTimeouts(draw, on('tight-timeouts'), roundTrip(pace)),
    preVote: !on('no-pre-vote'),
    // Leases stand on voters that refuse other candidates.
    checkQuorum: lease || !on('no-check-quorum'),
    leaseReads: lease,
    clockDriftBound: draw.pick('drift bound', [0.001, 0.005, 0.05]),
    maxInflightMessages: tiny('tiny-window', 'inflight messages', [1, 2, 3], 16),
    maxInflightBytes: tiny('tiny-window', 'inflight bytes', [64, 1_024, 65_536], 4_194_304),
    maxAppendEntries: tiny('tiny-batch', 'append entries', [1, 2, 5], 256),
    maxAppendBytes: tiny('tiny-batch', 'append bytes', [64, 512, 8_192], 262_144),
    maxUncommittedBytes: tiny('tiny-entries', 'uncommitted', [256, 2_048, 65_536], 16_777_216),
    snapshotChunkBytes: tiny('tiny-entries', 'snapshot chunk', [32, 256, 4_096], 65_536),
    autoPromote: draw.chance('auto-promote', 200_000),
    forwardProposals: draw.chance('forward', 300_000),
  };
}

/** The mean latency of the slowest link, in microseconds. */
function meanWay(network: NetworkKnobs): number {
  return Math.ceil((network.latency.mean * network.asymmetry) / 1_000_000);
}

/** A mean round trip with its write, and the three turns in which it is carried out, in milliseconds, rounded up. */
function roundTrip({ network, disk, turn }: Pace): number {
  const waits = Math.ceil((3 * turn) / 2);
  return Math.ceil((2 * meanWay(network) + disk.fsync.mean + disk.write.mean + waits) / 1_000);
}

function drawTimeouts(draw: Draw, tight: boolean, trip: number) {
  const heartbeatInterval = Math.max(50, trip);
  const electionTimeoutMin = tight
    ? heartbeatInterval + draw.between('tight minimum', 2, heartbeatInterval)
    : heartbeatInterval * draw.between('minimum', 3, 6);
  const electionTimeoutMax = tight
    ? electionTimeoutMin + draw.between('tight spread', 1, heartbeatInterval)
    : electionTimeoutMin * 2;
  return {
    heartbeatInterval,
    electionTimeoutMin,
    electionTimeoutMax,
    transferTimeout: electionTimeoutMax * 2,
  };
}

export function drawSnapshot(draw: Draw, switches: Switches): Plan['snapshot'] {
  if (!isOn(switches, 'tiny-snapshot-threshold')) {
    return { ...CALM_SNAPSHOT, everyEntries: draw.pick('every', [200, 500, 1_000]) };
  }
  const everyEntries = draw.pick('every tiny', [1, 2, 5, 10, 20, 50]);
  return { ...CALM_SNAPSHOT, everyEntries, keep: draw.pick('keep', [0, 0, 1, 5, 20]) };
}

export function drawWorkload(
  draw: Draw,
  switches: Switches,
  raft: RaftConfig,
  network: NetworkKnobs,
): WorkloadPlan {
  const lease = raft.leaseReads;
  const on = (knob: KnobClass): boolean => isOn(switches, knob);
  const weight = (purpose: string, most: number): number =>
    draw.chance(`no ${purpose}`, 250_000) ? 0 : draw.between(`mix ${purpose}`, 1, most);
  return {
    kind: drawKind(draw),
    clients: draw.between('clients', 1, 12),
    rate: draw.between('rate', 25, 60),
    keys: draw.pick('keys', [1, 2, 5, 10, 30]),
    skew: draw.pick('skew', [0, 0, 300_000, 800_000]),
    mix: {
      get: weight('get', 8),
      put: Math.max(1, weight('put', 8)),
      cas: weight('cas', 4),
      delete: weight('delete', 2),
      expire: draw.chance('expiry', 300_000) ? 1 : 0,
      batch: weight('batch', 2),
      ...(draw.chance('counters', 250_000) && { increment: draw.between('mix increment', 1, 3) }),
      ...(draw.chance('transactions', 250_000) && { transact: draw.between('mix transact', 1, 3) }),
    },
    reads: {
      linearizable: draw.between('reads linearizable', 1, 4),
      lease: lease ? draw.between('reads lease', 1, 6) : 0,
      stale: draw.chance('stale reads', 300_000) ? 1 : 0,
    },
    valueBytes: draw.pick('value bytes', [1, 8, 8, 64, on('tiny-entries') ? 1 : 512]),
    timeout: draw.pick('timeout', [200_000, 500_000, 1_000_000, 2_000_000]) + 8 * meanWay(network),
    retries: draw.pick('retries', [0, 1, 5, 20]),
    duplicates: on('duplicate-submit') ? draw.between('duplicates', 10_000, 300_000) : 0,
    sessionless: on('sessionless') ? draw.between('sessionless share', 100_000, 500_000) : 0,
    readers: draw.pick('readers', [0, 300_000, 600_000]),
    sessionTimeout: draw.pick('session timeout', [3_000_000, 10_000_000, 60_000_000]),
  };
}

function drawKind(draw: Draw): WorkloadPlan['kind'] {
  if (draw.chance('expiry workload', 80_000)) return 'expiry';
  if (draw.chance('ring workload', 60_000)) return 'ring';
  if (draw.chance('sketches workload', 50_000)) return 'sketches';
  return draw.chance('register', 150_000) ? 'register' : 'kv';
}

/** Safety phases are at least this long: 20 simulated seconds. */
export function drawDuration(draw: Draw): number {
  return draw.between('duration', DEFAULTS.duration / 1_000_000, 26) * 1_000_000;
}
