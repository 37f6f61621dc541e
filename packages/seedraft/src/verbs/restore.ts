/** `seedraft restore`: the data directory of a first member of a new cluster whose state is a backup. Nothing runs, nobody is asked. */
import { type FirstMember, parseAddress } from '@seedraft/node';
import type { BackupFile } from '@seedraft/store/level';
import type { Command } from 'commander';
import { EXIT, UsageError } from '../exit-codes.ts';
import { restoredClusterId, restoreMember } from '../restore.ts';
import { parseFirstMember } from '../serve/settings.ts';
import { commandLine, shownPath } from '../shell.ts';
import { examples } from './examples.ts';
import { figuresAbove } from './figures-above.ts';
import { holdBackup } from './held-backup.ts';
import { out } from './output.ts';
import { addEndpointOption, addLatestOption, type S3Flags } from './s3-flags.ts';

interface RestoreFlags extends S3Flags {
  readonly data: string;
  readonly members: readonly string[];
  readonly id?: string;
  readonly cluster?: string;
  readonly json?: boolean;
}

export function addRestore(program: Command, finish: (code: number) => void): void {
  const verb = program
    .command('restore')
    .summary('make the data directory of a member of a new cluster from a backup')
    .description(
      'Offline, once for each first member, with the same file and the same --members: all begin with the same state at the same entry. ' +
        'Then `serve --data DIR` starts it as usual. The cluster is a new one, with a name of its own, so no member of the old one can ever ' +
        'talk to it. A running cluster cannot be set back to a backup: its members, its clients and their sessions were told of writes that ' +
        'would then never have been; begin a new one and send the clients there.',
    )
    .argument(
      '<file>',
      'a backup, a file or s3://BUCKET/KEY (every byte is checked before anything is made; from S3 it goes through a file in TMPDIR)',
    );
  addLatestOption(addEndpointOption(verb))
    .option('--data <dir>', 'the directory to make; must be empty', 'seedraft-data')
    .requiredOption(
      '--members <id=peer/client>',
      'the first members of the new cluster, with commas between them, as for serve --bootstrap',
      (text: string, before: readonly string[] = []) => [...before, ...text.split(',')],
    )
    .option('--id <n>', 'which of --members this directory is for (may be left out for one)')
    .option(
      '--cluster <text>',
      'the name of the new cluster (default: one that this file and these members always give)',
    )
    .option('--json', 'print one JSON object on stdout')
    .addHelpText(
      'after',
      examples(
        [
          'restore monday.backup --data d1 --members 1=127.0.0.1:7400/127.0.0.1:7401',
          'a cluster of one; others join it',
        ],
        [
          'restore monday.backup --data d1 --id 1 --members 1=a:7400/a:7401,2=b:7400/b:7401,3=c:7400/c:7401',
          'on host a; with --id 2 on host b, 3 on c',
        ],
        [
          'restore s3://backups/seedraft/ --latest --data d1 --members 1=127.0.0.1:7400/127.0.0.1:7401',
          'the newest in a bucket; for several members name one',
        ],
        ['cluster up --data new --restore monday.backup', 'a local cluster in one command'],
      ),
    )
    .action(async (file: string, flags: RestoreFlags) => finish(await restore(file, flags)));
}

async function restore(file: string, flags: RestoreFlags): Promise<number> {
  const members = firstMembers(flags.members);
  const member = ownMember(members, flags.id);
  const { backup, release } = await holdBackup(file, flags);
  try {
    return await restoreFrom(backup, members, member, flags);
  } finally {
    release();
  }
}

async function restoreFrom(
  backup: BackupFile,
  members: readonly FirstMember[],
  member: FirstMember,
  flags: RestoreFlags,
): Promise<number> {
  const clusterId = flags.cluster ?? restoredClusterId(backup, JSON.stringify(members));
  if (clusterId === backup.about.clusterId || clusterId === '') {
    throw new UsageError(
      `--cluster ${JSON.stringify(clusterId)}: give a name, and not the old cluster's: members of the two must never hear each other.`,
    );
  }
  await restoreMember(backup, flags.data, clusterId, member.id, members);
  const { index, term, stateDigest } = backup.about;
  const start = startLine(flags.data, member, members);
  if (flags.json) {
    const identity = { clusterId, id: member.id, name: member.name };
    out(JSON.stringify({ data: flags.data, ...identity, index, term, stateDigest, start }));
    return EXIT.pass;
  }
  const others = members.filter(({ id }) => id !== member.id).map(({ id }) => id);
  out(
    [
      `${shownPath(flags.data)} is member ${member.id} of the new cluster ${clusterId}, as of entry ${index} (term ${term}), state ${stateDigest}.`,
      ...(others.length > 0
        ? [`Make the directories of members ${others.join(', ')} with the same file and --members.`]
        : []),
      'Start it, with your settings for security:',
      `  ${start}`,
    ].join('\n'),
  );
  return EXIT.pass;
}

function firstMembers(written: readonly string[]): readonly FirstMember[] {
  const members = written.map((text) => {
    const read = parseFirstMember(text.trim());
    if (read !== null) return { ...read, name: `n${read.id}` };
    throw new UsageError(
      `--members ${text}: write id=peer-address/client-address, such as 1=10.0.0.1:7400/10.0.0.1:7401.`,
    );
  });
  members.sort((a, b) => a.id - b.id);
  if (new Set(members.map(({ id }) => id)).size < members.length) {
    throw new UsageError('--members: an id stands there twice.');
  }
  return members;
}

function ownMember(members: readonly FirstMember[], id: string | undefined): FirstMember {
  const own =
    id === undefined && members.length === 1
      ? members[0]
      : members.find((member) => `${member.id}` === id);
  if (own !== undefined) return own;
  const ids = members.map((member) => member.id).join(', ');
  throw new UsageError(`--id: say for which of --members this directory is (${ids}).`);
}

function startLine(data: string, own: FirstMember, members: readonly FirstMember[]): string {
  const listen = ['--peer-listen', own.peerAddress, '--client-listen', own.clientAddress];
  return commandLine('serve', '--data', shownPath(data), ...listen, ...figures(own, members));
}

/** Members of one host would all take the default port of /metrics and /status: each gets one above those of members and clients there. */
function figures(own: FirstMember, members: readonly FirstMember[]): string[] {
  const { host } = parseAddress(own.peerAddress)!;
  const there = members.filter(({ peerAddress }) => parseAddress(peerAddress)!.host === host);
  if (there.length === 1) return [];
  const taken = there.flatMap(({ peerAddress, clientAddress }) => [peerAddress, clientAddress]);
  return figuresAbove(taken, there.indexOf(own));
}
