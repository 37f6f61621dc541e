/** `seedraft backup s3://...`: the same bytes as in a file, as an object that is read back before anything is said of it. */
import type { BackupAbout, CheckedBackup } from '@seedraft/store';
import { UsageError } from '../exit-codes.ts';
import { isFlaw, lineageOf } from '../s3/backups.ts';
import type { S3Failure } from '../s3/failure.ts';
import { note } from './output.ts';
import { oneBackup, openLocation, type S3Flags } from './s3-flags.ts';

/** Under a name by time and entry in the cluster's folder, where a prefix is given. */
export async function writeToS3(
  destination: string,
  about: BackupAbout,
  chunks: AsyncIterable<Uint8Array>,
  flags: S3Flags & { readonly force?: boolean },
  signal: AbortSignal,
): Promise<{ readonly name: string; readonly bytes: number }> {
  const { backups, key, isObject } = await openLocation(destination, flags);
  try {
    if (isObject && !flags.force && (await backups.bucket.about(key, signal)) !== null) {
      throw new UsageError(
        `OBJECT_EXISTS: ${destination} is there already, and a backup is not overwritten unasked: name another, or give --force.`,
      );
    }
    const lineage = lineageOf(about.configuration);
    const options = { key: isObject ? key : null, lineage, signal };
    const written = await backups.write(about, chunks, options);
    return { name: backups.url(written.key), bytes: written.bytes };
  } finally {
    backups.bucket.close();
  }
}

export type Looked =
  | ({ readonly outcome: 'ok'; readonly file: string; readonly fileBytes: number } & Pick<
      CheckedBackup,
      'about' | 'chunks'
    >)
  | { readonly outcome: 'refused'; readonly code: S3Failure['code']; readonly sentence: string };

/** Every byte of it comes by, none stays. Refused: it is not whole. */
export async function lookInS3(source: string, flags: S3Flags): Promise<Looked> {
  const location = await openLocation(source, flags);
  const { backups } = location;
  try {
    const key = await oneBackup(location, flags);
    const { about, chunks, bytes } = await backups.check(key);
    return { outcome: 'ok', file: backups.url(key), fileBytes: bytes, about, chunks };
  } catch (error) {
    if (!isFlaw(error)) throw error;
    return { outcome: 'refused', code: error.code, sentence: error.message };
  } finally {
    backups.bucket.close();
  }
}

/** Throws UsageError when it is not whole; S3Failure when it cannot be got. Says which it is where that was not written. */
export async function fetchFromS3(source: string, file: string, flags: S3Flags): Promise<void> {
  const location = await openLocation(source, flags);
  const { backups } = location;
  try {
    const key = await oneBackup(location, flags);
    if (!location.isObject) note(`the newest is ${backups.url(key)}`);
    await backups.download(key, file);
  } catch (error) {
    if (!isFlaw(error)) throw error;
    throw new UsageError(`${error.code}: ${error.message}.`);
  } finally {
    backups.bucket.close();
  }
}
