/** All planted bugs, in the order of the list that every reader of Raft post-mortems knows (M1 to M35), then those with names. */
import type { Mutant } from './mutant.ts';
import { disks } from './planted/disks.ts';
import { elections } from './planted/elections.ts';
import { machine } from './planted/machine.ts';
import { membership } from './planted/membership.ts';
import { promises } from './planted/promises.ts';
import { reads } from './planted/reads.ts';
import { replication } from './planted/replication.ts';

const number = ({ id }: Mutant): number => Number(/^M(\d+)/.exec(id)?.[1] ?? Infinity);

export const MUTANTS: readonly Mutant[] = [
  ...elections,
  ...replication,
  ...membership,
  ...reads,
  ...machine,
  ...disks,
  ...promises,
].sort((one, other) => {
  const [left, right] = [number(one), number(other)];
  return left === right ? 0 : left - right;
});

/** What CI plants on every run. */
export const SMOKE: readonly string[] = ['M1', 'M6', 'M8', 'M19', 'M28'];
