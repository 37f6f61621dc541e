/** `seedraft debug`: what a data directory or a member holds, for people who must know. Only force-configuration changes anything. */
import type { Configuration, Entry } from '@seedraft/core';
import { describeCommand } from '@seedraft/replica';
import { type Inspection, inspectDirectory } from '@seedraft/store/level';
import type { Command } from 'commander';
import { EXIT, UsageError } from '../exit-codes.ts';
import { describeMembers } from './describe-members.ts';
import { examples } from './examples.ts';
import { addForceConfiguration } from './force-configuration.ts';
import { out } from './output.ts';
import { addReachOptions, type ReachFlags, reach } from './reach.ts';
import { table } from './table.ts';

type Found = Extract<Inspection, { outcome: 'found' }>;

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
  debug
    .command('entries')
    .summary('the entries in the log of a data directory')
    .argument('<dir>')
    .option('--from <index>', 'the first one shown', '1')
    .option('--to <index>', 'the last one shown')
    .option('--json', 'print one JSON object a line on stdout')
    .addHelpText(
      'after',
      examples(['debug entries seedraft-data --from 1000 --to 1020', 'with their commands']),
    )
    .action((directory: string, flags: EntryFlags) => finish(entries(directory, flags)));
  addReachOptions(debug.command('node').summary('everything a running member says of itself'))
    .argument('<host:port>', 'its client address')
    .action(async (address: string, flags: ReachFlags) =>
      finish(
        await reach({ ...flags, endpoints: address }, async (client) => {
          const json = await client.status({ address });
          return { text: JSON.stringify(json, null, 2), json };
        }),
      ),
    );
  addForceConfiguration(debug, finish);
}

function found(directory: string): Found {
  const inspection = inspectDirectory(directory);
  if (inspection.outcome === 'refused') {
    throw new UsageError(`${inspection.code}: ${inspection.sentence}`);
  }
  if (inspection.outcome === 'empty') {
    throw new UsageError(`${directory} holds no member. Name the directory that --data names.`);
  }
  return inspection;
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

// -------------------------------------------------------------------------------------------------------------------- entries

interface EntryFlags {
  readonly from: string;
  readonly to?: string;
  readonly json?: boolean;
}

function entries(directory: string, flags: EntryFlags): number {
  const from = indexOf('--from', flags.from);
  const to = flags.to === undefined ? Number.POSITIVE_INFINITY : indexOf('--to', flags.to);
  const { member, sentence } = found(directory);
  if (member === null) throw new UsageError(`the log cannot be read: ${sentence}`);
  const shown = member.core.entries.filter(({ index }) => index >= from && index <= to);
  if (flags.json) {
    for (const entry of shown) out(jsonOf(plain(entry)));
    return EXIT.pass;
  }
  const rows = shown.map((entry) => {
    const { index, term, kind, bytes, session, what } = plain(entry);
    return [`${index}`, `${term}`, kind, `${bytes}`, session, textOf(what)];
  });
  out(table(['index', 'term', 'kind', 'bytes', 'session', 'what'], rows));
  return EXIT.pass;
}

function plain(entry: Entry) {
  const { index, term, data, configuration } = entry;
  const command = describeCommand(entry);
  const session =
    command === null || command.sessionId === 0 ? '' : `${command.sessionId}/${command.sequence}`;
  const what = command === null ? configuration : command.body;
  return {
    index,
    term,
    kind: command?.kind ?? entry.kind,
    bytes: data.length,
    time: command?.time ?? null,
    session,
    what,
  };
}

const LONGEST = 100;

function textOf(what: unknown): string {
  if (what === null) return '';
  const text = jsonOf(what);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}

/** Bytes in base64: as an object of numbers nobody could read them. */
function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    one instanceof Uint8Array ? { base64: Buffer.from(one).toString('base64') } : one,
  );
}

function indexOf(flag: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`${flag} ${text}: give an index, a whole number.`);
}
