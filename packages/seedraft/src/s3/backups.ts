/**
 * Backups as objects. What is written is read back and judged byte by byte before it counts. What is deleted is this cluster's: it lies in the cluster's
 * folder under a name of ours, and was made by members that this cluster has, or by those that shared a backup's time with them. A name alone proves
 * nothing, for two clusters may bear the same.
 */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Configuration } from '@seedraft/core';
import { type BackupAbout, BackupCheck, type CheckedBackup } from '@seedraft/store';
import { encodeBackup } from '@seedraft/store/level';
import type { Bucket, ListedObject } from './bucket.ts';
import { S3Failure } from './failure.ts';
import { type BackupName, folderOf, nameOf, readName, urlOf } from './location.ts';

export interface StoredBackup extends ListedObject {
  readonly name: BackupName;
}

export interface Retention {
  readonly clusterId: string;
  readonly lineage: readonly string[];
  /** At least 1. */
  readonly keep: number;
}

/** That of a member's directory, of which no two are alike; all of them would be too long. */
const LINEAGE_DIGITS = 16;
const LINEAGE_MEMBERS = 40;

/** Whose backup it is, in a form that metadata of an object can bear. */
export function lineageOf(configuration: Configuration, own = ''): readonly string[] {
  const incarnations = [own, ...configuration.members.map(({ incarnation }) => incarnation)];
  const known = incarnations.filter((one) => one !== '').map((one) => one.slice(0, LINEAGE_DIGITS));
  return [...new Set(known)].slice(0, LINEAGE_MEMBERS);
}

export class S3Backups {
  readonly bucket: Bucket;
  readonly #prefix: string;
  /** Read back whole, by key: the tags they had. No object is read for every backup that is made after it. */
  readonly #whole = new Map<string, string>();

  constructor(bucket: Bucket, prefix: string) {
    this.bucket = bucket;
    this.#prefix = prefix;
  }

  url(key: string): string {
    return urlOf(this.bucket.name, key);
  }

  /** Of every cluster without a name; in no particular order. Objects that bear no name of ours are not seen. */
  async list(clusterId?: string, signal?: AbortSignal): Promise<StoredBackup[]> {
    const within = clusterId === undefined ? this.#prefix : folderOf(this.#prefix, clusterId);
    const found: StoredBackup[] = [];
    for await (const object of this.bucket.list(within, signal)) {
      const name = readName(object.key);
      if (name === null) continue;
      // Deeper folders are somebody else's.
      const isOf = (id: string): boolean =>
        object.key === within + nameOf(name) && id === name.clusterId;
      if (clusterId === undefined || isOf(clusterId)) found.push({ ...object, name });
    }
    return found;
  }

  /** Whether members of `lineage` made it. */
  async isOf(lineage: ReadonlySet<string>, key: string, signal?: AbortSignal): Promise<boolean> {
    return (await this.#lineage(key, signal)).some((one) => lineage.has(one));
  }

  async #lineage(key: string, signal?: AbortSignal): Promise<readonly string[]> {
    const metadata = await this.bucket.about(key, signal);
    return metadata?.['seedraft-members']?.split(',') ?? [];
  }

