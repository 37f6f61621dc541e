/** `seedraft member ticket`, `join`, `leave-joint`: an id is reserved, its owner started with it, and all that caught up become voters in one change. */
import type { Client } from '@seedraft/client';
import { formatAddress, parseAddress } from '@seedraft/node/address';
import type { Command } from 'commander';
import { UsageError } from '../exit-codes.ts';
import { commandLine } from '../shell.ts';
import { describeMembers } from './describe-members.ts';
import { examples } from './examples.ts';
import { figuresAbove } from './figures-above.ts';
import { type ReachFlags, reach } from './reach.ts';

type Finish = (code: number) => void;
/** A verb below `member`, with the options of those that talk to a cluster. */
type AddVerb = (line: string, summary: string) => Command;

interface TicketFlags extends ReachFlags {
  readonly client?: string;
  readonly name?: string;
  readonly lostDisk?: boolean;
}

export function addTickets(verb: AddVerb, finish: Finish): void {
  verb('ticket', 'reserve an id for a member, to join with others in one change')
    .description(
      'Gives an id that nobody else gets, recorded by the log, and prints how to start its owner: as a learner, until `member join`. ' +
        'An address that has an id keeps it, unless its disk was lost; where a voter runs there is nothing to reserve.',
    )
    .argument('<host:port>', 'where members will reach it')
    .option('--client <host:port>', 'where clients will reach it (default: the next port)')
    .option('--name <text>', 'what people call it')
    .option('--lost-disk', 'what the member at this address had stored is gone')
    .action(async (address: string, flags: TicketFlags) =>
      finish(await reach(flags, (client) => ticket(client, address, flags))),
    );
  verb('join', 'make the owners of these ids voters, all in one joint change')
    .description(
      'Waits until each has caught up, enters the joint configuration and leaves it, all within --timeout. A place given up by a lost disk goes with it.',
    )
    .argument('<id...>')
    .option('--stay-joint', 'leave the joint configuration only by `member leave-joint`')
    .addHelpText(
      'after',
      examples(
        ['member ticket 10.0.0.4:7400', 'an id for it, and how to start it; another for 10.0.0.5'],
        ['member join 4 5 --timeout 2m', 'both are voters, or neither'],
      ),
    )
    .action(async (ids: readonly string[], flags: ReachFlags & { stayJoint?: boolean }) =>
      finish(await reach(flags, (client, timeout) => joinThem(client, ids, timeout, flags))),
    );
  verb('leave-joint', 'leave a joint configuration that was to stay').action(
    async (flags: ReachFlags) =>
      finish(
        await reach(flags, async (client) => {
          await client.members.leaveJoint();
          return told(client);
        }),
      ),
  );
}

async function ticket(client: Client, address: string, flags: TicketFlags) {
  const at = parseAddress(address);
  if (at === null) throw new UsageError(`${address}: give host:port, where members will reach it.`);
  if (flags.client !== undefined && parseAddress(flags.client) === null) {
    throw new UsageError(`--client ${flags.client}: give host:port, where clients will reach it.`);
  }
  const { client: clients = formatAddress({ host: at.host, port: at.port + 1 }), name } = flags;
  const lostDisk = flags.lostDisk === true;
  const given = await client.members.requestId(address, {
    lostDisk,
    ...(name !== undefined && { name }),
  });
  const id = given.reservedId;
  const line = commandLine(
    ...['serve', '--join', given.leaderAddr, '--id', `${id}`, '--learner'],
    ...['--peer-listen', address, '--client-listen', clients, ...figuresAbove([address, clients])],
    ...['--data', `data-n${id}`],
  );
  const next = commandLine('member', 'join', `${id}`);
  return {
    text: `member ${id} is reserved for ${address}. Start it with:\n  ${line}\nMake it a voter, alone or with others:\n  ${next}`,
    json: { ...given, start: line },
  };
}

async function joinThem(
  client: Client,
  ids: readonly string[],
  timeout: number,
  flags: { readonly stayJoint?: boolean },
) {
  const tickets = ids.map((id) => ({ reservedId: idOf(id) }));
  await client.members.join(tickets, { timeout, stayJoint: flags.stayJoint === true });
  return told(client);
}

async function told(client: Client) {
  const configuration = await client.members.configuration();
  return { text: describeMembers(configuration), json: configuration };
}

export function idOf(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new UsageError(`${text}: give a member's id, a number (seedraft member list shows them).`);
}
