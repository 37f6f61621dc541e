/**
 * plan.json to a Plan. A plan is what some scenario says under some seed, so it is checked by saying it: printed as a scenario, read like any
 * scenario file, and drawn again, it must come out as it was. No second description of what a plan looks like could drift from the first.
 */
import { isDeepStrictEqual } from 'node:util';
import { formatPath, type Plan, planToScenario, readScenario, scenarioToPlan } from '@seedraft/sim';

export type PlanFile =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly problem: string };

/** Never throws. The problem names the place. */
export function readPlan(value: unknown): PlanFile {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, problem: 'expected an object' };
  }
  // Before members could work in turns, they did not.
  const plan: Plan = { ...(value as Plan), turn: (value as Partial<Plan>).turn ?? 0 };
  if (plan.version !== 1) return { ok: false, problem: `version: expected 1` };
  try {
    const read = readScenario(planToScenario(plan));
    if (!read.ok) {
      const [first] = read.problems;
      return { ok: false, problem: `${formatPath(first?.path ?? [])}: ${first?.message}` };
    }
    const again = scenarioToPlan(read.scenario, plan.seed);
    // Which classes the seed switched on is how a plan was drawn, not what it does.
    const problem = firstDifference({ ...plan, swarm: [] }, { ...again, swarm: [] }, []);
    return problem === null ? { ok: true, plan } : { ok: false, problem };
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** The first place where what is there is not what the plan's scenario would give. */
function firstDifference(
  found: unknown,
  expected: unknown,
  path: readonly (string | number)[],
): string | null {
  if (isDeepStrictEqual(found, expected)) return null;
  if (isBranch(found) && isBranch(expected) && Array.isArray(found) === Array.isArray(expected)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(found)])) {
      const step = Array.isArray(expected) ? Number(key) : key;
      const inner = firstDifference(found[key], expected[key], [...path, step]);
      if (inner !== null) return inner;
    }
  }
  const said = (value: unknown): string => JSON.stringify(value)?.slice(0, 60) ?? 'nothing';
  return `${formatPath(path)}: expected ${said(expected)}, found ${said(found)}`;
}

function isBranch(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
