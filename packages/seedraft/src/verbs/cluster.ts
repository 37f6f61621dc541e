/** `seedraft cluster up`: a local cluster of processes in one command, for trying things out and for tests by hand. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PROTOCOLS } from '@seedraft/api/protocols';
import { quorumSize } from '@seedraft/core';
import { parseAddress } from '@seedraft/node';
import type { BackupFile } from '@seedraft/store/level';
import { type Command, Option } from 'commander';
import pc from 'picocolors';
import { EXIT, UsageError } from '../exit-codes.ts';
import {
  CLUSTER_FILE,
  isAlive,
  readClusterFile,
  removeClusterFile,
  writeClusterFile,
} from '../local-cluster/cluster-file.ts';
import { freePorts } from '../local-cluster/free-ports.ts';
import {
  type KeptCluster,
  readKeptCluster,
  writeKeptCluster,
} from '../local-cluster/kept-cluster.ts';
import { LocalCluster, type LocalMember } from '../local-cluster/local-cluster.ts';
import type { Exit } from '../local-cluster/process-member.ts';
import { flawOfPort } from '../local-cluster/taken-ports.ts';
import { restoredClusterId, restoreMember } from '../restore.ts';
import { type ApiWish, parseApi } from '../serve/settings.ts';
import { commandLine, shownPath } from '../shell.ts';
import { examples } from './examples.ts';
import { type HeldBackup, holdBackup } from './held-backup.ts';
import { note, out } from './output.ts';
import { addEndpointOption, addLatestOption, type S3Flags } from './s3-flags.ts';

interface UpFlags extends S3Flags {
  readonly members?: string;
  readonly data?: string;
  readonly restore?: string;
  readonly port?: string;
  readonly api?: readonly string[];
  readonly apiTesting?: true;
  readonly apiOrigin?: string;
  readonly logLevel: string;
  readonly backup?: string;
  readonly backupEvery?: string;
  readonly backupKeep?: string;
}

const DEFAULT_MEMBERS = 3;
const MOST_MEMBERS = 15;
const COLOURS = [pc.cyan, pc.magenta, pc.yellow, pc.green, pc.blue, pc.red] as const;

export function addCluster(program: Command, finish: (code: number) => void): void {
  const cluster = program.command('cluster').summary('run a local cluster');
  const verb = cluster
    .command('up')
    .summary('start a local cluster and keep it running')
    .description(
      'Starts members as processes of this machine, shows what they say, and stops them all at Ctrl-C. ' +
        `Other verbs run in this directory find it through ${CLUSTER_FILE}.`,
    )
    .option('-n, --members <n>', 'how many members (default: 3, or as many as the data is of)')
    .option('--data <dir>', 'keep the data here; without it, it is gone at the end')
    .option('--port <port>', 'the first of the ports, three a member (default: free ones)')
    .addOption(
      new Option(
        '--api <protocol=port>',
        "speak another system's client protocol too: the first member there, the others at the next ports",
      ).argParser((text: string, before: readonly string[] = []) => [
        ...before,
        ...text.split(','),
      ]),
    )
    .option('--api-testing', 'with --api: routes that take a member out and back in')
    .option(
      '--api-origin <origin>',
      'with --api: web pages that may ask (several with commas; *: any)',
    )
    .option(
      '--restore <file>',
      'begin with the state of a backup (a file or s3://); the data folder must be empty',
    );
  addLatestOption(addEndpointOption(verb))
    .option('--backup <s3://bucket/prefix>', 'whoever leads backs the state up there')
    .option('--backup-every <time>', 'with --backup: how often (default: 1d)')
    .option('--backup-keep <n>', 'with --backup: how many to keep (default: all)')
    .option('--log-level <level>', 'debug, info, warn, error or silent', 'info')
    .addHelpText(
      'after',
      examples(
        ['cluster up', 'three members on free ports, nothing is kept'],
        ['cluster up -n 5 --data ./cluster', 'five, whose data the next start finds again'],
        ['cluster up --api raftnode=9001', "also raftnode's protocol, at 9001, 9002 and 9003"],
        ['cluster up --restore monday.backup', 'three members with the state of a backup'],
        ['kv put greeting hello', 'from another terminal, in the same directory'],
      ),
    )
    .action(async (flags: UpFlags) => finish(await up(flags)));
}

async function up(flags: UpFlags): Promise<number> {
  refuseSecondCluster();
  if (flags.latest && flags.restore === undefined) {
    throw new UsageError('--latest goes with --restore s3://BUCKET/PREFIX/.');
  }
  const held = flags.restore === undefined ? null : await holdBackup(flags.restore, flags);
  try {
    return await start(flags, held);
  } finally {
    held?.release();
  }
}

async function start(flags: UpFlags, held: HeldBackup | null): Promise<number> {
  const backup = held?.backup ?? null;
  const folder = dataFolder(flags.data);
  const kept = await whatToStart(flags, folder, backup);
  const apis = (flags.api ?? []).map(apiWish);
  let phase: 'starting' | 'up' | 'stopping' = 'starting';
  let firstExit: Exit | null = null;
  const cluster = await LocalCluster.plan({
    cluster: kept.cluster,
    folder,
    size: kept.ports.length / 3,
    ports: kept.ports,
    apis,
    flags: serveFlags(flags),
    onLine: (member, line) => note(`${colourOf(member)(member.name.padEnd(3))} ${line}`),
    onExit: (member, exit) => {
      firstExit ??= exit;
      if (phase === 'up') note(`${colourOf(member)(member.name)} ${ended(cluster, member, exit)}`);
    },
  });
  try {
    await refuseTakenPorts(cluster, folder, flags);
    if (backup !== null) await restoreAll(backup, cluster, kept.cluster);
    // It may be long, and is in the members' directories now.
    held?.release();
    writeKeptCluster(folder, kept);
    const stopped = untilInterrupted();
    const ready = cluster.members.map((member) => cluster.start(member).ready);
    writeClusterFile(clusterFile(cluster, kept.cluster));
    try {
      await Promise.race([Promise.all(ready), stopped]);
    } catch (error) {
      note(`${pc.red('error:')} ${(error as Error).message}\nThe others are stopped too.`);
      return codeOf(firstExit);
    }
    phase = 'up';
    out(welcome(cluster, flags.data === undefined ? null : folder));
    await stopped;
    note('stopping all members (once more Ctrl-C: at once)');
    return EXIT.pass;
  } finally {
    phase = 'stopping';
    await cluster.stop();
    removeClusterFile();
    if (flags.data === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Of every member alike. */
