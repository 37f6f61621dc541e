/**
 * A plan as a scenario that says everything: what the shrinker prints, and what a person edits further. With the plan's own seed it gives
 * the same run again (faults keep their ids, since their draws are keyed by them).
 */
import type { ZodType } from 'zod';
import { faultNamed } from '../faults/index.ts';
import type { FaultPlan, Plan } from '../plan.ts';
import { type FaultLineInput, type ScenarioInput, scenarioSchema } from './schema.ts';
import { fieldOf, metaOf } from './schema-walk.ts';
import { formatDuration, formatRatio } from './units.ts';

/** What cannot be said in a scenario: members that are not n1, n2, ... with learners last. */
export class UnprintablePlan extends Error {}

/** The scenario, with units as people write them; its seed is `plan.seed`. Throws UnprintablePlan. */
export function planToScenario(plan: Plan, story?: string): ScenarioInput {
  assertPrintable(plan);
  const { electionTimeoutMin, electionTimeoutMax, clockDriftBound, ...raft } = plan.raft;
  const learners = plan.members.filter(({ learner }) => learner).length;
  const logs = plan.members.flatMap(({ name, log }) =>
    log === null ? [] : [[name, log] as const],
  );
  const terms = plan.members.map(({ name, term }) => [name, term] as const);
  const clocks = plan.members.map(({ name, clock }) => [name, clock] as const);
  const { clients, rate, ...workload } = plan.workload;
  const plain = {
    name: plan.scenario,
    ...(story === undefined ? {} : { story }),
    cluster: {
      voters: plan.members.length - learners,
      learners,
      raft: {
        ...raft,
        electionTimeout: [electionTimeoutMin, electionTimeoutMax],
        clockDriftBound: Math.round(clockDriftBound * 1_000_000),
      },
      snapshot: plan.snapshot,
      turn: plan.turn,
      ...(plan.unbound === true && { unbound: true }),
      ...(logs.length === 0 ? {} : { logs: Object.fromEntries(logs) }),
      terms: Object.fromEntries(terms),
    },
    network: plan.network,
    disk: plan.disk,
    clocks: Object.fromEntries(clocks),
    workload: { ...workload, clients, rate, for: plan.duration },
    swarm: 'none',
    bytes: plan.bytes,
    blackBox: plan.blackBox,
    liveness: plan.liveness,
    expect: plan.expect === 'pass' ? 'pass' : `violation ${plan.expect.violation}`,
  };
  const printed = printWith(scenarioSchema, plain) as Omit<ScenarioInput, 'faults'>;
  const { schedule } = plan;
  if (schedule !== undefined) return { ...printed, faults: [], schedule: [...schedule] };
  return { ...printed, faults: plan.faults.map(printFault) };
}

function assertPrintable(plan: Plan): void {
  let learnersBegan = false;
  plan.members.forEach(({ name, learner }, position) => {
    if (name !== `n${position + 1}` || (learnersBegan && !learner)) {
      throw new UnprintablePlan(`${name} at place ${position + 1}: a scenario counts n1, n2, ...`);
    }
    learnersBegan = learner;
  });
}

function printFault(planned: FaultPlan): FaultLineInput {
  const fault = faultNamed(planned.fault);
  if (fault === null) throw new UnprintablePlan(`there is no fault ${planned.fault}`);
  return {
    id: planned.id,
    at: formatDuration(planned.at),
    ...(planned.duration === 0 ? {} : { for: formatDuration(planned.duration) }),
    [planned.fault]: printWith(fault.schema, planned.parameters),
  };
}

/** Numbers get the unit that their field has. */
function printWith(schema: ZodType, value: unknown): unknown {
  if (typeof value === 'number') {
    const unit = metaOf(schema, 'unit');
    if (unit === 'duration') return formatDuration(value);
    return unit === 'ratio' ? formatRatio(value) : value;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const printed: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const field = fieldOf(schema, key);
    if (inner !== undefined) printed[key] = field === null ? inner : printWith(field, inner);
  }
  return printed;
}
