/**
 * The ways to say less: each edit makes one plan of another, in the order in which they pay. An edit that has nothing to change gives null.
 * Edits look at the plan they are given, so they stay right after others were taken.
 */
import { validateConfig } from '@seedraft/core';
import type { FaultPlan, LatencyKnobs, MemberPlan, Plan } from '../plan.ts';
import { expandSeed } from '../random.ts';
import {
  CALM_DISK,
  CALM_NETWORK,
  CALM_RAFT,
  CALM_SNAPSHOT,
  CALM_WORKLOAD,
} from '../scenario/defaults.ts';

export interface Edit {
  /** For the progress: what is being tried. */
  readonly what: string;
  readonly apply: (plan: Plan) => Plan | null;
}

/**
 * A scenario could say it. Knobs lean on each other: timeouts are in order, a lease stands on quorum checks, reads under a lease on there
 * being one.
 */
export function isSayable({ raft, workload }: Plan): boolean {
  const leases = 'reads' in workload ? workload.reads.lease : 0;
  return validateConfig(raft).length === 0 && (raft.leaseReads || leases === 0);
}

/** A plan that no scenario could say is none. */
const edit = (what: string, apply: Edit['apply']): Edit => ({
  what,
  apply(plan) {
    const edited = apply(plan);
    return edited !== null && isSayable(edited) ? edited : null;
  },
});

/** Without the liveness phase, and no longer than `until`: what was to happen later is left out. */
export function cutAt(plan: Plan, until: number, liveness: boolean): Plan {
  const duration = Math.max(1_000, Math.min(plan.duration, Math.ceil((until + 1) / 1_000) * 1_000));
  const faults = plan.faults
    .filter(({ at }) => at < duration)
    .map((fault) => ({ ...fault, duration: Math.min(fault.duration, duration - fault.at) }));
  return { ...plan, duration, faults, liveness };
}

/** How much is judged, and through what: none of it changes what happens, all of it costs. */
export function modeEdits(): Edit[] {
  return [
    edit('the liveness phase', (plan) => (plan.liveness ? { ...plan, liveness: false } : null)),
    edit('the search over the history', (plan) =>
      plan.blackBox ? { ...plan, blackBox: false } : null,
    ),
    edit('turns that gather', (plan) => (plan.turn > 0 ? { ...plan, turn: 0 } : null)),
    edit('frames and disks as bytes', (plan) => (plan.bytes ? { ...plan, bytes: false } : null)),
  ];
}

/** All faults of one name at once. */
export function classEdits(plan: Plan): Edit[] {
  const names = [...new Set(plan.faults.map(({ fault }) => fault))];
  return names.map((name) =>
    edit(`every ${name}`, ({ faults, ...rest }) => {
      const kept = faults.filter(({ fault }) => fault !== name);
      return kept.length === faults.length ? null : { ...rest, faults: kept };
    }),
  );
}

// -------------------------------------------------------------------------------------------------------------------- who takes part

export function memberEdits(plan: Plan): Edit[] {
  const edits: Edit[] = [];
  for (let place = plan.members.length - 1; place >= 0; place -= 1) {
    edits.push(edit(`member n${place + 1}`, (now) => withoutMember(now, place)));
  }
  // Some bugs live in clusters of even sizes only.
  for (let place = plan.members.length - 1; place > 0; place -= 1) {
    edits.push(
      edit(`members n${place} and n${place + 1}`, (now) => {
        const fewer = withoutMember(now, place);
        return fewer === null ? null : withoutMember(fewer, place - 1);
      }),
    );
  }
  return edits;
}

/** Null: it cannot go. The others keep their order and close ranks, so that scenario files can count them. */
export function withoutMember(plan: Plan, place: number): Plan | null {
  const { members } = plan;
  if (place >= members.length || members.length === 1) return null;
  const rest = members.filter((_, at) => at !== place);
  if (rest.every(({ learner }) => learner)) return null;
  const faults: FaultPlan[] = [];
  for (const fault of plan.faults) {
    const parameters = renumbered(fault.parameters, place + 1);
    if (parameters === GONE) return null;
    faults.push({ ...fault, parameters: parameters as FaultPlan['parameters'] });
  }
  const named = rest.map((member, at): MemberPlan => ({ ...member, name: `n${at + 1}` }));
  return { ...plan, members: named, faults };
}

const GONE = Symbol('names the member that goes');

/** Names after the one that goes move down by one. */
function renumbered(value: unknown, gone: number): unknown {
  if (typeof value === 'string') {
    const number = /^n([1-9][0-9]*)$/.exec(value)?.[1];
    if (number === undefined || Number(number) < gone) return value;
    return Number(number) === gone ? GONE : `n${Number(number) - 1}`;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, renumbered(one, gone)] as const);
  if (entries.some(([, one]) => one === GONE)) return GONE;
  return Array.isArray(value) ? entries.map(([, one]) => one) : Object.fromEntries(entries);
}

// -------------------------------------------------------------------------------------------------------------------------- knobs

const constant = (mean: number): LatencyKnobs => ({ distribution: 'uniform', minimum: mean, mean });

