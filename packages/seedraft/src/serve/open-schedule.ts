/** From settings to a schedule of backups, or to none. Nothing is asked of the store yet. */
import { UsageError } from '../exit-codes.ts';
import { S3Backups } from '../s3/backups.ts';
import { Bucket } from '../s3/bucket.ts';
import { parseLocation } from '../s3/location.ts';
import { BackupSchedule } from './backup-schedule.ts';
import type { Logger } from './log.ts';
import type { ServeSettings, SettingName } from './settings.ts';

/** Throws UsageError for settings that mean nothing by themselves, and when the SDK is not installed: later nobody would look. */
export async function openSchedule(
  settings: ServeSettings,
  given: ReadonlySet<SettingName>,
  logger: Logger,
): Promise<BackupSchedule | null> {
  const { backup, 's3-endpoint': endpoint } = settings;
  if (backup === '') {
    const idle = (['backup-every', 'backup-keep', 's3-endpoint'] as const).find((name) =>
      given.has(name),
    );
    if (idle === undefined) return null;
    throw new UsageError(`--${idle} says how --backup s3://BUCKET/PREFIX/ is done: give it too.`);
  }
  const { bucket, key } = parseLocation(backup);
  const backups = new S3Backups(await Bucket.open(bucket, endpoint), key);
  const plan = { every: settings['backup-every'], keep: settings['backup-keep'] };
  return new BackupSchedule(backups, plan, logger);
}
