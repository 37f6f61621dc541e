/** An entry as it is shown: in answers, and to whoever watches. */
import type { KvItem } from './result.ts';
import { ringOf } from './ring.ts';
import type { Entry } from './table.ts';
import { plainValue } from './value.ts';

/** Keys in the codec's order: results are remembered as bytes on every member, and need no sorting then. */
export function itemOf(entry: Entry): KvItem {
  const { key, type, revision } = entry;
  const expires = entry.expires === Number.POSITIVE_INFINITY ? null : entry.expires;
  switch (type) {
    case 'value':
      return { key, value: plainValue(entry), expires, revision };
    case 'ring':
      return { key, type, value: ringOf(entry), expires, revision };
    default:
      return { key, type, value: null, expires, revision };
  }
}
