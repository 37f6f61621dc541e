/** What members of a protocol of one's own show, as differences and added up again. */
import type { OwnPatch, OwnState, Texts } from './recording.ts';

const NOTHING: OwnState = { fields: {}, records: {} };

export function patchedOwn(state: OwnState | undefined, patch: OwnPatch): OwnState {
  const { fields, records } = state ?? NOTHING;
  return { fields: added(fields, patch.fields), records: added(records, patch.records) };
}

/** What makes the one the other; null: they are the same. */
export function ownPatch(from: OwnState | undefined, to: OwnState | undefined): OwnPatch | null {
  const [before, after] = [from ?? NOTHING, to ?? NOTHING];
  const fields = difference(before.fields, after.fields);
  const records = difference(before.records, after.records);
  if (fields === null && records === null) return null;
  return { ...(fields !== null && { fields }), ...(records !== null && { records }) };
}

function added(texts: Texts, changes: OwnPatch['fields']): Texts {
  if (changes === undefined) return texts;
  const all = Object.entries({ ...texts, ...changes });
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== null));
}

function difference(from: Texts, to: Texts): Record<string, string | null> | null {
  const changes: [string, string | null][] = [];
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) changes.push([key, null]);
  for (const [key, text] of Object.entries(to)) {
    if (!Object.hasOwn(from, key) || from[key] !== text) changes.push([key, text]);
  }
  return changes.length === 0 ? null : Object.fromEntries(changes);
}
