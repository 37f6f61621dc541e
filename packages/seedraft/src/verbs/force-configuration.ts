/** `seedraft debug force-configuration`: one survivor goes on alone when a majority is gone for good. Says what may be lost, and asks. */
import { createInterface } from 'node:readline/promises';
import { type Forceable, forceConfiguration } from '@seedraft/store/level';
import type { Command } from 'commander';
import { EXIT, UsageError } from '../exit-codes.ts';
import { forcedClusterId } from '../restore.ts';
import { commandLine, shownPath } from '../shell.ts';
import { describeMembers } from './describe-members.ts';
import { examples } from './examples.ts';
import { note, out } from './output.ts';

interface ForceFlags {
  readonly yes?: boolean;
  readonly cluster?: string;
  readonly json?: boolean;
}

export function addForceConfiguration(debug: Command, finish: (code: number) => void): void {
  debug
    .command('force-configuration')
    .summary('a majority is gone for good: let the member of this directory go on alone')
    .description(
      'Offline, on ONE survivor, when most voters and their disks will never come back. Everything its log holds is kept; it becomes the only ' +
        'voter of a cluster with a new name, which no member of the old one can talk to; the others join anew with empty directories. ' +
        'What only the lost majority had is lost, though it may have been acknowledged, and nobody can tell what that was. While a majority can ' +
        'still be brought back (a disk moved to another machine will do), do that instead. Compare the survivors first (debug persisted): ' +
        'the one whose log ends in the highest term, and among these at the highest index, has lost least. Copy the directory before.',
    )
    .argument('<dir>', 'the data directory of the survivor; it must not run')
    .option('--yes', 'do it; without this, at a terminal, the name of the cluster is asked for')
    .option('--cluster <text>', 'the new name (default: the old one and a random suffix)')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText(
      'after',
      examples(
        ['debug persisted data-n1', 'how far its log goes'],
        ['debug force-configuration data-n1', 'says what may be lost, and asks'],
        ['debug force-configuration data-n1 --yes', 'in a script'],
      ),
    )
    .action(async (directory: string, flags: ForceFlags) => finish(await force(directory, flags)));
}

async function force(directory: string, flags: ForceFlags): Promise<number> {
  let seen: Forceable | null = null;
  const forced = await forceConfiguration(directory, async (what) => {
    seen = what;
    note(warning(directory, what));
    if (!(flags.yes === true || (await isTyped(what)))) return null;
    return flags.cluster ?? forcedClusterId(what.identity.clusterId);
  });
  if (forced.outcome === 'refused') throw new UsageError(`${forced.code}: ${forced.sentence}.`);
  if (forced.outcome === 'left') {
    throw new UsageError('nothing was changed. Give --yes, or type the name of the cluster.');
  }
  report(directory, forced.identity, seen!, flags);
  return EXIT.pass;
}

function report(
  directory: string,
  { clusterId, id, name }: Forceable['identity'],
  { identity, forcing }: Forceable,
  flags: ForceFlags,
): void {
  const { peerAddress, clientAddress } = forcing.configuration.members[0]!;
  const listen = ['--peer-listen', peerAddress, '--client-listen', clientAddress];
  const start = commandLine('serve', '--data', shownPath(directory), ...listen);
  const join = commandLine('serve', '--join', clientAddress, '--data', 'NEW_DIR');
  if (flags.json) {
    const { lastIndex, committed, lostUntil, hardState } = forcing;
    const was = { oldClusterId: identity.clusterId, lastIndex, committed, lostUntil };
    out(JSON.stringify({ clusterId, id, name, ...was, term: hardState.term, start, join }));
    return;
  }
  out(
    [
      `Member ${id} is the only voter of cluster ${clusterId} now. Start it, with your settings for security`,
      `(where they name the cluster or first members, take that out: its directory knows):`,
      `  ${start}`,
      'Then let others join it, each with an empty directory and addresses of its own:',
      `  ${join} --peer-listen HOST:PORT --client-listen HOST:PORT`,
    ].join('\n'),
  );
}

function warning(directory: string, { identity, forcing, sentence }: Forceable): string {
  const { previously, committed, lastIndex, lostUntil } = forcing;
  const gap =
    lostUntil > lastIndex
      ? [
          `- LOST HERE: entries ${lastIndex + 1}..${lostUntil} were durable here once (${sentence}).`,
        ]
      : [];
  return [
    `${shownPath(directory)}: member ${identity.id} (${identity.name}) of cluster ${identity.clusterId}; members: ${describeMembers(previously)}.`,
    'If it goes on alone:',
    `- kept: entries up to ${committed}, committed for certain${committed === 0 ? ' (none is known to be)' : ''}.`,
    lastIndex > committed
      ? `- kept: entries ${committed + 1}..${lastIndex}. Some may never have been committed: writes whose clients heard no answer can take effect now.`
      : '- its log holds nothing beyond that.',
    ...gap,
    '- lost: whatever only the others had, acknowledged or not; it cannot be seen from here how much that is.',
    '- shut out for good: every other member of the old cluster, with all it holds. Never start one of them again for its clients to find:',
    '  a majority of the old members would go on as the old cluster, beside this one.',
  ].join('\n');
}

/** At a terminal only: a script must say --yes. */
async function isTyped({ identity }: Forceable): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const typed = await terminal.question(`Type the name of the cluster (${identity.clusterId}): `);
    return typed.trim() === identity.clusterId;
  } finally {
    terminal.close();
  }
}
