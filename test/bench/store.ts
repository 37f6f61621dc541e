/**
 * The store over real files beside plain classic-level, on the same disk in the same run: so many persists of one 256-byte entry in flight,
 * each answered by the next, against so many puts of 256 bytes in one synced chained batch after the other. Snapshots are sealed on the
 * way, so that old groups are deleted and LevelDB merges. A closed loop fills two groups in turn (one is synced while the other gathers),
 * so of n in flight a group holds half: half of plain's entries a sync is the most to be had where the disk decides.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32c } from '@seedraft/codec';
import type { Entry, SnapshotMetadata } from '@seedraft/core';
import type { StoreEvents } from '@seedraft/store';
import { createDirectory, type OpenDirectory, openDirectory } from '@seedraft/store/level';
import { ClassicLevel } from 'classic-level';
import { interleaveAsync, median } from './rounds.ts';

export interface StoreFigures {
  readonly inFlight: number;
  readonly groupsPerSecond: number;
  readonly entriesPerSecond: number;
  readonly plainBatchesPerSecond: number;
  readonly plainPutsPerSecond: number;
  readonly ratio: number;
}

const DATA = new Uint8Array(256).fill(120);
const CHECKSUM = crc32c(DATA);
const CONFIGURATION = {
  members: [1, 2, 3].map((id) => ({
    id,
    incarnation: '',
    name: `n${id}`,
    peerAddress: '',
    clientAddress: '',
    role: 'voter' as const,
    priority: 0,
  })),
  outgoing: null,
  autoLeave: false,
  highestId: 3,
};
const INCARNATION = '0'.repeat(32);
/** Entries between snapshots, and how many of them stay in the log. */
const SEAL_EVERY = 20_000;
const KEPT = 5000;
const NOTHING = (): void => {};

/** Keeps `inFlight` persists under way. */
class Load implements StoreEvents {
  groups = 0;
  entries = 0;
  #opened: OpenDirectory | null = null;
  #seq = 0;
  #index = 0;
  #persisted = 0;
  #sealed = 0;
  #stopAt = 0;
  #stopped: () => void = NOTHING;

  durable = NOTHING;
  snapshotWritten = NOTHING;
  snapshotSealed = NOTHING;
  snapshotRead = NOTHING;

  serve(opened: OpenDirectory): void {
    this.#opened = opened;
  }

  run(inFlight: number, milliseconds: number): Promise<void> {
    this.#stopAt = performance.now() + milliseconds;
    for (let n = 0; n < inFlight; n++) this.#persist();
    return new Promise((resolve) => {
      this.#stopped = resolve;
    });
  }

  persisted(seq: number): void {
    this.groups += 1;
    this.entries += seq - this.#persisted;
    const done = seq - this.#persisted;
    this.#persisted = seq;
    if (performance.now() >= this.#stopAt) {
      if (seq === this.#seq) this.#stopped();
      return;
    }
    for (let n = 0; n < done; n++) this.#persist();
    if (this.#index - this.#sealed >= SEAL_EVERY) this.#seal();
  }

  persistFailed(seq: number, code: string): void {
    throw new Error(`bench: persist ${seq} failed: ${code}`);
  }

  snapshotFailed(id: string, code: string): void {
    throw new Error(`bench: snapshot ${id} failed: ${code}`);
  }

  bootstrapWritten(): void {}

  bootstrapFailed(code: string): void {
    throw new Error(`bench: the bootstrap configuration was not written: ${code}`);
  }

  #persist(): void {
    const entry: Entry = {
      index: ++this.#index,
      term: 1,
      kind: 'command',
      data: DATA,
      checksum: CHECKSUM,
      configuration: null,
    };
    this.#opened!.store.persist({
      seq: ++this.#seq,
      hardState: { term: 1, votedFor: 1 },
      truncateFrom: 0,
      entries: [entry],
      snapshot: null,
    });
  }

  #seal(): void {
    this.#sealed = this.#index;
    const { store } = this.#opened!;
    const metadata: SnapshotMetadata = {
      id: `${this.#index}`,
      lastIncludedIndex: this.#persisted,
      lastIncludedTerm: 1,
      configuration: CONFIGURATION,
      configurationIndex: 0,
      size: DATA.length,
      checksum: CHECKSUM,
    };
    store.writeSnapshot(metadata.id, 0, DATA);
    store.sealSnapshot(metadata, Math.max(0, this.#persisted - KEPT));
  }
}

interface Rate {
  readonly groups: number;
  readonly entries: number;
}

async function ours(directory: string, inFlight: number, milliseconds: number): Promise<Rate> {
  const identity = { clusterId: 'bench', id: 1, incarnation: INCARNATION, name: 'n1' };
  await createDirectory(directory, identity, CONFIGURATION);
  const load = new Load();
  const onFailure = (sentence: string): void => {
    throw new Error(sentence);
  };
  const opened = await openDirectory({ directory, durability: 'default', events: load, onFailure });
  if (opened.outcome !== 'open') throw new Error(`bench: ${JSON.stringify(opened)}`);
  load.serve(opened);
  const began = performance.now();
  await load.run(inFlight, milliseconds);
  const seconds = (performance.now() - began) / 1000;
  await opened.close();
  return { groups: load.groups / seconds, entries: load.entries / seconds };
}

async function plain(directory: string, inFlight: number, milliseconds: number): Promise<Rate> {
  const level = new ClassicLevel<string, Uint8Array>(directory, {
    valueEncoding: 'view',
    compression: false,
  });
  await level.open();
  let batches = 0;
  const began = performance.now();
  while (performance.now() - began < milliseconds) {
    const batch = level.batch();
    for (let n = 0; n < inFlight; n++) {
      batch.put((batches * inFlight + n).toString().padStart(14, '0'), DATA);
    }
    await batch.write({ sync: true });
    batches += 1;
  }
  const seconds = (performance.now() - began) / 1000;
  await level.close();
  return { groups: batches / seconds, entries: (batches * inFlight) / seconds };
}

/** `milliseconds` for each contestant in each round. */
export async function benchStore(
  inFlight: number,
  rounds: number,
  milliseconds: number,
): Promise<StoreFigures> {
  const root = mkdtempSync(path.join(tmpdir(), 'seedraft-bench-'));
  let next = 1;
  const fresh = (): string => path.join(root, `${next++}`);
  try {
    const groups: Record<string, number[]> = { ours: [], plain: [] };
    const contestant = (name: string, run: typeof ours) => async () => {
      const rate = await run(fresh(), inFlight, milliseconds);
      groups[name]!.push(rate.groups);
      return rate.entries;
    };
    const entries = await interleaveAsync(rounds, {
      ours: contestant('ours', ours),
      plain: contestant('plain', plain),
    });
    return {
      inFlight,
      groupsPerSecond: median(groups.ours!),
      entriesPerSecond: entries.ours!,
      plainBatchesPerSecond: median(groups.plain!),
      plainPutsPerSecond: entries.plain!,
      ratio: entries.ours! / entries.plain!,
    };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
