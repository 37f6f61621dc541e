/** Sorts what a scan found into groups, bases and chunks, opening every record; whatever cannot be believed becomes a defect. */
import type { Digest } from '@seedraft/codec';
import { type Base, decodeBase } from './base.ts';
import { ChunkIndex, openChunk } from './chunk.ts';
import {
  type Defect,
  describeDefect,
  type FoundRecord,
  type Scan,
  type SlotCopies,
} from './engine.ts';
import { decodeGroup, findSpoiltEntry, type Group, hashOfGroup } from './group.ts';
import { parseKey } from './keys.ts';
import { FORMAT_VERSION, openRecord } from './record.ts';
import { openWitness, SLOT_OFFSETS, type Slot, WITNESS_FILE, type Witness } from './witness.ts';

export interface FoundGroup {
  readonly group: Group;
  readonly hash: Digest;
}

/** The chunks of a snapshot, each beginning where the one before ends. Their bytes are summed, not kept. */
export interface FoundSnapshot {
  readonly index: ChunkIndex;
  readonly records: FoundRecord[];
}

export interface FoundWitness {
  readonly witness: Witness;
  readonly slot: Slot;
}

export class Collection {
  readonly groups = new Map<number, FoundGroup>();
  /** Newest first. */
  readonly bases: Base[] = [];
  /** By id. */
  readonly snapshots = new Map<string, FoundSnapshot>();
  readonly defects: Defect[];
  /** Slots with an intact copy, newest first. */
  readonly witnesses: FoundWitness[] = [];
  /** Set when something was written by a newer version: where, and which. */
  newer: string | null = null;
  /** 0: none. */
  newestSeq = 0;

  constructor(scan: Scan) {
    this.defects = [...scan.defects];
    for (const record of scan.records) this.#take(record);
    this.bases.sort((a, b) => b.firstSeq - a.firstSeq);
    if (scan.witness !== null) {
      for (const slot of [0, 1] as const) this.#takeSlot(slot, scan.witness[slot]);
      this.witnesses.sort((a, b) => b.witness.seq - a.witness.seq);
    }
  }

  #take(record: FoundRecord): void {
    const key = parseKey(record.key);
    if (key === null) {
      this.#damaged(record, `the key ${record.key} is none of ours`);
      return;
    }
    if (key.kind === 'chunk') {
      this.#takeChunk(key.id, key.offset, record);
      return;
    }
    const { value } = record;
    const opened = openRecord(record.key, value);
    if (opened.status === 'newer') this.#newer(record, opened.version);
    else if (opened.status === 'damaged') this.#damaged(record, `${record.key} ${opened.reason}`);
    else if (key.kind === 'group')
      this.#takeGroup(key.seq, opened.body, record, hashOfGroup(value));
    else this.#takeBase(key.seq, opened.body, record);
  }

  #takeGroup(seq: number, body: unknown, record: FoundRecord, hash: Digest): void {
    const group = decodeGroup(body);
    if (group === null || group.seq !== seq) {
      this.#damaged(record, `${record.key} does not have the shape of a group`);
      return;
    }
    const spoilt = findSpoiltEntry(group.steps);
    if (spoilt !== null) {
      const name = `${spoilt.index}@${spoilt.term}`;
      this.#damaged(record, `entry ${name} in ${record.key} fails its proposer's checksum`);
      return;
    }
    this.groups.set(seq, { group, hash });
    this.newestSeq = Math.max(this.newestSeq, seq);
  }

  #takeBase(firstSeq: number, body: unknown, record: FoundRecord): void {
    const base = decodeBase(body);
    if (base === null || base.firstSeq !== firstSeq) {
      this.#damaged(record, `${record.key} does not have the shape of a base`);
      return;
    }
    this.bases.push(base);
  }

  #takeChunk(id: string, offset: number, record: FoundRecord): void {
    const opened = openChunk(id, offset, record.value);
    if (opened.status === 'newer') {
      this.#newer(record, opened.version);
    } else if (opened.status === 'damaged') {
      this.#damaged(record, `${record.key} ${opened.reason}`);
    } else {
      this.#addChunk(id, offset, opened.bytes, record);
    }
  }

  /** They come in order of offset. Leftovers of an earlier transfer, which overlap, are passed over. */
  #addChunk(id: string, offset: number, bytes: Uint8Array, record: FoundRecord): void {
    const found = this.snapshots.get(id) ?? { index: new ChunkIndex(), records: [] };
    this.snapshots.set(id, found);
    if (offset !== found.index.size) return;
    found.index.append(bytes);
    found.records.push(record);
  }

  /** The newest intact copy speaks for its slot: an older one is a write that went astray. */
  #takeSlot(slot: Slot, copies: SlotCopies): void {
    let newest: Witness | null = null;
    for (const [i, bytes] of copies.entries()) {
      const place = { file: WITNESS_FILE, offset: SLOT_OFFSETS[slot][i] ?? 0 };
      const opened = openWitness(bytes);
      if (opened.status === 'newer') this.#newer(place, opened.version);
      if (opened.status !== 'intact') continue;
      if (newest === null || newest.seq < opened.witness.seq) newest = opened.witness;
    }
    if (newest !== null) this.witnesses.push({ witness: newest, slot });
  }

  #damaged(place: { readonly file: string; readonly offset: number }, reason: string): void {
    this.defects.push({ file: place.file, offset: place.offset, reason, kind: 'damage' });
  }

  #newer(place: { readonly file: string; readonly offset: number }, version: number): void {
    const reason = `written in format ${version}; this version reads formats up to ${FORMAT_VERSION}`;
    this.newer ??= describeDefect({ ...place, reason, kind: 'damage' });
  }
}