  /**
   * Writes and reads back. `key`: null for the cluster's folder and a name by time and entry. One that is not whole when it is read back is deleted; one that
   * cannot be read back stays, and whoever looks for the newest will judge it.
   */
  async write(
    about: BackupAbout,
    chunks: AsyncIterable<Uint8Array>,
    options: {
      readonly key: string | null;
      readonly lineage: readonly string[];
      readonly signal?: AbortSignal;
    },
  ): Promise<{ readonly key: string; readonly bytes: number }> {
    const { lineage, signal } = options;
    const key = options.key ?? folderOf(this.#prefix, about.clusterId) + nameOf(about);
    const metadata = {
      'seedraft-cluster': encodeURIComponent(about.clusterId),
      'seedraft-entry': `${about.index}`,
      'seedraft-term': `${about.term}`,
      'seedraft-members': lineage.join(','),
    };
    const bytes = await this.bucket.write(key, metadata, encodeBackup(about, chunks), signal);
    try {
      const checked = await this.check(key, signal);
      if (checked.bytes !== bytes || !isDeepStrictEqual(checked.about, about)) {
        throw new S3Failure('BACKUP_DAMAGED', `${this.url(key)} is not what was written`);
      }
    } catch (error) {
      if (isFlaw(error)) await this.bucket.remove(key, signal);
      throw error;
    }
    return { key, bytes };
  }

  /** Reads all of it. Throws S3Failure unless every byte is right. */
  async check(key: string, signal?: AbortSignal): Promise<CheckedBackup> {
    const check = new BackupCheck(this.url(key));
    for await (const _ of this.#judged(key, check, signal));
    return whole(check);
  }

  /** Into a file, as far as it is right; throws as `check` does. */
  async download(key: string, file: string, signal?: AbortSignal): Promise<void> {
    const check = new BackupCheck(this.url(key));
    const bytes = Readable.from(this.#judged(key, check, signal));
    await pipeline(bytes, createWriteStream(file, { flags: 'wx', mode: 0o600 }));
    whole(check);
  }

  async *#judged(
    key: string,
    check: BackupCheck,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void> {
    for await (const piece of this.bucket.read(key, signal)) {
      const flaw = check.push(piece);
      if (flaw !== null) throw new S3Failure(flaw.code, flaw.sentence);
      yield piece;
    }
  }

  /**
   * Deletes all of this cluster but the `keep` newest that are whole, of which `whole`, just read back, is one whatever its clock said. What is not known to
   * be whole is read before anything goes because of it; nothing goes while fewer than `keep` are whole. `strangers`: in the folder, and of another
   * cluster of that name, as far as anybody can tell; they stay.
   */
  async retain(
    { clusterId, lineage, keep }: Retention,
    whole: string,
    signal?: AbortSignal,
  ): Promise<{
    readonly deleted: readonly string[];
    readonly damaged: readonly string[];
    readonly strangers: readonly string[];
  }> {
    const all = await this.list(clusterId, signal);
    if (all.length <= keep) return { deleted: [], damaged: [], strangers: [] };
    const { own, strangers } = await this.#parted(all, lineage, signal);
    const kept = new Set([whole]);
    const damaged: string[] = [];
    for (const backup of own) {
      if (kept.size === keep || own.length <= keep) break;
      if (kept.has(backup.key)) this.#whole.set(backup.key, backup.tag);
      else if (await this.#isWhole(backup, signal)) kept.add(backup.key);
      else damaged.push(backup.key);
    }
    for (const key of this.#whole.keys()) if (!kept.has(key)) this.#whole.delete(key);
    if (kept.size < keep) return { deleted: [], damaged, strangers };
    const deleted = own.map(({ key }) => key).filter((key) => !kept.has(key));
    for (const key of deleted) await this.bucket.remove(key, signal);
    return { deleted, damaged, strangers };
  }

  /** Ours, newest first, and the others. */
  async #parted(
    all: readonly StoredBackup[],
    lineage: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<{ readonly own: readonly StoredBackup[]; readonly strangers: readonly string[] }> {
    // Entries only ever get more, whatever clocks did.
    const sorted = all.toSorted(
      (a, b) => b.name.index - a.name.index || b.name.takenAt - a.name.takenAt,
    );
    const known = new Set(lineage);
    const own: StoredBackup[] = [];
    const strangers: string[] = [];
    for (const backup of sorted) {
      const members = await this.#lineage(backup.key, signal);
      if (members.some((one) => known.has(one))) {
        own.push(backup);
        // Members come and go, one after the other: so do those of older backups.
        for (const one of members) known.add(one);
      } else strangers.push(backup.key);
    }
    return { own, strangers };
  }

  /** Throws when that cannot be found out. */
  async #isWhole({ key, tag }: StoredBackup, signal: AbortSignal | undefined): Promise<boolean> {
    if (tag !== '' && this.#whole.get(key) === tag) return true;
    try {
      await this.check(key, signal);
    } catch (error) {
      if (!isFlaw(error)) throw error;
      return false;
    }
    this.#whole.set(key, tag);
    return true;
  }
}

/** It came, and is no whole backup: reading again will not help. */
export function isFlaw(error: unknown): error is S3Failure {
  return (
    error instanceof S3Failure &&
    ['NOT_A_BACKUP', 'FORMAT_NEWER', 'BACKUP_DAMAGED'].includes(error.code)
  );
}

function whole(check: BackupCheck): CheckedBackup {
  const checked = check.end();
  if ('code' in checked) throw new S3Failure(checked.code, checked.sentence);
  return checked;
}
