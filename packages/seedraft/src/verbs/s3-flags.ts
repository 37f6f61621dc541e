/** What the verbs that take `s3://` share: the flag of the endpoint, how a bucket is opened, and which of its backups is meant. */
import type { Command } from 'commander';
import { UsageError } from '../exit-codes.ts';
import { S3Backups } from '../s3/backups.ts';
import { Bucket } from '../s3/bucket.ts';
import { parseLocation, type S3Location, urlOf } from '../s3/location.ts';

export interface S3Flags {
  readonly s3Endpoint?: string;
  readonly latest?: boolean;
}

export function addEndpointOption(verb: Command): Command {
  return verb.option(
    '--s3-endpoint <url>',
    'where s3:// is, when not at AWS (or AWS_ENDPOINT_URL_S3); credentials and region come from the environment, as the AWS tools have them',
  );
}

export function addLatestOption(verb: Command): Command {
  return verb.option('--latest', 'of an s3:// prefix: the newest backup below it');
}

export interface OpenedLocation extends S3Location {
  readonly backups: S3Backups;
}

/** Throws UsageError. Of an object, `backups` sees what lies beside it. */
export async function openLocation(
  text: string,
  { s3Endpoint = '' }: S3Flags,
): Promise<OpenedLocation> {
  const location = parseLocation(text);
  const { bucket, key, isObject } = location;
  const prefix = isObject ? key.slice(0, key.lastIndexOf('/') + 1) : key;
  return { ...location, backups: new S3Backups(await Bucket.open(bucket, s3Endpoint), prefix) };
}

/** The key of the one backup that is meant. Throws UsageError when it is not clear which. */
export async function oneBackup(
  { backups, bucket, key, isObject }: OpenedLocation,
  { latest }: S3Flags,
): Promise<string> {
  if (isObject) {
    if (!latest) return key;
    throw new UsageError(
      `--latest: ${urlOf(bucket, key)} is one backup; name a prefix, or leave it out.`,
    );
  }
  const prefix = urlOf(bucket, key);
  const found = (await backups.list()).sort((a, b) => b.name.takenAt - a.name.takenAt);
  const [newest] = found;
  if (newest === undefined) throw new UsageError(`there is no backup below ${prefix}.`);
  const example = backups.url(newest.key);
  if (!latest)
    throw new UsageError(
      `${prefix} is a prefix: name a backup, such as ${example}, or give --latest.`,
    );
  refuseSeveral(
    found.map((one) => backups.url(one.key)),
    prefix,
  );
  return newest.key;
}

/** Names are for people: in two folders, two clusters may bear one. */
function refuseSeveral(found: readonly string[], prefix: string): void {
  const folders = new Set(found.map((url) => url.slice(0, url.lastIndexOf('/') + 1)));
  if (folders.size < 2) return;
  const names = [...folders].sort().join(', ');
  throw new UsageError(
    `--latest: several clusters have backups below ${prefix}: name one (${names}).`,
  );
}
