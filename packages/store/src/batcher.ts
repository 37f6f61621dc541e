/**
 * Turns what was asked for into one batch: the group record of its persists and seals, its snapshot chunks, and the deletions that became
 * safe. One batch is one sync; a batch is only ever built on the state that the batch before made durable.
 */
import type { Configuration, HardState, Persist, SnapshotMetadata } from '@seedraft/core';
import type { Base } from './base.ts';
import { encodeBase } from './base.ts';
import { type Chain, lastIndexAfter, repairUntilAfter } from './chain.ts';
import { encodeChunk } from './chunk.ts';
import type { Batch, Put } from './engine.ts';
import { encodeGroup, type Group, hashOfGroup, type Step } from './group.ts';
import { baseKey, chunkKey } from './keys.ts';

export type Operation =
  | { readonly kind: 'persist'; readonly write: Persist }
  | {
      readonly kind: 'chunk';
      readonly id: string;
      readonly offset: number;
      readonly bytes: Uint8Array;
      /** Reported when durable; null for all but the last chunk of one writeSnapshot. */
      readonly end: number | null;
    }
  | {
      readonly kind: 'seal';
      readonly metadata: SnapshotMetadata;
      readonly compactTo: number;
    }
  | { readonly kind: 'bootstrap'; readonly configuration: Configuration };

/** One batch on its way: what to report and what to remember once it is durable. */
export interface Flight {
  readonly operations: readonly Operation[];
  readonly batch: Batch;
  /** Null: only snapshot chunks and deletions. */
  readonly group: { readonly group: Group; readonly hash: ReturnType<typeof hashOfGroup> } | null;
  /** The base this batch makes durable, or null. */
  readonly base: Base | null;
}

export interface Housekeeping {
  /** Safe to delete now. */
  readonly deletes: readonly string[];
  /** To be written now: what it gives up is deleted only by a later batch. */
  readonly base: Base | null;
}

export function buildFlight(
  operations: readonly Operation[],
  chain: Chain,
  incarnation: string,
  { deletes, base }: Housekeeping,
): Flight {
  const puts: Put[] = [];
  const { steps, hardState } = foldSteps(operations);
  for (const operation of operations) {
    if (operation.kind !== 'chunk') continue;
    const { id, offset, bytes } = operation;
    puts.push({ key: chunkKey(id, offset), value: encodeChunk(id, offset, bytes) });
  }
  let group: Flight['group'] = null;
  if (hardState !== null || steps.length > 0) {
    const next: Group = {
      seq: chain.nextSeq,
      previous: chain.previous,
      incarnation,
      hardState: hardState ?? chain.hardState,
      lastIndex: lastIndexAfter(chain.lastIndex, steps),
      repairUntil: repairUntilAfter(chain.repairUntil, steps),
      steps,
    };
    const put = encodeGroup(next);
    group = { group: next, hash: hashOfGroup(put.value) };
    puts.push(put);
  }
  if (base !== null) puts.push({ key: baseKey(base.firstSeq), value: encodeBase(base) });
  return { operations, batch: { deletes, puts }, group, base };
}

/** The newest hard state (null: no persist among them), and the steps with plain appends run together. */
function foldSteps(operations: readonly Operation[]): {
  steps: Step[];
  hardState: HardState | null;
} {
  const steps: Step[] = [];
  let hardState: HardState | null = null;
  for (const operation of operations) {
    if (operation.kind === 'chunk' || operation.kind === 'bootstrap') continue;
    if (operation.kind === 'seal') {
      const { metadata, compactTo } = operation;
      steps.push({ kind: 'seal', snapshot: metadata, compactTo });
      continue;
    }
    const { snapshot, truncateFrom, entries } = operation.write;
    hardState = operation.write.hardState;
    if (snapshot !== null) steps.push({ kind: 'install', snapshot });
    if (truncateFrom === 0 && entries.length === 0) continue;
    const last = steps.at(-1);
    if (truncateFrom === 0 && last?.kind === 'append') {
      const joined = last.entries.concat(entries);
      steps[steps.length - 1] = {
        kind: 'append',
        truncateFrom: last.truncateFrom,
        entries: joined,
      };
    } else {
      steps.push({ kind: 'append', truncateFrom, entries });
    }
  }
  return { steps, hardState };
}
