/**
 * A short life of a member over real files, always the same but for when it ends: a few starts, so that tables hold what logs held; groups,
 * terms and votes; snapshots of several chunks, and groups deleted behind them. Whatever is acknowledged is told to a listener at once.
 * Everything is a function of the index, so that whoever looks later knows what must be there.
 */
import { crc32c } from '@seedraft/codec';
import type { Configuration, Entry, HardState, Index, SnapshotMetadata } from '@seedraft/core';
import type { StoreEvents } from '@seedraft/store';
import { createDirectory, type OpenDirectory, openDirectory } from '@seedraft/store/level';

export const INCARNATION = '0123456789abcdef0123456789abcdef';

const configuration: Configuration = {
  members: [1, 2, 3].map((id) => ({
    id,
    incarnation: '',
    name: `n${id}`,
    peerAddress: `peer-${id}`,
    clientAddress: `client-${id}`,
    role: 'voter' as const,
    priority: 0,
  })),
  outgoing: null,
  autoLeave: false,
  highestId: 3,
};

/** Entries of one term. */
const TERM_LENGTH = 16;
/** Entries between snapshots, and how many stay in the log behind one. */
const SEAL_EVERY = 64;
const KEPT = 24;

export const termOf = (index: Index): number => 1 + Math.floor(index / TERM_LENGTH);
export const hardStateOf = (index: Index): HardState => ({
  term: termOf(index),
  votedFor: 1 + (termOf(index) % 3),
});

export function entryOf(index: Index): Entry {
  const data = new Uint8Array(40 + (index % 7) * 40);
  for (let i = 0; i < data.length; i++) data[i] = index * 31 + i * 13;
  const checksum = crc32c(data);
  return { index, term: termOf(index), kind: 'command', data, checksum, configuration: null };
}

function snapshotAt(index: Index, bytes: Uint8Array): SnapshotMetadata {
  return {
    id: `s${index}`,
    lastIncludedIndex: index,
    lastIncludedTerm: termOf(index),
    configuration,
    configurationIndex: 0,
    size: bytes.length,
    checksum: crc32c(bytes),
  };
}

/** What was acknowledged so far. */
export interface Heard {
  /** Entries up to here, with the hard state of that index. */
  readonly index: Index;
  /** A snapshot up to here was sealed; 0: none. */
  readonly sealed: Index;
}

type Listener = (heard: Heard) => void;

/** One start: persists and seals until told to stop. */
class Span implements StoreEvents {
  #opened: OpenDirectory | null = null;
  #seq = 0;
  #index: Index;
  #sealed: Index;
  #heard: Heard;
  readonly #tell: Listener;
  readonly #snapshotBytes: number;
  /** Persists under way, by seq: the index each ends at. */
  readonly #ends = new Map<number, Index>();
  #until: Index = 0;
  #finished: () => void = () => {};

  constructor(heard: Heard, snapshotBytes: number, tell: Listener) {
    this.#heard = heard;
    this.#index = heard.index;
    this.#sealed = heard.sealed;
    this.#snapshotBytes = snapshotBytes;
    this.#tell = tell;
  }

  /** Up to `until`, `inFlight` persists at a time. */
  run(opened: OpenDirectory, until: Index, inFlight: number): Promise<void> {
    this.#opened = opened;
    this.#until = until;
    for (let n = 0; n < inFlight; n++) this.#persist();
    return new Promise((resolve) => {
      this.#finished = resolve;
    });
  }

  persisted(seq: number): void {
    const index = this.#ends.get(seq)!;
    let done = 0;
    for (const earlier of this.#ends.keys()) {
      if (earlier > seq) continue;
      this.#ends.delete(earlier);
      done += 1;
    }
    this.#hear({ ...this.#heard, index });
    if (index - this.#sealed >= SEAL_EVERY) this.#seal(index);
    for (let n = 0; n < done; n++) this.#persist();
    if (this.#ends.size === 0) this.#finished();
  }

  snapshotSealed(id: string): void {
    this.#hear({ ...this.#heard, sealed: Number(id.slice(1)) });
  }

  durable(): void {}
  snapshotWritten(): void {}
  snapshotRead(): void {}
  persistFailed(seq: number, code: string): void {
    throw new Error(`persist ${seq} failed: ${code}`);
  }
  snapshotFailed(id: string, code: string): void {
    throw new Error(`snapshot ${id} failed: ${code}`);
  }
  bootstrapWritten(): void {}
  bootstrapFailed(code: string): void {
    throw new Error(`the bootstrap configuration was not written: ${code}`);
  }

  #hear(heard: Heard): void {
    this.#heard = heard;
    this.#tell(heard);
  }

  #persist(): void {
    if (this.#index >= this.#until) return;
    const entries: Entry[] = [];
    for (let n = 0; n <= this.#seq % 3; n++) entries.push(entryOf(++this.#index));
    const seq = ++this.#seq;
    this.#ends.set(seq, this.#index);
    const hardState = hardStateOf(this.#index);
    this.#opened!.store.persist({ seq, hardState, truncateFrom: 0, entries, snapshot: null });
  }

  #seal(index: Index): void {
    const { store } = this.#opened!;
    const bytes = new Uint8Array(this.#snapshotBytes).fill(index);
    const metadata = snapshotAt(index, bytes);
    const third = Math.ceil(bytes.length / 3);
    for (let at = 0; at < bytes.length; at += third) {
      store.writeSnapshot(metadata.id, at, bytes.subarray(at, at + third));
    }
    store.sealSnapshot(metadata, index - KEPT);
    if (this.#sealed !== 0) store.dropSnapshot(`s${this.#sealed}`);
    this.#sealed = index;
  }
}

export interface LifeOptions {
  readonly directory: string;
  /** Starts, and entries in each; the last goes on to `until`. */
  readonly starts: number;
  readonly entries: number;
  readonly until: Index;
  readonly inFlight: number;
  readonly snapshotBytes: number;
}

/** Lives to the end and closes, unless somebody kills the process first. */
export async function live(options: LifeOptions, tell: Listener): Promise<void> {
  const { directory, starts, entries, until, inFlight, snapshotBytes } = options;
  const identity = { clusterId: 'life', id: 1, incarnation: INCARNATION, name: 'n1' };
  const created = await createDirectory(directory, identity, configuration);
  if (created.outcome !== 'ok') throw new Error(created.sentence);
  let heard: Heard = { index: 0, sealed: 0 };
  for (let start = 1; start <= starts; start++) {
    const span = new Span(heard, snapshotBytes, (now) => {
      heard = now;
      tell(now);
    });
    const onFailure = (sentence: string): void => {
      throw new Error(sentence);
    };
    const opened = await openDirectory({
      directory,
      durability: 'default',
      events: span,
      onFailure,
    });
    if (opened.outcome !== 'open') throw new Error(JSON.stringify(opened));
    await span.run(opened, start === starts ? until : start * entries, inFlight);
    await opened.settled();
    await opened.close();
  }
}
