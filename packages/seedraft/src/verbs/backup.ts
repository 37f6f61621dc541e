/** `seedraft backup`: the whole state of a running cluster into a file, and what is in such a file. */
import { type Backup, openBackup, SeedraftError } from '@seedraft/client';
import {
  type BackupFile,
  encodeBackup,
  readBackup,
  type WrittenBackup,
  writeBackup,
} from '@seedraft/store/level';
import type { Command } from 'commander';
import { EXIT, UsageError } from '../exit-codes.ts';
import { commandLine } from '../shell.ts';
import { describeMembers } from './describe-members.ts';
import { examples } from './examples.ts';
import { interruptible } from './interrupt.ts';
import { note, out } from './output.ts';
import { addReachOptions, certificate, failed, findEndpoints, type ReachFlags } from './reach.ts';
import { parseTime } from './time.ts';

interface BackupFlags extends ReachFlags {
  readonly at?: string;
  readonly stale?: boolean;
  readonly force?: boolean;
  readonly check?: boolean;
}

const STDOUT = '-';

export function addBackup(program: Command, finish: (code: number) => void): void {
  addReachOptions(
    program
      .command('backup')
      .summary('copy the whole state of a running cluster into a file, or check such a file')
      .description(
        'Writes the state as of one entry of the log: keys, sessions with their results, cluster time. Everything acknowledged before the ' +
          'backup began is in it, whichever member gives it; the cluster goes on meanwhile, and its snapshots and log are left alone. ' +
          'The file appears only when it is whole. Needs the admin role.',
      ),
  )
    .argument('<file>', 'where to write it (- for stdout), or with --check what to look at')
    .option('--at <host:port>', "of this member, by its client address (a follower's work, say)")
    .option('--stale', 'what that member has, though nobody may lead: writes may be missing')
    .option('--force', 'overwrite the file')
    .option('--check', 'verify every byte of a file and print what is in it; asks no cluster')
    .addHelpText(
      'after',
      examples(
        ['backup monday.backup', 'of whichever member answers first'],
        ['backup --check monday.backup', 'ends with 1 when it is not whole'],
        ['backup - | ssh elsewhere "cat > monday.backup"', 'without a file here'],
        ['restore --help', 'a new cluster from it'],
      ),
    )
    .action(async (file: string, flags: BackupFlags) =>
      finish(flags.check ? check(file, flags) : await backup(file, flags)),
    );
}

async function backup(file: string, flags: BackupFlags): Promise<number> {
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
        const { fileBytes } = await write(file, opened, flags);
        report(file, opened, fileBytes, flags);
        return EXIT.pass;
      } finally {
        opened.close();
      }
    });
  } catch (error) {
    if (!(error instanceof SeedraftError)) throw error;
    if (error.code !== 'ABORTED') return failed(error, endpoints, flags.json === true);
    note('interrupted: no backup was written');
    return EXIT.interrupted;
  }
}

async function write(file: string, opened: Backup, flags: BackupFlags): Promise<WrittenBackup> {
  const bytes = encodeBackup({ ...opened.about, takenAt: Date.now() }, opened.chunks);
  if (file === STDOUT) return writeToStdout(bytes);
  const written = await writeBackup(file, bytes, { overwrite: flags.force === true });
  if (written.outcome === 'ok') return written;
  const advice = written.code === 'FILE_EXISTS' ? ', or give --force' : '';
  throw new UsageError(`${written.code}: ${written.sentence}${advice}.`);
}

async function writeToStdout(bytes: AsyncIterable<Uint8Array>): Promise<WrittenBackup> {
  let fileBytes = 0;
  for await (const part of bytes) {
    fileBytes += part.length;
    await handOver(part);
  }
  return { outcome: 'ok', fileBytes };
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

function report(file: string, { about, address }: Backup, bytes: number, flags: BackupFlags): void {
  const say = file === STDOUT ? note : out;
  const { clusterId, member, index, term, stateDigest, clusterTime } = about;
  if (flags.json) {
    const state = { index, term, clusterTime, stateDigest };
    say(JSON.stringify({ file, bytes, clusterId, member, address, ...state }));
    return;
  }
  say(
    `${file === STDOUT ? 'the backup' : file}: cluster ${clusterId} as of entry ${index} (term ${term}), state ${stateDigest}, ` +
      `from member ${member} at ${address}; ${bytes} bytes`,
  );
}

function check(file: string, { json }: BackupFlags): number {
  const read = readBackup(file);
  if (read.outcome === 'ok') {
    out(json ? JSON.stringify(contents(read)) : described(read));
    return EXIT.pass;
  }
  const { code, sentence } = read;
  if (code === 'FILE_UNUSABLE') throw new UsageError(`${code}: ${sentence}.`);
  if (json) out(JSON.stringify({ file, whole: false, error: { code, message: sentence } }));
  note(`${code}: ${sentence}.`);
  return EXIT.missing;
}

function contents({ file, fileBytes, about, chunks }: BackupFile) {
  const taken = new Date(about.takenAt).toISOString();
  return { file, whole: true, bytes: fileBytes, stateBytes: chunks.size, ...about, takenAt: taken };
}

function described(backup: BackupFile): string {
  const { file, fileBytes, about, chunks } = backup;
  const rows = [
    ['file', `${file}, ${fileBytes} bytes, whole`],
    ['taken', `${new Date(about.takenAt).toISOString()} from member ${about.member}`],
    ['cluster', `${about.clusterId}, version ${about.version}`],
    ['as of', `entry ${about.index}, term ${about.term}, cluster time ${about.clusterTime} ms`],
    ['state', `${about.stateDigest}, ${chunks.size} bytes`],
    ['members then', describeMembers(about.configuration)],
  ];
  const table = rows.map(([name, value]) => `${name!.padEnd(14)} ${value}`).join('\n');
  return `${table}\n\nA new cluster from it: ${commandLine('restore', '--help')}`;
}
