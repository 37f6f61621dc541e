/** `seedraft debug`: what a data directory or a member holds, for people who must know. Only force-configuration changes anything. */
import type { Configuration } from '@seedraft/core';
import type { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
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
  const { place, bytesOnDisk, identity, verdict, sentence, member } = found(directory);
  const core = member?.core ?? null;
  const configuration = core === null ? null : latestConfiguration(core);
  const first = core?.entries[0]?.index ?? null;
  const last = core?.entries.at(-1)?.index ?? core?.snapshot?.lastIncludedIndex ?? null;
  const lastTerm = core?.entries.at(-1)?.term ?? core?.snapshot?.lastIncludedTerm ?? null;
  const log = core === null ? null : { first, last, lastTerm, entries: core.entries.length };
  const { hardState = null, snapshot = null, repairUntil = 0 } = core ?? {};
  const shown = {
    place,
    bytesOnDisk,
    identity,
    verdict,
    sentence,
    hardState,
    log,
    snapshot,
    repairUntil,
    configuration,
  };
  if (json) {
    out(JSON.stringify(shown));
    return EXIT.pass;
  }
  const rows = [
    ['directory', `${place}, ${bytesOnDisk} bytes`],
    [
      'member',
      identity === null
        ? 'IDENTITY cannot be read'
        : `${identity.id} (${identity.name}) of cluster ${identity.clusterId}, incarnation ${identity.incarnation}`,
    ],
    ['a start finds', sentence === '' ? verdict : `${verdict}: ${sentence}`],
  ];
  if (core !== null && log !== null) {
    rows.push(
      [
        'hard state',
        `term ${core.hardState.term}, vote for ${core.hardState.votedFor || 'nobody'}`,
      ],
      [
        'log',
        log.entries === 0
          ? 'no entries'
          : `${log.first}..${log.last}, ${log.entries} entries, the last of term ${log.lastTerm}`,
      ],
      [
        'snapshot',
        snapshot === null
          ? 'none'
          : `${snapshot.lastIncludedIndex}@${snapshot.lastIncludedTerm}, ${snapshot.size} bytes`,
      ],
      ['members', describeMembers(configuration!)],
    );
    if (repairUntil > 0)
      rows.push(['repair', `no vote and no acknowledgement before entry ${repairUntil} is back`]);
  }
  out(rows.map(([name, value]) => `${name!.padEnd(14)} ${value}`).join('\n'));
  return EXIT.pass;
}

function latestConfiguration(core: NonNullable<Found['member']>['core']): Configuration {
  const named = core.entries.findLast(({ configuration }) => configuration !== null);
  return named?.configuration ?? core.snapshot?.configuration ?? core.configuration;
}
