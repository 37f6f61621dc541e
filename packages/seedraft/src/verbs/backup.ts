/** `seedraft backup`: the whole state of a running cluster into a file or a bucket, and what is in such a backup. */
import { type Backup, openBackup, SeedraftError } from '@seedraft/client';
import { type BackupFile, encodeBackup, readBackup, writeBackup } from '@seedraft/store/level';
import type { Command } from 'commander';
import { EXIT, UsageError } from '../exit-codes.ts';
import { facts } from '../reporters/table.ts';
import { S3Failure } from '../s3/failure.ts';
import { isS3 } from '../s3/location.ts';
import { commandLine } from '../shell.ts';
import { lookInS3, writeToS3 } from './backup-s3.ts';
import { describeMembers } from './describe-members.ts';
import { examples } from './examples.ts';
import { interruptible } from './interrupt.ts';
import { note, out } from './output.ts';
import { addReachOptions, certificate, failed, findEndpoints, type ReachFlags } from './reach.ts';
import { addEndpointOption, addLatestOption, type S3Flags } from './s3-flags.ts';
import { parseTime } from './time.ts';

export interface BackupFlags extends ReachFlags, S3Flags {
  readonly at?: string;
  readonly stale?: boolean;
  readonly force?: boolean;
  readonly check?: boolean;
}

const STDOUT = '-';

export function addBackup(program: Command, finish: (code: number) => void): void {
  const verb = addReachOptions(
    program
      .command('backup')
      .summary(
        'copy the whole state of a running cluster into a file or a bucket, or check a backup',
      )
      .description(
        'Writes the state as of one entry of the log: keys, sessions with their results, cluster time. Everything acknowledged before the ' +
          'backup began is in it, whichever member gives it; the cluster goes on meanwhile, and its snapshots and log are left alone. ' +
          'The file appears only when it is whole; an object (S3, or a store like it) is read back, and counts only when every byte is right. ' +
          'Needs the admin role.',
      ),
  );
  addLatestOption(addEndpointOption(verb))
    .argument(
      '<file>',
      'where to write it: a file, - for stdout, s3://BUCKET/PREFIX/ (it gets a name of its own there), s3://BUCKET/KEY.backup; or with --check what to look at',
    )
    .option('--at <host:port>', "of this member, by its client address (a follower's work, say)")
    .option('--stale', 'what that member has, though nobody may lead: writes may be missing')
    .option('--force', 'overwrite what is there')
    .option('--check', 'verify every byte of a backup and print what is in it; asks no cluster')
    .addHelpText(
      'after',
      examples(
        ['backup monday.backup', 'of whichever member answers first'],
        ['backup --check monday.backup', 'ends with 1 when it is not whole'],
        ['backup s3://backups/seedraft/', 'into a bucket; `serve --backup` does so by itself'],
        ['backup --check s3://backups/seedraft/ --latest', 'without restoring it'],
        ['backup - | ssh elsewhere "cat > monday.backup"', 'without a file here'],
        ['restore --help', 'a new cluster from it'],
      ),
    )
    .action(async (file: string, flags: BackupFlags) =>
      finish(await (flags.check ? check(file, flags) : backup(file, flags))),
    );
}

async function backup(file: string, flags: BackupFlags): Promise<number> {
  if (flags.latest) throw new UsageError('--latest goes with --check: a new backup is the newest.');
  const timeout = parseTime('--timeout', flags.timeout);
  const endpoints = findEndpoints(flags.at === undefined ? flags : { endpoints: flags.at });
  try {
    return await interruptible(async (signal) => {
      const opened = await openBackup({
        endpoints,
        mode: flags.stale ? 'stale' : 'linearizable',
        token: flags.token ?? process.env.SEEDRAFT_TOKEN ?? '',
        timeout,
        silence: timeout,
        signal,
        ...(flags.tlsCa !== undefined && { tls: { ca: certificate(flags.tlsCa) } }),
      });
      try {
        const written = await write(file, opened, flags, signal);
        report(written, opened, flags);
        return EXIT.pass;
      } finally {
        opened.close();
      }
    });
  } catch (error) {
    if (!(error instanceof SeedraftError) && !(error instanceof S3Failure)) throw error;
    if (error.code !== 'ABORTED') {
      if (error instanceof S3Failure) throw error;
      return failed(error, endpoints, flags.json === true);
    }
    note('interrupted: no backup was written');
    return EXIT.interrupted;
  }
}

