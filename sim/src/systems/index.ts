/** Workloads of the built-in machine that have a model of their own: each is a system as a user would write one. */
import type { OwnSystem } from '../own/system.ts';
import type { Plan } from '../plan.ts';
import { expirySystem } from './expiry.ts';
import { ringSystem } from './ring.ts';
import { sketchesSystem } from './sketches.ts';

/** Null: the plan's workload is of another kind. */
export function builtInSystem({ workload }: Plan): OwnSystem | null {
  switch (workload.kind) {
    case 'ring':
      return ringSystem(workload);
    case 'expiry':
      return expirySystem(workload);
    case 'sketches':
      return sketchesSystem(workload);
    default:
      return null;
  }
}
