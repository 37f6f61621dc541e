/** `seedraft status`: every member asked for itself, one row each; what is not known is a `?`, and what an operator can do about it stands below. */
import type { Client, SeedraftErrorCode } from '@seedraft/client';
import { SeedraftError } from '@seedraft/client';
import type { Member } from '@seedraft/core';
import type { MemberStatus } from '@seedraft/wire';
import type { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
import { readClusterFile } from '../local-cluster/cluster-file.ts';
import { table } from '../reporters/table.ts';
import { commandLine } from '../shell.ts';
import { type Answer, advice, type Seen, see } from './cluster-view.ts';
import { addReachOptions, findEndpoints, type ReachFlags, reach } from './reach.ts';

/** ms for each member; one that takes longer is shown as silent. */
const WITHIN = 2000;

export function addStatus(program: Command, finish: (code: number) => void): void {
  addReachOptions(
    program
      .command('status')
      .summary('who leads, and how far each member is')
      .description(
        'Asks every member for itself; of one that does not answer it is said why, and what is not known is shown as ?. ' +
          'Ends with 1 when nobody leads, or no majority of the voters answers.',
      ),
  ).action(async (flags: ReachFlags) =>
    finish(await reach(flags, (client) => status(client, flags))),
  );
}

async function status(client: Client, flags: ReachFlags) {
  const one = await client.status();
  const known = one.configuration.members.map(({ clientAddress }) => clientAddress);
  const addresses = [
    ...new Set([...known.filter((address) => address !== ''), ...findEndpoints(flags)]),
  ];
  const answers = await Promise.all(addresses.map((address) => ask(client, address)));
  const seen = see(answers);
  return {
    text: [title(seen), table(HEAD, seen.places.map(row(seen))), ...advice(seen, startLine)].join(
      '\n',
    ),
    json: asJson(seen),
    code: seen.leader === null || !seen.hasMajority ? EXIT.missing : EXIT.pass,
  };
}

async function ask(client: Client, address: string): Promise<Answer> {
  try {
    return { address, status: await client.status({ address, timeout: WITHIN }) };
  } catch (error) {
    if (!(error instanceof SeedraftError)) throw error;
    const code: SeedraftErrorCode = error.code;
    return { address, status: null, code, why: error.message };
  }
}

const HEAD = [
  ...['id', 'name', 'role', 'vote', 'term', 'log', 'commit', 'applied', 'behind', 'state'],
  'address',
];

function title({ clusterId, leader, hasMajority }: Seen): string {
  if (leader === null) return `cluster ${clusterId}: nobody leads`;
  const { name, term } = leader;
  if (hasMajority) return `cluster ${clusterId}: ${name} leads in term ${term}`;
  return `cluster ${clusterId}: ${name} says that it leads in term ${term}, but no majority answers`;
}

function row({ leader }: Seen) {
  return ({ id, member, address, status: it, isStarted }: Seen['places'][number]): string[] => {
    const vote = voteOf(member, it);
    const who = [id === 0 ? '?' : `${id}`, it?.name ?? member?.name ?? '?'];
    if (it === null) {
      const role = isStarted ? (address === '' ? 'not asked' : 'no answer') : 'not started';
      const where = address || (isStarted ? 'no client port' : '?');
      return [...who, role, vote, '?', '?', '?', '?', '?', '?', where];
    }
    const behind = leader === null ? '?' : `${Math.max(0, leader.commitIndex - it.appliedIndex)}`;
    const log = it.lastIndex < it.firstIndex ? 'none' : `${it.firstIndex}..${it.lastIndex}`;
    const numbers = [it.term, log, it.commitIndex, it.appliedIndex, behind].map(String);
    return [...who, it.role, vote, ...numbers, it.damaged ? 'damaged' : it.stateDigest, address];
  };
}

/** In the configuration of whoever knows best. */
function voteOf(member: Member | null, it: MemberStatus | null): string {
  if (member !== null) return member.role;
  return it === null ? '?' : 'none';
}

function asJson({ clusterId, leader, places, voters, answering, hasMajority }: Seen) {
  return {
    clusterId,
    leader: leader?.id ?? 0,
    voters,
    answering,
    hasMajority,
    members: places.map(({ id, member, address, status: it, why, isStarted }) =>
      it !== null
        ? { address, vote: voteOf(member, it), ...it }
        : {
            ...{ address, id, name: member?.name ?? null, vote: voteOf(member, null) },
            unreachable: isStarted ? why : 'It was not started yet.',
          },
    ),
  };
}

/** How a member of this directory's local cluster is started again; null: it is none. */
function startLine(address: string): string | null {
  const file = readClusterFile();
  const member = file?.members.find(({ client }) => client === address);
  return member?.start === undefined ? null : commandLine('serve', ...member.start);
}
