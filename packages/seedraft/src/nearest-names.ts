/** Which names somebody may have meant: those that share most of its letters in pairs, or contain it. */

const MOST = 5;
/** Below this likeness a suggestion confuses more than it helps. */
const LEAST_LIKENESS = 0.5;

function pairsOf(text: string): Set<string> {
  const letters = text.toLowerCase();
  const pairs = new Set<string>();
  for (let at = 0; at + 1 < letters.length; at++) pairs.add(letters.slice(at, at + 2));
  return pairs;
}

/** Dice's coefficient of the letter pairs: 1 for equal texts, 0 when nothing is shared. */
function likeness(left: string, right: string): number {
  const [a, b] = [pairsOf(left), pairsOf(right)];
  if (a.size + b.size === 0) return 0;
  let shared = 0;
  for (const pair of a) if (b.has(pair)) shared++;
  return (2 * shared) / (a.size + b.size);
}

const lastPart = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

/** At most five, the likeliest first; empty when nothing is near. */
export function nearestNames(written: string, known: readonly string[]): string[] {
  const word = lastPart(written);
  const rated = known
    .map((name) => ({
      name,
      rate: Math.max(
        likeness(written, name),
        likeness(word, lastPart(name)),
        word !== '' && name.includes(word) ? LEAST_LIKENESS : 0,
      ),
    }))
    .filter(({ rate }) => rate >= LEAST_LIKENESS)
    .sort((a, b) => b.rate - a.rate);
  return rated.slice(0, MOST).map(({ name }) => name);
}