function serveFlags(flags: UpFlags): string[] {
  const { backup, backupEvery, backupKeep, s3Endpoint } = flags;
  const valued = {
    '--log-level': flags.logLevel,
    '--api-origin': flags.apiOrigin,
    '--backup': backup,
    '--backup-every': backupEvery,
    '--backup-keep': backupKeep,
    // Also where a backup to begin with comes from.
    '--s3-endpoint': backup === undefined ? undefined : s3Endpoint,
  };
  const given = Object.entries(valued).flatMap(([name, value]) =>
    value === undefined ? [] : [name, value],
  );
  return [...given, ...(flags.apiTesting ? ['--api-testing'] : [])];
}

/** A folder that a cluster was begun in says which; an empty one becomes what the flags say. */
async function whatToStart(
  flags: UpFlags,
  folder: string,
  backup: BackupFile | null,
): Promise<KeptCluster> {
  const size =
    flags.members === undefined ? null : wholeIn('--members', flags.members, 1, MOST_MEMBERS);
  const port =
    flags.port === undefined ? null : wholeIn('--port', flags.port, 1, 65_536 - 3 * MOST_MEMBERS);
  const before = readKeptCluster(folder);
  if (before === null) {
    if (backup !== null && readdirSync(folder).length > 0) {
      throw new UsageError(`--restore: ${shownPath(folder)} is not empty; name another folder.`);
    }
    const count = 3 * (size ?? DEFAULT_MEMBERS);
    const ports =
      port === null ? await freePorts(count) : Array.from({ length: count }, (_, at) => port + at);
    const cluster = backup === null ? 'local' : restoredClusterId(backup, randomUUID());
    return { version: 1, cluster, ports };
  }
  const shown = shownPath(folder);
  if (backup !== null) {
    throw new UsageError(
      `--restore: ${shown} holds cluster ${before.cluster}, and a running cluster is never set back; name an empty folder.`,
    );
  }
  const count = before.ports.length / 3;
  if (size !== null && size !== count) {
    throw new UsageError(`--members ${size}: the data in ${shown} is of ${count} members.`);
  }
  if (port !== null && port !== before.ports[0]) {
    throw new UsageError(
      `--port ${port}: the members of ${shown} know each other by ports from ${before.ports[0]} on; leave it out.`,
    );
  }
  return before;
}

async function restoreAll(backup: BackupFile, cluster: LocalCluster, name: string): Promise<void> {
  const members = cluster.members.map(({ place, name: called, peer, client }) => ({
    id: place,
    name: called,
    peerAddress: peer,
    clientAddress: client,
  }));
  for (const { data, place } of cluster.members) {
    await restoreMember(backup, data, name, place, members);
  }
}

function clusterFile(cluster: LocalCluster, name: string) {
  const members = cluster.members.map((member) => cluster.describe(member));
  return { version: 1, cluster: name, pid: process.pid, members } as const;
}

