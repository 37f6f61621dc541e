/**
 * A data directory holds one generation: a folder `store-000001` with LevelDB's files, WITNESS and IDENTITY. Whatever replaces it is made
 * under the next number with `.new` behind, made durable, verified as at any start, and only then named; the highest number counts.
 * So at every moment exactly one whole state is there, and what a crash left half made bears a name that says so.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Batch, Put } from '../engine.ts';
import type { FreshDirectory } from '../fresh.ts';
import { scanLevelDirectory } from '../leveldb/scan.ts';
import { recover } from '../recovery.ts';
import { SLOT_OFFSETS, WITNESS_BYTES, WITNESS_FILE } from '../witness.ts';
import { openDatabase } from './database.ts';
import { type DurableFiles, RealDirectory } from './files.ts';
import { type Identity, writeIdentity } from './identity.ts';

const GENERATION = /^store-(\d{6,})$/;
const LEFTOVER = /^store-\d{6,}\.new$/;
/** One batch of LevelDB's while a generation is made. */
const BATCH_BYTES = 1 << 20;

const nameOf = (number: number): string => `store-${number.toString().padStart(6, '0')}`;

export interface Found {
  /** 0: none is there. */
  readonly newest: number;
  /** Half made, or replaced. */
  readonly leftovers: readonly string[];
}

export function findGeneration(directory: string): Found {
  const numbers: number[] = [];
  const leftovers: string[] = [];
  for (const name of readdirSync(directory)) {
    const match = GENERATION.exec(name);
    if (match !== null) numbers.push(Number(match[1]));
    if (LEFTOVER.test(name)) leftovers.push(name);
  }
  const newest = Math.max(0, ...numbers);
  for (const number of numbers) if (number !== newest) leftovers.push(nameOf(number));
  return { newest, leftovers };
}

export function generationPath(directory: string, number: number): string {
  return path.join(directory, nameOf(number));
}

/** Only while the directory is held exclusively. */
export function removeLeftovers(files: DurableFiles, directory: string, { leftovers }: Found) {
  for (const name of leftovers) files.remove(path.join(directory, name));
}

/** Make generation `number` and name it. `fresh` null: an identity without a database. Throws as files and LevelDB do. */
export async function makeGeneration(
  files: DurableFiles,
  directory: string,
  number: number,
  identity: Identity,
  fresh: FreshDirectory | null,
): Promise<void> {
  const made = generationPath(directory, number);
  const unfinished = `${made}.new`;
  files.remove(unfinished);
  files.makeDirectory(unfinished);
  if (fresh !== null) {
    await fill(unfinished, fresh.puts);
    files.write(path.join(unfinished, WITNESS_FILE), witnessFile(fresh.witness));
  }
  writeIdentity(files, unfinished, identity);
  files.syncAll(unfinished);
  if (fresh !== null) assertReadable(unfinished);
  files.rename(unfinished, made);
}

/** A device that lies is found out before what it should replace is given up. */
function assertReadable(directory: string): void {
  const verdict = recover(scanLevelDirectory(new RealDirectory(directory)));
  const isReadable =
    (verdict.outcome === 'intact' || verdict.outcome === 'repairable') && verdict.rewrite === null;
  if (isReadable) return;
  const why = 'sentence' in verdict ? verdict.sentence : verdict.outcome;
  throw Object.assign(new Error(`what was just written reads back otherwise: ${why}`), {
    code: 'EIO',
  });
}

async function fill(location: string, puts: readonly Put[]): Promise<void> {
  const database = await openDatabase(location, 'fresh');
  try {
    for (const batch of batchesOf(puts)) await database.write(batch);
  } finally {
    await database.close();
  }
}

function* batchesOf(puts: Iterable<Put>): Generator<Batch> {
  let batch: Put[] = [];
  let bytes = 0;
  for (const put of puts) {
    batch.push(put);
    bytes += put.value.length;
    if (bytes < BATCH_BYTES) continue;
    yield { deletes: [], puts: batch };
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield { deletes: [], puts: batch };
}

function witnessFile(slot: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(WITNESS_BYTES);
  for (const offset of SLOT_OFFSETS.flat()) bytes.set(slot, offset);
  return bytes;
}
