/** `seedraft debug entries`: what a log holds, in a data directory or in a running member, with the commands as they were proposed. */
import { existsSync } from 'node:fs';
import type { Client } from '@seedraft/client';
import type { Entry } from '@seedraft/core';
import { describeCommand } from '@seedraft/replica';
import type { Command } from 'commander';
import { EXIT, UsageError } from '../exit-codes.ts';
import { table } from '../reporters/table.ts';
import { found } from './directory-found.ts';
import { examples } from './examples.ts';
import { out } from './output.ts';
import { addReachOptions, type ReachFlags, reach } from './reach.ts';

interface EntryFlags extends ReachFlags {
  readonly from: string;
  readonly to?: string;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

export function addDebugEntries(debug: Command, finish: (code: number) => void): void {
  addReachOptions(
    debug
      .command('entries')
      .summary('the entries in a log')
      .description(
        'Of a data directory, whose member may be running, or of a running member. What a snapshot covers is no longer there. --json prints one object a line.',
      )
      .argument('<dir or host:port>', "a data directory, or a member's client address")
      .option('--from <index>', 'the first one shown', '1')
      .option('--to <index>', 'the last one shown'),
  )
    .addHelpText(
      'after',
      examples(
        ['debug entries seedraft-data --from 1000 --to 1020', 'with their commands'],
        ['debug entries 127.0.0.1:7401', 'as this member has them in memory'],
      ),
    )
    .action(async (place: string, flags: EntryFlags) => finish(await entries(place, flags)));
}

async function entries(place: string, flags: EntryFlags): Promise<number> {
  const from = indexOf('--from', flags.from);
  const to = flags.to === undefined ? Number.MAX_SAFE_INTEGER : indexOf('--to', flags.to);
  const isJson = flags.json === true;
  if (!existsSync(place) && /^(\[[^\]]+\]|[^:\s/]+):\d{1,5}$/.test(place)) {
    return await reach({ ...flags, endpoints: place, json: false }, async (client) => ({
      text: textOf(await ofMember(client, place, { from, to }), isJson),
      json: null,
    }));
  }
  const text = textOf(ofDirectory(place, { from, to }), isJson);
  if (text !== '') out(text);
  return EXIT.pass;
}

function ofDirectory(directory: string, { from, to }: Range): readonly Entry[] {
  const { member, sentence } = found(directory);
  if (member === null) throw new UsageError(`the log cannot be read: ${sentence}`);
  return member.core.entries.filter(({ index }) => index >= from && index <= to);
}

/** An answer takes so many; the log may grow meanwhile, and what was there at first is enough. */
async function ofMember(client: Client, address: string, range: Range): Promise<Entry[]> {
  const { lastIndex } = await client.status({ address });
  const to = Math.min(range.to, lastIndex);
  const all: Entry[] = [];
  for (let { from } = range; from <= to; ) {
    const page = await client.entries({ from, to }, { address });
    if (page.length === 0) break;
    all.push(...page);
    from = page.at(-1)!.index + 1;
  }
  return all;
}

function textOf(found: readonly Entry[], isJson: boolean): string {
  if (isJson) return found.map((entry) => jsonOf(plain(entry))).join('\n');
  const rows = found.map((entry) => {
    const { index, term, kind, bytes, session, what } = plain(entry);
    return [`${index}`, `${term}`, kind, `${bytes}`, session, shortened(what)];
  });
  return table(['index', 'term', 'kind', 'bytes', 'session', 'what'], rows);
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

function shortened(what: unknown): string {
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
