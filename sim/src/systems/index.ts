/** Workloads of the built-in machine that have a model of their own: each is a system as a user would write one. */
import type { OwnSystem } from '../own/system.ts';
import type { Plan, WorkloadPlan } from '../plan.ts';
import { expirySystem } from './expiry.ts';
import { ringSystem } from './ring.ts';
import { sketchesSystem } from './sketches.ts';

const SYSTEMS = { ring: ringSystem, expiry: expirySystem, sketches: sketchesSystem };

/** Whether workloads of this kind are judged by a model of their own, and not as keys and values. */
export function isBuiltInSystem(kind: WorkloadPlan['kind']): kind is keyof typeof SYSTEMS {
  return Object.hasOwn(SYSTEMS, kind);
}

/** Null: the plan's workload is of another kind. */
export function builtInSystem({ workload }: Plan): OwnSystem | null {
  return isBuiltInSystem(workload.kind) ? SYSTEMS[workload.kind](workload) : null;
}
