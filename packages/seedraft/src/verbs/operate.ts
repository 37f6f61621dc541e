/** Verbs of those who run a cluster: `member`, `leader`, `snapshot`. */
import type { Client } from '@seedraft/client';
import { parseAddress } from '@seedraft/node/address';
import type { Command } from 'commander';
import { UsageError } from '../exit-codes.ts';
import { table } from '../reporters/table.ts';
import { commandLine } from '../shell.ts';
import { examples } from './examples.ts';
import { figuresAbove } from './figures-above.ts';
import { addTickets, idOf } from './member-tickets.ts';
import { addReachOptions, type ReachFlags, reach } from './reach.ts';

export function addMember(program: Command, finish: (code: number) => void): void {
  const member = program.command('member').summary('who is in the cluster');
  const verb = (line: string, summary: string): Command =>
    addReachOptions(member.command(line).summary(summary).description(summary));
  verb('list', 'print the members').action(async (flags: ReachFlags) =>
    finish(await reach(flags, list)),
  );
  verb('add', 'record a new member and print how to start it')
    .description(
      'Gives the new member an id, recorded by the log and never given again. It begins as a learner; `serve --join` at the printed line starts it. ' +
        '(`serve --join` alone does both.)',
    )
    .requiredOption('--peer <host:port>', 'where members will reach it')
    .requiredOption('--client <host:port>', 'where clients will reach it')
    .option('--name <text>', 'what people call it')
    .action(async (flags: ReachFlags & { peer: string; client: string; name?: string }) =>
      finish(await reach(flags, add(flags))),
    );
  verb('promote', 'make a learner that caught up a voter')
    .argument('<id>')
    .action(async (id: string, flags: ReachFlags) =>
      finish(
        await reach(
          flags,
          changed(`member ${id} is a voter`, (client) => client.members.promote(idOf(id))),
        ),
      ),
    );
  verb('remove', 'remove a member for good')
    .argument('<id>')
    .action(async (id: string, flags: ReachFlags) =>
      finish(
        await reach(
          flags,
          changed(`member ${id} is removed`, (client) => client.members.remove(idOf(id))),
        ),
      ),
    );
  verb('replace', 'let a learner that caught up take the place of a voter, in one change')
    .argument('<old>')
    .argument('<learner>')
    .addHelpText(
      'after',
      examples(['member replace 2 5', 'member 5 votes instead of member 2, which is removed']),
    )
    .action(async (old: string, learner: string, flags: ReachFlags) =>
      finish(
        await reach(
          flags,
          changed(`member ${learner} has taken the place of member ${old}`, (client) =>
            client.members.replace(idOf(old), idOf(learner)),
          ),
        ),
      ),
    );
  addTickets(verb, finish);
}

async function list(client: Client) {
  const { members, outgoing } = await client.members.configuration();
  const rows = members.map((one) => [
    `${one.id}`,
    one.name,
    one.role,
    one.peerAddress,
    one.clientAddress,
    one.incarnation,
  ]);
  const note = outgoing === null ? '' : `\n(joint: leaving the voters ${outgoing.join(', ')})`;
  return {
    text:
      table(['id', 'name', 'role', 'members reach it at', 'clients at', 'incarnation'], rows) +
      note,
    json: { members, outgoing },
  };
}

function add(flags: { readonly peer: string; readonly client: string; readonly name?: string }) {
  return async (client: Client) => {
    const next = (await client.members.configuration()).highestId + 1;
    const { peer: peerAddress, client: clientAddress, name = `n${next}` } = flags;
    for (const [flag, text] of [
      ['--peer', peerAddress],
      ['--client', clientAddress],
    ]) {
      if (parseAddress(text!) === null) throw new UsageError(`${flag} ${text}: give host:port.`);
    }
    const id = await client.members.add({ id: next, name, peerAddress, clientAddress });
    const { leaderAddress } = await client.status();
    const line = commandLine(
      ...['serve', '--join', leaderAddress, '--id', `${id}`, '--name', name],
      ...['--peer-listen', peerAddress, '--client-listen', clientAddress],
      ...[...figuresAbove([peerAddress, clientAddress]), '--data', `data-${name}`],
    );
    return {
      text: `member ${id} is recorded. Start it with:\n  ${line}`,
      json: { id, start: line },
    };
  };
}

function changed(text: string, action: (client: Client) => Promise<void>) {
  return async (client: Client) => {
    await action(client);
    return { text, json: await client.members.configuration() };
  };
}

// -------------------------------------------------------------------------------------------------------- leader and snapshot

export function addLeader(program: Command, finish: (code: number) => void): void {
  const leader = program.command('leader').summary('who leads');
  addReachOptions(
    leader
      .command('transfer')
      .summary('hand leadership over')
      .description(
        'To the member given, or to the one that is furthest; nothing is lost and nobody waits for an election timeout.',
      ),
  )
    .argument('[id]')
    .action(async (id: string | undefined, flags: ReachFlags) =>
      finish(
        await reach(flags, async (client) => {
          const to = await client.transfer(id === undefined ? 0 : idOf(id));
          return { text: `member ${to} leads`, json: { leader: to } };
        }),
      ),
    );
}

export function addSnapshot(program: Command, finish: (code: number) => void): void {
  addReachOptions(
    program
      .command('snapshot')
      .summary('let a member take a snapshot now')
      .description(
        'Of the leader, or of the member at --at; prints the index it covers once it is durable.',
      ),
  )
    .option('--at <host:port>', "the member's client address")
    .action(async (flags: ReachFlags & { at?: string }) =>
      finish(
        await reach(flags, async (client) => {
          const index = await client.snapshot(flags.at === undefined ? {} : { address: flags.at });
          return { text: `the snapshot covers everything up to entry ${index}`, json: { index } };
        }),
      ),
    );
}