function refuseSecondCluster(): void {
  const running = readClusterFile();
  if (running === null || !isAlive(running)) return;
  throw new UsageError(
    `a cluster runs in this directory already (process ${running.pid}, ${CLUSTER_FILE}): stop it, or start this one elsewhere.`,
  );
}

function dataFolder(data: string | undefined): string {
  if (data === undefined) return mkdtempSync(path.join(tmpdir(), 'seedraft-'));
  try {
    mkdirSync(data, { recursive: true });
  } catch (error) {
    throw new UsageError(`--data ${data}: ${(error as Error).message}`);
  }
  return path.resolve(data);
}

function welcome(cluster: LocalCluster, kept: string | null): string {
  const apisOf = (member: LocalMember) =>
    Object.entries(cluster.describe(member).apis ?? {})
      .map(([name, at]) => `  ${name} ${at}`)
      .join('');
  const rows = cluster.members.map(
    (member) =>
      `  ${colourOf(member)(member.name.padEnd(3))} clients ${member.client}  members ${member.peer}  http://${member.http}/status${apisOf(member)}`,
  );
  const data =
    kept === null
      ? 'The data is removed at the end (--data keeps it).'
      : `The data is kept in ${shownPath(kept)}.`;
  return [
    '',
    pc.bold(`A cluster of ${cluster.members.length} runs. Ctrl-C stops it. ${data}`),
    ...rows,
    'In another terminal, in this directory:',
    `  ${commandLine('kv', 'put', 'greeting', 'hello')}`,
    `  ${commandLine('status')}`,
    '',
  ].join('\n');
}

/** Of a cluster whose member did not start: what the member said of itself. */
function codeOf(exit: Exit | null): number {
  return exit?.code === EXIT.usage ? EXIT.usage : EXIT.internal;
}

/** What is left without it, and how it comes back. */
function ended(cluster: LocalCluster, member: LocalMember, { code, signal }: Exit): string {
  const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
  const all = cluster.members.length;
  const left = cluster.running;
  const rest =
    left === 0
      ? 'none is left'
      : quorumSize(all) <= left
        ? `${left} of ${all} go on, a majority`
        : `${left} of ${all} ${left === 1 ? 'is' : 'are'} left, no majority: nothing can be read or written until another one is back`;
  const line = commandLine('serve', ...cluster.describe(member).start!);
  return `${how}; ${rest}. Start it again with the data it had, from another terminal:\n  ${line}`;
}

/** Before anything is started or written: members that cannot listen would only be met one after the other. */
async function refuseTakenPorts(
  cluster: LocalCluster,
  folder: string,
  flags: UpFlags,
): Promise<void> {
  const wanted = cluster.members.flatMap(({ name, peer, client, http, apis }) => [
    { what: `members at ${name}`, at: peer },
    { what: `clients at ${name}`, at: client },
    { what: `figures at ${name}`, at: http },
    ...Object.entries(apis).map(([protocol, at]) => ({ what: `${protocol} at ${name}`, at })),
  ]);
  const flaws: string[] = [];
  const seen = new Map<string, string>();
  for (const { what, at } of wanted) {
    const { host, port } = parseAddress(at)!;
    const other = seen.get(at);
    const flaw = other === undefined ? await flawOfPort(host, port) : `is for ${other} too`;
    if (flaw !== null) flaws.push(`  ${at} (${what}) ${flaw}`);
    seen.set(at, what);
  }
  if (flaws.length === 0) return;
  const isKept = readKeptCluster(folder) !== null;
  const isApis = flaws.every((line) => !/\((members|clients|figures) at/.test(line));
  const help = isApis
    ? 'Give --api other ports, or stop who has these.'
    : isKept
      ? `Stop who has them: the members of ${shownPath(folder)} know each other by these ports.`
      : `Stop who has them, or ${flags.port === undefined ? 'try again' : 'give another --port, or none for free ones'}.`;
  throw new UsageError(
    `no member was started, for not all ports are free:\n${flaws.join('\n')}\n${help}`,
  );
}

/** The first Ctrl-C asks for an orderly end; the handlers are gone by then, so the second ends the process. */
function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(name, stop);
      resolve();
    };
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop);
  });
}

function wholeIn(flag: string, text: string, least: number, most: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : -1;
  if (value >= least && value <= most) return value;
  throw new UsageError(`${flag} ${text}: give a whole number from ${least} to ${most}.`);
}

function apiWish(written: string): ApiWish {
  const wish = parseApi(written);
  if (wish !== null) return wish;
  const known = Object.keys(PROTOCOLS).join(', ');
  throw new UsageError(`--api ${written}: write protocol=port; the protocols are ${known}.`);
}

const colourOf = (member: LocalMember) => COLOURS[(member.place - 1) % COLOURS.length]!;
