/**
 * A planted bug: a small patch of a source file, kept outside the rooms, never a switch in shipped code. `find` must occur exactly once in
 * the file, so that a patch that no longer applies is an error, not a survivor. In a mutant what replaces it must too, so that it can be taken out
 * again, and what comes of it must compile: a condition that never holds, where a line would go.
 */
export interface Patch {
  /** Patched file, from the top of the house. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Planted extends Patch {
  readonly id: string;
  readonly title: string;
  /** Where the bug needs more than one place: a call and what it calls, or an assertion that has to look away. */
  readonly also?: readonly Patch[];
}

/** A bug of what is tested. */
export interface Mutant extends Planted {
  /** The rule that must kill it. */
  readonly expectedRule: string;
  /** Shipped scenarios that tell its story, where it is hunted apart from the swarm. */
  readonly scenarios: readonly string[];
  /** Seeds of the swarm within which it must die; default SEEDS. */
  readonly budget?: number;
  /** Where this bug was once real, or is described. */
  readonly source: string;
}

/** Seeds of the swarm within which a mutant must die. */
export const SEEDS = 200;

export const patchesOf = (mutant: Planted): readonly Patch[] => [mutant, ...(mutant.also ?? [])];

/** What takes a planted bug out again: its patches backwards, the last one first. */
export function reversed<P extends Planted>(mutant: P): P {
  const [first, ...also] = patchesOf(mutant)
    .map(({ file, find, replace }) => ({ file, find: replace, replace: find }))
    .reverse();
  return { ...mutant, ...first, also };
}

/** The text of `file` with whatever the mutant changes there. Throws when a patch does not apply exactly once. */
export function applyMutant(mutant: Planted, file: string, text: string): string {
  return patchesOf(mutant)
    .filter((patch) => patch.file === file)
    .reduce((patched, patch) => applyPatch(mutant.id, patch, patched), text);
}

function applyPatch(id: string, { file, find, replace }: Patch, text: string): string {
  const first = text.indexOf(find);
  if (first < 0)
    throw new Error(`${id}: its patch no longer applies: not found in ${file}:\n${find}`);
  if (text.indexOf(find, first + 1) >= 0) {
    throw new Error(`${id}: its patch is ambiguous: found more than once in ${file}:\n${find}`);
  }
  return text.slice(0, first) + replace + text.slice(first + find.length);
}
