/**
 * Where backups are in an S3-compatible store: `s3://BUCKET/PREFIX/` holds a folder for each cluster, and that a backup for each time one was
 * made; the names say of which entry. A URL that ends in `.backup` is one object, any other a prefix.
 */
import { UsageError } from '../exit-codes.ts';

const SUFFIX = '.backup';

export interface S3Location {
  readonly bucket: string;
  /** '' or `some/prefix/`; of one object, its whole key. */
  readonly key: string;
  readonly isObject: boolean;
}

/** Of a backup that was named here, not by a person. */
export interface BackupName {
  readonly clusterId: string;
  /** ms since 1970, by the clock of whoever made it. */
  readonly takenAt: number;
  readonly index: number;
}

export const isS3 = (text: string): boolean => /^s3:/i.test(text);

/** Throws UsageError. */
export function parseLocation(text: string): S3Location {
  const location = readLocation(text);
  if (typeof location !== 'string') return location;
  // Whatever stands before an @ may be a secret, and is not said again.
  throw new UsageError(`${text.replace(/\/\/.*@/, '//...@')}: ${location}`);
}

/** A string: what is wrong with it. */
export function readLocation(text: string): S3Location | string {
  if (/^s3:\/\/[^/]*[@:]/i.test(text)) {
    return 'credentials and ports do not belong into it: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and give --s3-endpoint.';
  }
  const match = /^s3:\/\/([a-z0-9][a-z0-9._-]{1,61}[a-z0-9])(?:\/(.*))?$/i.exec(text);
  if (match === null) return 'write s3://BUCKET/PREFIX/, such as s3://backups/seedraft/.';
  const [, bucket, rest = ''] = match;
  const words = rest.split('/').filter((word, at, all) => word !== '' || at < all.length - 1);
  if (words.some((word) => word === '' || word === '.' || word === '..')) {
    return 'a part of it between two / is empty, . or ..';
  }
  const isObject = rest.endsWith(SUFFIX);
  const key = isObject || words.length === 0 ? rest : `${words.join('/')}/`;
  return { bucket: bucket!, key, isObject };
}

export function urlOf(bucket: string, key: string): string {
  return `s3://${bucket}/${key}`;
}

/** Every backup of a cluster under a prefix, and nothing else, has a name that begins so. */
export function folderOf(prefix: string, clusterId: string): string {
  return `${prefix}${encodeURIComponent(clusterId)}/`;
}

export function nameOf({ takenAt, index }: Omit<BackupName, 'clusterId'>): string {
  const time = new Date(takenAt).toISOString().replaceAll(/[-:]/g, '');
  return `${time}-entry-${index}${SUFFIX}`;
}

const NAME =
  /(?:^|\/)([^/]+)\/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3})Z-entry-(\d{1,15})\.backup$/;

/** Null: no name of ours. */
export function readName(key: string): BackupName | null {
  const match = NAME.exec(key);
  if (match === null) return null;
  const [, folder, year, month, day, hours, minutes, seconds, index] = match;
  const takenAt = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`);
  if (Number.isNaN(takenAt)) return null;
  try {
    return { clusterId: decodeURIComponent(folder!), takenAt, index: Number(index) };
  } catch {
    return null;
  }
}
