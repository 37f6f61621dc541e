/**
 * A plan as the shortest scenario that gives it: printed in full, then without each word that makes no difference. What may go is not known
 * here; it is tried, by reading what is left and drawing the plan again, so that no list of defaults could grow stale.
 */
import { type PlanOptions, scenarioToPlan } from '../draw-plan.ts';
import type { Plan } from '../plan.ts';
import { planToScenario } from './print.ts';
import { readScenario } from './scenario.ts';
import type { ScenarioInput } from './schema.ts';

type Branch = Record<string, unknown>;

/** Under `plan.seed` and `options` it draws `plan` again (but for `swarm`, which says how a plan was drawn). Throws UnprintablePlan. */
export function planToBriefScenario(
  plan: Plan,
  story?: string,
  options: PlanOptions = {},
): ScenarioInput {
  const wanted = canonical({ ...plan, swarm: [] });
  const whole = copied(planToScenario(plan, story)) as Branch;
  const says = (): boolean => {
    const read = readScenario(whole);
    if (!read.ok) return false;
    const own = plan.workload.kind === 'own';
    const again = scenarioToPlan(read.scenario, plan.seed, { own, ...options });
    return canonical({ ...again, swarm: [] }) === wanted;
  };
  prune(whole, says, new Set(['name', 'story', 'schedule']));
  return whole as unknown as ScenarioInput;
}

/** Takes away what may go, whole branches first. */
function prune(branch: Branch, says: () => boolean, kept: ReadonlySet<string>): void {
  const all = Object.entries(branch);
  const gone = new Set<string>();
  for (const [key, value] of all) {
    if (kept.has(key)) continue;
    delete branch[key];
    if (says()) {
      gone.add(key);
      continue;
    }
    branch[key] = value;
    for (const item of [value].flat()) if (isBranch(item)) prune(item, says, NONE);
  }
  // What was put back stands at the end: everything in its old order.
  for (const [key] of all) delete branch[key];
  for (const [key, value] of all) if (!gone.has(key)) branch[key] = value;
}

const NONE: ReadonlySet<string> = new Set();

/** A copy that may be changed. */
function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (!isBranch(value)) return value;
  const branch: Branch = {};
  for (const [key, one] of Object.entries(value)) if (one !== undefined) branch[key] = copied(one);
  return branch;
}

function isBranch(value: unknown): value is Branch {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isBranch(value)) return JSON.stringify(value) ?? 'null';
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  return `{${keys.sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)}}`;
}
