/**
 * Delta debugging (Zeller and Hildebrandt, 2002): the smallest sublist, in its order, that still fails. Chunks first, from halves down to
 * single items, until no single item can go: the result is 1-minimal unless `fails` refuses to answer (a spent budget), which counts as no.
 */

/** `items` fails; `fails` is asked about sublists only. */
export function ddmin<T>(
  items: readonly T[],
  fails: (kept: readonly T[]) => boolean,
): readonly T[] {
  if (items.length === 0 || fails([])) return [];
  let kept = items;
  let chunk = Math.ceil(kept.length / 2);
  for (;;) {
    const before = kept.length;
    // From the end: what comes last depends on what came first, seldom the other way round.
    for (let end = kept.length; end > 0; end -= chunk) {
      const start = Math.max(0, end - chunk);
      const without = [...kept.slice(0, start), ...kept.slice(end)];
      if (without.length > 0 && fails(without)) kept = without;
    }
    if (chunk > 1) chunk = Math.ceil(chunk / 2);
    else if (kept.length === before) return kept;
  }
}