/** What it is called, and how long it is. */
interface Written {
  readonly name: string;
  readonly bytes: number;
}

async function write(
  file: string,
  opened: Backup,
  flags: BackupFlags,
  signal: AbortSignal,
): Promise<Written> {
  const about = { ...opened.about, takenAt: Date.now() };
  if (isS3(file)) return writeToS3(file, about, opened.chunks, flags, signal);
  const bytes = encodeBackup(about, opened.chunks);
  if (file === STDOUT) return writeToStdout(bytes);
  const written = await writeBackup(file, bytes, { overwrite: flags.force === true });
  if (written.outcome === 'ok') return { name: file, bytes: written.fileBytes };
  const advice = written.code === 'FILE_EXISTS' ? ', or give --force' : '';
  throw new UsageError(`${written.code}: ${written.sentence}${advice}.`);
}

async function writeToStdout(parts: AsyncIterable<Uint8Array>): Promise<Written> {
  let bytes = 0;
  for await (const part of parts) {
    bytes += part.length;
    await handOver(part);
  }
  return { name: STDOUT, bytes };
}

/** Throws when whoever was to read it has gone. */
function handOver(part: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(part, (error) => {
      if (!error) resolve();
      else
        reject(
          new UsageError(`-: the backup is not whole, for nobody reads on (${error.message}).`),
        );
    });
  });
}

function report({ name, bytes }: Written, { about, address }: Backup, { json }: BackupFlags): void {
  const say = name === STDOUT ? note : out;
  const { clusterId, member, index, term, stateDigest, clusterTime } = about;
  if (json) {
    const state = { index, term, clusterTime, stateDigest };
    say(JSON.stringify({ file: name, bytes, clusterId, member, address, ...state }));
    return;
  }
  const readBack = isS3(name) ? ', read back and whole' : '';
  say(
    `${name === STDOUT ? 'the backup' : name}: cluster ${clusterId} as of entry ${index} (term ${term}), state ${stateDigest}, ` +
      `from member ${member} at ${address}; ${bytes} bytes${readBack}`,
  );
}

/** A backup whose every byte was looked at, wherever it is. */
type Looked = Pick<BackupFile, 'file' | 'fileBytes' | 'about' | 'chunks'>;

async function check(file: string, flags: BackupFlags): Promise<number> {
  const { json } = flags;
  if (!isS3(file) && flags.latest) throw new UsageError('--latest goes with an s3:// prefix.');
  const looked = isS3(file) ? await lookInS3(file, flags) : readBackup(file);
  if (looked.outcome === 'ok') {
    out(json ? JSON.stringify(contents(looked)) : described(looked));
    return EXIT.pass;
  }
  const { code, sentence } = looked;
  if (code === 'FILE_UNUSABLE') throw new UsageError(`${code}: ${sentence}.`);
  if (json) out(JSON.stringify({ file, whole: false, error: { code, message: sentence } }));
  note(`${code}: ${sentence}.`);
  return EXIT.missing;
}

function contents({ file, fileBytes, about, chunks }: Looked) {
  const taken = new Date(about.takenAt).toISOString();
  return { file, whole: true, bytes: fileBytes, stateBytes: chunks.size, ...about, takenAt: taken };
}

function described(backup: Looked): string {
  const { file, fileBytes, about, chunks } = backup;
  const table = facts([
    ['file', `${file}, ${fileBytes} bytes, whole`],
    ['taken', `${new Date(about.takenAt).toISOString()} from member ${about.member}`],
    ['cluster', `${about.clusterId}, version ${about.version}`],
    ['as of', `entry ${about.index}, term ${about.term}, cluster time ${about.clusterTime} ms`],
    ['state', `${about.stateDigest}, ${chunks.size} bytes`],
    ['members then', describeMembers(about.configuration)],
  ]);
  return `${table}\n\nA new cluster from it: ${commandLine('restore', '--help')}`;
}
