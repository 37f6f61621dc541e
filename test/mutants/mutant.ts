/**
 * A planted bug: a small patch of a source file, kept outside the rooms, never a switch in shipped code. `find` must occur exactly once in
 * the file, so that a patch that no longer applies is an error, not a survivor.
 */
export interface Mutant {
  readonly id: string;
  readonly title: string;
  /** Patched file, from the top of the house. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** The rule that must kill it. */
  readonly expectedRule: string;
  /** Where to hunt, in this order: names of shipped scenarios. */
  readonly where: readonly string[];
  /** Where this bug was once real, or is described. */
  readonly source: string;
}

/** The patched text. Throws when the patch does not apply exactly once. */
export function applyMutant(mutant: Mutant, text: string): string {
  const first = text.indexOf(mutant.find);
  if (first < 0) {
    throw new Error(
      `${mutant.id}: its patch no longer applies: not found in ${mutant.file}:\n${mutant.find}`,
    );
  }
  if (text.indexOf(mutant.find, first + 1) >= 0) {
    throw new Error(
      `${mutant.id}: its patch is ambiguous: found more than once in ${mutant.file}:\n${mutant.find}`,
    );
  }
  return text.slice(0, first) + mutant.replace + text.slice(first + mutant.find.length);
}
