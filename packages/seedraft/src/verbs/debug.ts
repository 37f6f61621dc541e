/** `seedraft debug`: what a data directory or a member holds, for people who must know. Only force-configuration changes anything. */
import type { Configuration } from '@seedraft/core';
import type { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
import { facts } from '../reporters/table.ts';
import { addDebugEntries } from './debug-entries.ts';
import { addDebugNode } from './debug-node.ts';
import { describeMembers } from './describe-members.ts';
import { type Found, found } from './directory-found.ts';
import { examples } from './examples.ts';
import { addForceConfiguration } from './force-configuration.ts';
import { out } from './output.ts';

export function addDebug(program: Command, finish: (code: number) => void): void {
  const debug = program.command('debug').summary('look into a data directory or a member');
  debug
    .command('persisted')
    .summary('what a data directory holds')
    .description(
      'Whose it is, what a start would find, the hard state, the extent of the log, the members. The member may be running: a copy is read.',
    )
    .argument('<dir>')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText(
      'after',
      examples(['debug persisted seedraft-data', 'before a member is given up']),
    )
    .action((directory: string, flags: { json?: boolean }) =>
      finish(persisted(directory, flags.json === true)),
    );
  addDebugEntries(debug, finish);
  addDebugNode(debug, finish);
  addForceConfiguration(debug, finish);
}

function persisted(directory: string, json: boolean): number {
  const of = found(directory);
  out(json ? JSON.stringify(contents(of)) : facts([...whose(of), ...extent(of)]));
  return EXIT.pass;
}

function contents({ place, bytesOnDisk, identity, verdict, sentence, member }: Found) {
  const core = member?.core ?? null;
  const { hardState = null, snapshot = null, repairUntil = 0 } = core ?? {};
  const log = core && logOf(core);
  const configuration = core && latestConfiguration(core);
  const start = { place, bytesOnDisk, identity, verdict, sentence };
  return { ...start, hardState, log, snapshot, repairUntil, configuration };
}

type Core = NonNullable<Found['member']>['core'];
type Facts = Parameters<typeof facts>[0];

function whose({ place, bytesOnDisk, identity, verdict, sentence }: Found): Facts {
  return [
    ['directory', `${place}, ${bytesOnDisk} bytes`],
    [
      'member',
      identity === null
        ? 'IDENTITY cannot be read'
        : `${identity.id} (${identity.name}) of cluster ${identity.clusterId}, incarnation ${identity.incarnation}`,
    ],
    ['a start finds', sentence === '' ? verdict : `${verdict}: ${sentence}`],
  ];
}

/** As far as it could be read. */
function extent({ member }: Found): Facts {
  if (member === null) return [];
  const { core } = member;
  const { hardState, snapshot, repairUntil } = core;
  const { first, last, lastTerm, entries } = logOf(core);
  const log =
    entries === 0
      ? 'no entries'
      : `${first}..${last}, ${entries} entries, the last of term ${lastTerm}`;
  const kept =
    snapshot === null
      ? 'none'
      : `${snapshot.lastIncludedIndex}@${snapshot.lastIncludedTerm}, ${snapshot.size} bytes`;
  const repair = `no vote and no acknowledgement before entry ${repairUntil} is back`;
  return [
    ['hard state', `term ${hardState.term}, vote for ${hardState.votedFor || 'nobody'}`],
    ['log', log],
    ['snapshot', kept],
    ['members', describeMembers(latestConfiguration(core))],
    ...(repairUntil > 0 ? [['repair', repair] as const] : []),
  ];
}

function logOf({ entries, snapshot }: Core) {
  const newest = entries.at(-1);
  return {
    first: entries[0]?.index ?? null,
    last: newest?.index ?? snapshot?.lastIncludedIndex ?? null,
    lastTerm: newest?.term ?? snapshot?.lastIncludedTerm ?? null,
    entries: entries.length,
  };
}

function latestConfiguration(core: Core): Configuration {
  const named = core.entries.findLast(({ configuration }) => configuration !== null);
  return named?.configuration ?? core.snapshot?.configuration ?? core.configuration;
}