/** To what a scenario that says nothing has, whole groups first, and latencies to constants. */
export function knobEdits(plan: Plan): Edit[] {
  return [
    edit('all clock errors', ({ members, ...rest }) => ({
      ...rest,
      members: members.map((member) => ({ ...member, clock: { offset: 0, drift: 0 } })),
    })),
    edit('the weather', (now) => ({ ...now, network: CALM_NETWORK })),
    edit('the disks', (now) => ({ ...now, disk: CALM_DISK })),
    edit('the snapshots', (now) => ({ ...now, snapshot: CALM_SNAPSHOT })),
    edit('the turns', (now) => (now.turn === 0 ? null : { ...now, turn: 0 })),
    edit('unbound ids', ({ unbound, ...now }) => (unbound === true ? now : null)),
    edit("Raft's knobs", (now) => ({ ...now, raft: CALM_RAFT })),
    edit("Raft's knobs but timeouts", (now) => ({ ...now, raft: withTimeouts(now) })),
    ...fieldsOf('network', CALM_NETWORK),
    ...fieldsOf('disk', CALM_DISK),
    ...fieldsOf('snapshot', CALM_SNAPSHOT),
    ...fieldsOf('raft', CALM_RAFT),
    edit('latencies that vary', (now) => ({
      ...now,
      network: { ...now.network, latency: constant(now.network.latency.minimum) },
    })),
    ...plan.members.map(({ name }, place) =>
      edit(`the clock of ${name}`, (now) => ({
        ...now,
        members: now.members.map((member, at) =>
          at === place ? { ...member, clock: { offset: 0, drift: 0 } } : member,
        ),
      })),
    ),
  ];
}

function withTimeouts({ raft }: Plan): Plan['raft'] {
  const { electionTimeoutMin, electionTimeoutMax, heartbeatInterval, transferTimeout } = raft;
  return {
    ...CALM_RAFT,
    electionTimeoutMin,
    electionTimeoutMax,
    heartbeatInterval,
    transferTimeout,
  };
}

type Group = 'network' | 'disk' | 'snapshot' | 'raft';

function fieldsOf<G extends Group>(group: G, calm: Plan[G]): Edit[] {
  return Object.entries(calm).map(([key, value]) =>
    edit(`${group}.${key}`, (now) => ({ ...now, [group]: { ...now[group], [key]: value } })),
  );
}

// ----------------------------------------------------------------------------------------------------------------------- workload

export function workloadEdits(plan: Plan): Edit[] {
  const { workload } = plan;
  const change = (what: string, fields: Partial<Plan['workload']>): Edit =>
    edit(what, (now) => ({ ...now, workload: { ...now.workload, ...fields } }));
  // What clients of a protocol ask is its own.
  const mixes =
    workload.kind === 'protocol'
      ? []
      : Object.entries(workload.mix).filter(([, weight]) => (weight ?? 0) > 0);
  const none = { get: 0, put: 0, cas: 0, delete: 0, expire: 0, batch: 0 };
  const quiet: Edit[] =
    workload.kind === 'own' || workload.kind === 'protocol'
      ? []
      : [change('all operations', { kind: 'none', clients: 0, rate: 0 })];
  const one = { linearizable: 1, lease: 0, stale: 0 };
  return [
    ...quiet,
    ...[1, Math.ceil(workload.clients / 2), workload.clients - 1]
      .filter((clients) => clients >= 1 && clients < workload.clients)
      .map((clients) => change(`${workload.clients - clients} clients`, { clients })),
    ...mixes.flatMap(([f]) =>
      mixes.length > 1 ? [change(`operations but ${f}`, { mix: { ...none, [f]: 1 } })] : [],
    ),
    change('reads but linearizable ones', { reads: one }),
    change('keys but one', { keys: 1 }),
    change('keys but two', { keys: 2 }),
    ...(['skew', 'duplicates', 'sessionless', 'readers', 'valueBytes', 'retries'] as const).map(
      (key) => change(`workload.${key}`, { [key]: CALM_WORKLOAD[key] }),
    ),
    ...[10, 2].map((by) =>
      edit('operations', (now) => {
        const rate = Math.max(1, Math.floor(now.workload.rate / by));
        return rate === now.workload.rate ? null : { ...now, workload: { ...now.workload, rate } };
      }),
    ),
  ];
}

// ------------------------------------------------------------------------------------------------------------------------- timing

/** Earlier, shorter: what leads to the failure without waiting for it. */
export function timingEdits(plan: Plan): Edit[] {
  const edits: Edit[] = [];
  const first = Math.min(...plan.faults.map(({ at }) => at));
  if (plan.faults.length > 0) {
    for (const to of [200_000, 400_000, 700_000, 1_000_000, Math.floor(first / 2)]) {
      if (to < first) edits.push(shift(0, first - to));
    }
  }
  plan.faults.forEach((fault, place) => {
    const before = place === 0 ? 0 : (plan.faults[place - 1] as FaultPlan).at;
    const gap = fault.at - before;
    if (place > 0 && gap > 2_000) {
      edits.push(shift(place, gap - 1_000), shift(place, Math.floor(gap / 2)));
    }
    edits.push(
      edit(`half the length of ${fault.fault}`, (now) => {
        const { duration } = now.faults[place] ?? { duration: 0 };
        return duration < 2_000
          ? null
          : replaced(now, place, { duration: Math.floor(duration / 2) });
      }),
    );
  });
  return edits;
}

/** This fault and all after it come earlier. */
function shift(from: number, by: number): Edit {
  return edit('time before a fault', (now) => {
    if (from >= now.faults.length) return null;
    const faults = now.faults.map((fault, place) =>
      place < from ? fault : { ...fault, at: Math.max(0, fault.at - by) },
    );
    return { ...now, faults };
  });
}

function replaced(plan: Plan, place: number, fields: Partial<FaultPlan>): Plan {
  const faults = plan.faults.map((fault, at) => (at === place ? { ...fault, ...fields } : fault));
  return { ...plan, faults };
}

/** The same story under other draws: some meet the failure sooner. */
export function seedEdits(plan: Plan, from: number, count: number): Edit[] {
  const [stem] = plan.seed.split('~');
  return Array.from({ length: count }, (_, n) => {
    const seed = `${stem}~${from + n + 1}`;
    return edit(`seed ${seed}`, (now) =>
      now.seed === seed ? null : { ...now, seed, root: expandSeed(seed) },
    );
  });
}
