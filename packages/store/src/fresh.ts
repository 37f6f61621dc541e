/**
 * A directory written from nothing: at creation, and after damage, when no database may open what is there. Base, groups, snapshot chunks
 * and both witness slots together are one state; the driver makes them durable under another name and swaps it in as a whole.
 */
import type { Digest } from '@seedraft/codec';
import { hash64 } from '@seedraft/codec';
import type { Configuration, Entry, HardState, Index, SnapshotMetadata } from '@seedraft/core';
import type { RecoveredMember } from '@seedraft/replica';
import { type Base, encodeBase } from './base.ts';
import { Chain, witnessOf } from './chain.ts';
import { ChunkIndex } from './chunk.ts';
import type { Put } from './engine.ts';
import { encodeGroup, type Group, hashOfGroup } from './group.ts';
import { assertStore } from './invariant.ts';
import { baseKey } from './keys.ts';
import type { Resumption } from './resumption.ts';
import { encodeWitness } from './witness.ts';

export interface FreshState {
  readonly incarnation: string;
  readonly configuration: Configuration;
  readonly hardState: HardState;
  readonly snapshot: SnapshotMetadata | null;
  /** The index before entries[0]. */
  readonly floor: Index;
  readonly entries: readonly Entry[];
  readonly repairUntil: Index;
  /** Seq of the first group, and what it links to. */
  readonly firstSeq: number;
  readonly previous: Digest;
  /** The snapshot's chunk records, verified when recovery read them, and their index. */
  readonly chunkRecords: readonly Put[];
  readonly chunks: ChunkIndex;
}

export interface FreshDirectory {
  /** Chunks are read from the old directory as they are asked for. */
  readonly puts: readonly Put[];
  /** For both slots. */
  readonly witness: Uint8Array;
  readonly resumption: Resumption;
}

/** The directory of a brand-new member. `incarnation` is 32 hex digits from the driver's randomness. */
export function createDirectory(bootstrap: RecoveredMember, incarnation: string): FreshDirectory {
  const { hardState, snapshot, entries, configuration, repairUntil } = bootstrap.core;
  assertStore(snapshot === null, 'a new member has no snapshot');
  return layOut({
    incarnation,
    configuration,
    hardState,
    snapshot,
    floor: 0,
    entries,
    repairUntil,
    firstSeq: 1,
    previous: hash64(incarnation),
    chunkRecords: [],
    chunks: new ChunkIndex(),
  });
}

export function layOut(state: FreshState): FreshDirectory {
  const { incarnation, configuration, snapshot, floor, firstSeq, previous } = state;
  const base: Base = { firstSeq, previous, incarnation, floor, snapshot, configuration };
  const chain = new Chain(base);
  const puts: Put[] = [{ key: baseKey(firstSeq), value: encodeBase(base) }, ...state.chunkRecords];
  for (const entries of portions(state.entries)) {
    const group: Group = {
      seq: chain.nextSeq,
      previous: chain.previous,
      incarnation,
      hardState: state.hardState,
      lastIndex: chain.lastIndex + entries.length,
      repairUntil: state.repairUntil,
      steps: [{ kind: 'append', truncateFrom: 0, entries }],
    };
    const put = encodeGroup(group);
    chain.append(group, hashOfGroup(put.value));
    puts.push(put);
  }
  const witness = encodeWitness(witnessOf(chain));
  const snapshots = new Map<string, ChunkIndex>();
  if (snapshot !== null) snapshots.set(snapshot.id, state.chunks);
  return { puts, witness, resumption: { chain, snapshots, garbage: [], nextSlot: 0 } };
}

/** Groups of about a mebibyte; at least one, since the hard state needs a group. */
function portions(entries: readonly Entry[]): Entry[][] {
  const all: Entry[][] = [[]];
  let bytes = 0;
  for (const entry of entries) {
    if (bytes > 1 << 20) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)!.push(entry);
    bytes += entry.data.length;
  }
  return all;
}
