/**
 * What a local cluster whose data is kept must find again at its next start: its name, which is in every directory, and its ports, which are in
 * the members' log: under new ones they would never find each other.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface KeptCluster {
  readonly version: 1;
  readonly cluster: string;
  /** Three a member: members, clients, HTTP. */
  readonly ports: readonly number[];
}

const KEPT_FILE = 'cluster.json';

/** Null: no cluster was begun in this folder. Throws when the file is not what it should be. */
export function readKeptCluster(folder: string): KeptCluster | null {
  const file = path.join(folder, KEPT_FILE);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const { version, cluster, ports } = JSON.parse(text) as Partial<KeptCluster>;
  const isOne = version === 1 && typeof cluster === 'string' && Array.isArray(ports);
  if (!isOne || ports.length === 0 || ports.length % 3 !== 0) {
    throw new Error(`${file} does not say what cluster this is`);
  }
  return { version, cluster, ports };
}

export function writeKeptCluster(folder: string, kept: KeptCluster): void {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, KEPT_FILE);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(kept)}\n`);
  renameSync(draft, file);
}
