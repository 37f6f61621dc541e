/**
 * Symmetry: the voters of the first configuration are interchangeable, so two states that differ only in who is called n1 are one. A state is
 * known by the least hash over all renamings of those voters. 0 (nobody) and members that join later keep their names.
 */
import type { MemberId } from '@seedraft/core';

/** renaming[id] is the new name of `id`; the first renaming changes nothing. */
export type Renaming = readonly MemberId[];

/** Every renaming of 1..voters among `members` ids. */
export function renamingsOf(voters: number, members: number, symmetry: boolean): Renaming[] {
  const identity = Array.from({ length: members + 1 }, (_, id) => id);
  if (!symmetry) return [identity];
  const found: Renaming[] = [];
  const extend = (chosen: readonly MemberId[]): void => {
    if (chosen.length === voters) {
      found.push([0, ...chosen, ...identity.slice(voters + 1)]);
      return;
    }
    for (let id = 1; id <= voters; id += 1) if (!chosen.includes(id)) extend([...chosen, id]);
  };
  extend([]);
  return found;
}

export function rename(renaming: Renaming, id: MemberId): MemberId {
  return renaming[id] as MemberId;
}
