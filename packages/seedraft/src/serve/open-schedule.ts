/** From settings to a schedule of backups, or to none. Nothing is asked of the store yet. */
import { UsageError } from '../exit-codes.ts';
import { LOOPBACK } from '../loopback.ts';
import { S3Backups } from '../s3/backups.ts';
import { Bucket } from '../s3/bucket.ts';
import { parseLocation } from '../s3/location.ts';
import { BackupSchedule } from './backup-schedule.ts';
import type { Logger } from './log.ts';
import {
  BACKUP_SETTINGS,
  type ServeSettings,
  type SettingName,
  settingsOfEnvironment,
} from './settings.ts';

/** Throws UsageError for settings that mean nothing by themselves, and when the SDK is not installed: later nobody would look. */
export async function openSchedule(
  settings: ServeSettings,
  given: ReadonlySet<SettingName>,
  logger: Logger,
): Promise<BackupSchedule | null> {
  const { backup, 's3-endpoint': endpoint } = settings;
  if (backup === '') {
    const idle = BACKUP_SETTINGS.find((name) => given.has(name));
    if (idle === undefined) return null;
    throw new UsageError(`--${idle} says how --backup s3://BUCKET/PREFIX/ is done: give it too.`);
  }
  const { bucket, key } = parseLocation(backup);
  const backups = new S3Backups(await Bucket.open(bucket, endpoint), key);
  const { where } = backups.bucket;
  if (/^http:/.test(where) && !LOOPBACK.test(new URL(where).hostname)) {
    logger.warn(`backups go to ${where} unencrypted: whoever is on the way can read them`);
  }
  const plan = { every: settings['backup-every'], keep: settings['backup-keep'] };
  return new BackupSchedule(backups, plan, logger);
}

/**
 * For those whose command line is another program's: SEEDRAFT_BACKUP and what goes with it. Gives another schedule for each member that is begun. Throws as
 * above, at once.
 */
export async function schedulesOfEnvironment(
  logger: Logger,
): Promise<() => Promise<BackupSchedule | null>> {
  const { settings, given } = settingsOfEnvironment(BACKUP_SETTINGS);
  const open = () => openSchedule(settings, given, logger);
  await (await open())?.stop();
  return open;
}
