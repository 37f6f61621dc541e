/**
 * Opens a directory that somebody damaged and judges what comes back against what was acknowledged: all of it; or the newest hard state and
 * a repair that reaches as far; or a refusal with a sentence. Anything else is a silent loss, and the return value says which.
 */
import type { Recovered } from '@seedraft/core';
import type { StoreEvents } from '@seedraft/store';
import { type OpenDirectory, openDirectory } from '@seedraft/store/level';
import { entryOf, type Heard, hardStateOf } from './life.ts';

export interface Look {
  readonly outcome: 'intact' | 'warned' | 'repairable' | 'refused' | 'VIOLATION';
  readonly sentence: string;
}

const violation = (sentence: string): Look => ({ outcome: 'VIOLATION', sentence });

/** `goOn`: also reads the snapshot, writes, closes and opens again. */
export async function look(directory: string, heard: Heard, goOn: boolean): Promise<Look> {
  const answers = new Answers();
  const opened = await openDirectory({
    directory,
    durability: 'default',
    events: answers,
    onFailure: (sentence) => answers.fail(sentence),
  });
  if (opened.outcome === 'refused') {
    const { code, sentence } = opened;
    const isSaid = code === 'DIRECTORY_DAMAGED' && sentence.length > 60;
    return isSaid ? { outcome: 'refused', sentence } : violation(`refused ${code}: ${sentence}`);
  }
  if (opened.outcome !== 'open') return violation(`taken for ${opened.outcome}`);
  const { core } = opened.recovered;
  const loss = lossIn(core, heard, opened.warning);
  const trouble = loss ?? (goOn ? await answers.goOn(opened) : null);
  await opened.close();
  if (trouble !== null) return violation(`${trouble} (${opened.warning ?? 'no warning'})`);
  if (goOn) {
    const again = await look(directory, heard, false);
    if (again.outcome === 'VIOLATION' || again.outcome === 'refused') {
      return violation(`opened again: ${again.sentence}`);
    }
  }
  if (opened.warning === null) return { outcome: 'intact', sentence: '' };
  const outcome = core.repairUntil > 0 ? 'repairable' : 'warned';
  return { outcome, sentence: opened.warning };
}

/** What was acknowledged and neither is there nor is said to be missing; null: nothing. */
function lossIn(core: Recovered, heard: Heard, warning: string | null): string | null {
  const { hardState, entries, snapshot, repairUntil } = core;
  const proven = hardStateOf(heard.index);
  const isOlder = hardState.term < proven.term;
  const hasOtherVote = hardState.term === proven.term && hardState.votedFor !== proven.votedFor;
  if (isOlder || hasOtherVote) {
    return `hard state ${JSON.stringify(hardState)}, answered for ${JSON.stringify(proven)}`;
  }
  for (const entry of entries) {
    const { data, term } = entryOf(entry.index);
    const isSame = entry.term === term && Buffer.compare(entry.data, data) === 0;
    if (!isSame) return `entry ${entry.index} is not what was written`;
  }
  const base = snapshot?.lastIncludedIndex ?? 0;
  const first = entries[0]?.index ?? base + 1;
  const last = Math.max(entries.at(-1)?.index ?? 0, base);
  const isWhole = last >= heard.index && base >= heard.sealed && first <= base + 1;
  if (isWhole) return null;
  if (warning !== null && repairUntil >= heard.index) return null;
  // A log from index 1 on needs no snapshot.
  if (warning !== null && first === 1 && last >= heard.index) return null;
  return `known from ${first} to ${last}, snapshot ${base}, repair to ${repairUntil}; acknowledged ${heard.index}, snapshot ${heard.sealed}`;
}

/** What a store reports while somebody waits for one answer. */
class Answers implements StoreEvents {
  #answer: (trouble: string | null) => void = () => {};

  /** Reads the snapshot in force and writes one more group; what went wrong, or null. */
  async goOn(opened: OpenDirectory): Promise<string | null> {
    const { core } = opened.recovered;
    const { snapshot } = core;
    if (snapshot !== null) {
      const read = await this.#ask(() => opened.store.readSnapshot(snapshot.id, 0, snapshot.size));
      if (read !== null) return read;
    }
    const last = Math.max(core.entries.at(-1)?.index ?? 0, snapshot?.lastIncludedIndex ?? 0);
    const hardState = { term: core.hardState.term + 1000, votedFor: 1 };
    const write = { seq: 1, hardState, truncateFrom: 0, entries: [], snapshot: null };
    const next = core.repairUntil > 0 ? write : { ...write, entries: [entryOf(last + 1)] };
    return this.#ask(() => opened.store.persist(next));
  }

  fail(sentence: string): void {
    this.#answer(sentence);
  }

  #ask(call: () => void): Promise<string | null> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      call();
    });
  }

  durable(): void {}
  snapshotWritten(): void {}
  snapshotSealed(): void {}
  persisted(): void {
    this.#answer(null);
  }
  snapshotRead(): void {
    this.#answer(null);
  }
  persistFailed(seq: number, code: string): void {
    this.#answer(`persist ${seq}: ${code}`);
  }
  snapshotFailed(id: string, code: string): void {
    this.#answer(`snapshot ${id}: ${code}`);
  }
  bootstrapWritten(): void {}
  bootstrapFailed(code: string): void {
    this.#answer(`bootstrap: ${code}`);
  }
}
