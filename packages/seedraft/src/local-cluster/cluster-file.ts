/** `.seedraft/cluster.json`: where the local cluster of this directory is, so that the other verbs need no addresses. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface ClusterMember {
  readonly id: number;
  readonly name: string;
  readonly pid: number;
  readonly peer: string;
  readonly client: string;
  readonly http: string;
  /** Other systems' protocols it speaks, and where. */
  readonly apis?: Readonly<Record<string, string>>;
  readonly data: string;
  /** Flags of `serve` that start it again. */
  readonly start?: readonly string[];
}

export interface ClusterFile {
  readonly version: 1;
  readonly cluster: string;
  /** Of `cluster up`. */
  readonly pid: number;
  readonly members: readonly ClusterMember[];
}

export const CLUSTER_FILE = path.join('.seedraft', 'cluster.json');

export function writeClusterFile(file: ClusterFile, folder = process.cwd()): string {
  const target = path.join(folder, CLUSTER_FILE);
  mkdirSync(path.dirname(target), { recursive: true });
  // Another verb may be reading it.
  const draft = `${target}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(file, null, 2)}\n`);
  renameSync(draft, target);
  return target;
}

/** Null: there is none, or it is not one. */
export function readClusterFile(folder = process.cwd()): ClusterFile | null {
  try {
    const text = readFileSync(path.join(folder, CLUSTER_FILE), 'utf8');
    const file = JSON.parse(text) as Partial<ClusterFile>;
    return file.version === 1 && Array.isArray(file.members) ? (file as ClusterFile) : null;
  } catch {
    return null;
  }
}

/** Only when it is still ours. */
export function removeClusterFile(folder = process.cwd()): void {
  if (readClusterFile(folder)?.pid !== process.pid) return;
  rmSync(path.join(folder, CLUSTER_FILE), { force: true });
}

/** Whether the process that wrote it still runs. */
export function isAlive({ pid }: ClusterFile): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
