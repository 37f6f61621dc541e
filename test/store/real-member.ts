/** A member over real files in a directory of its own: opened, copied as a crash would leave it, opened again. Cleans up after itself. */
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createDirectory, type OpenDirectory, openDirectory } from '@seedraft/store/level';
import type { Machine } from '../../packages/store/src/level/open.ts';
import { configuration, INCARNATION } from '../sim/disk/fixtures.ts';
import { TestHost } from '../sim/disk/host.ts';

export const IDENTITY = { clusterId: 'c1', id: 1, incarnation: INCARNATION, name: 'n1' };

/** Directories under one temporary root. */
export class Scratch {
  readonly root = mkdtempSync(path.join(tmpdir(), 'seedraft-store-'));
  #next = 1;

  fresh(): string {
    return path.join(this.root, `d${this.#next++}`);
  }

  /** What is there now, as the death of the process would leave it. */
  copyOf(directory: string): string {
    const copy = this.fresh();
    if (existsSync(directory)) cpSync(directory, copy, { recursive: true });
    return copy;
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export interface RealMember extends OpenDirectory {
  readonly host: TestHost;
  readonly failures: string[];
}

export async function createMember(directory: string): Promise<void> {
  const created = await createDirectory(directory, IDENTITY, configuration);
  if (created.outcome !== 'ok') throw new Error(created.sentence);
}

export async function openMember(
  directory: string,
  durability: 'default' | 'paranoid' = 'default',
  machine: Machine = {},
): Promise<RealMember> {
  const host = new TestHost();
  const failures: string[] = [];
  const onFailure = (sentence: string): void => {
    failures.push(sentence);
  };
  const opening = await openDirectory({ directory, durability, events: host, onFailure }, machine);
  if (opening.outcome !== 'open') throw new Error(JSON.stringify(opening));
  return { ...opening, host, failures };
}
