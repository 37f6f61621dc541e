/** Commands about the member: INFO, COMMAND, CONFIG GET, TIME. What clients look for is there under Redis's names. */
import { count } from '@seedraft/kv';
import type { ApiContext } from '../protocol.ts';
import { arityFailure, failure, shown, wordOf } from './arguments.ts';
import type { CommandTable, RedisCommand } from './command.ts';
import { matches } from './glob.ts';
import { answer, expectResult, type Plan, read } from './plan.ts';
import { type Reply, Verbatim } from './reply.ts';
import type { Arguments } from './request-parser.ts';
import { DATABASES, namespaceOf, type RedisSession } from './session.ts';

/** The Redis whose answers these are: clients choose by it what they may ask for. */
export const REDIS_VERSION = '7.0.15';

const server = { needs: 'read', group: 'server' } as const;

/** `table`: all commands, these included. */
export function serverCommands(table: () => CommandTable): CommandTable {
  return {
    info: { ...server, arity: -1, summary: 'What this member is like.', plan: planInfo },
    command: {
      ...server,
      arity: -1,
      summary: 'The commands there are: COUNT LIST INFO DOCS.',
      plan: (args) => planCommand(args, table()),
    },
    config: {
      ...server,
      arity: -2,
      summary: 'GET: what the settings of Redis come to here.',
      plan: planConfig,
    },
    time: {
      ...server,
      arity: 1,
      summary: "This member's clock: seconds and microseconds.",
      plan: () => {
        const now = Date.now();
        return answer([String(Math.floor(now / 1000)), String((now % 1000) * 1000)]);
      },
    },
  };
}

function planInfo(args: Arguments, session: RedisSession): Plan {
  const wanted = args.slice(1).map((one) => wordOf(one).toLowerCase());
  const isWanted = (section: string): boolean =>
    wanted.length === 0 ||
    wanted.some((one) => one === section || ['all', 'default', 'everything'].includes(one));
  const queries = isWanted('keyspace')
    ? Array.from({ length: DATABASES }, (_, database) => count(namespaceOf(database)))
    : [];
  const { context, sessions } = session.server;
  return read(queries, (results) => {
    const counts = results.map((result) => expectResult(result, 'counted').count);
    const sections = [...facts(context, sessions.size), ['Keyspace', keyspace(counts)] as const];
    const chosen = sections.filter(([name]) => isWanted(name.toLowerCase()));
    return new Verbatim(
      chosen.map(([name, lines]) => [`# ${name}`, ...lines, ''].join('\r\n')).join('\r\n'),
    );
  });
}

function facts(
  { door, ownAddress }: ApiContext,
  clients: number,
): (readonly [string, readonly string[]])[] {
  const status = door.status();
  const { role, term, leader, id, commitIndex, appliedIndex, stateBytes } = status;
  return [
    [
      'Server',
      [
        `redis_version:${REDIS_VERSION}`,
        'redis_mode:standalone',
        `seedraft_version:${status.version}`,
        `run_id:${status.incarnation}`,
        `tcp_port:${ownAddress().split(':').at(-1)}`,
        `uptime_in_seconds:${Math.floor(status.uptime / 1000)}`,
      ],
    ],
    ['Clients', [`connected_clients:${clients}`]],
    ['Memory', [`used_memory:${stateBytes}`, 'maxmemory_policy:noeviction']],
    ['Persistence', ['loading:0', 'aof_enabled:1']],
    // Each member takes writes: clients that look for a master have found one.
    ['Replication', ['role:master', 'connected_slaves:0']],
    [
      'Raft',
      [
        `raft_id:${id}`,
        `raft_role:${role}`,
        `raft_term:${term}`,
        `raft_leader:${leader}`,
        `raft_commit_index:${commitIndex}`,
        `raft_applied_index:${appliedIndex}`,
      ],
    ],
    ['Cluster', ['cluster_enabled:0']],
  ];
}

function keyspace(counts: readonly number[]): string[] {
  return counts.flatMap((keys, database) =>
    keys === 0 ? [] : [`db${database}:keys=${keys},expires=0,avg_ttl=0`],
  );
}

function planCommand(args: Arguments, table: CommandTable): Plan {
  const names = Object.keys(table);
  const given = args.slice(2).map((one) => one.toString('latin1').toLowerCase());
  const chosen = given.length === 0 ? names : given;
  const of = (name: string): RedisCommand | undefined =>
    Object.hasOwn(table, name) ? table[name] : undefined;
  switch (wordOf(args[1])) {
    case '':
      return answer(names.map((name) => infoOf(name, table[name]!)));
    case 'INFO':
      return answer(chosen.map((name) => (of(name) ? infoOf(name, of(name)!) : null)));
    case 'DOCS':
      return answer(
        new Map<string, Reply>(
          chosen.flatMap((name) => (of(name) ? [[name, docsOf(of(name)!)] as const] : [])),
        ),
      );
    case 'COUNT':
      if (args.length > 2) throw arityFailure('command|count');
      return answer(names.length);
    case 'LIST':
      if (args.length > 2) throw failure('ERR syntax error');
      return answer(names);
    default: {
      throw failure(`ERR unknown subcommand '${shown(args[1]!)}'. Try COMMAND HELP.`);
    }
  }
}

/** As Redis 7 says it: name, arity, flags, keys; then categories, tips, key specifications, subcommands. */
function infoOf(name: string, { arity, needs, keys = [0, 0, 0] }: RedisCommand): Reply {
  const flags = needs === 'write' ? ['write'] : needs === 'none' ? ['no_auth'] : ['readonly'];
  return [name, arity, flags, ...keys, [], [], [], []];
}

function docsOf({ summary, group }: RedisCommand): Reply {
  return new Map([
    ['summary', summary],
    ['group', group],
  ]);
}

/** What benchmarks and clients ask for. */
const CONFIG: Readonly<Record<string, (context: ApiContext) => string>> = {
  appendonly: () => 'yes',
  databases: () => String(DATABASES),
  maxclients: ({ limits }) => String(limits.maxConnections),
  maxmemory: () => '0',
  'maxmemory-policy': () => 'noeviction',
  'proto-max-bulk-len': ({ limits }) => String(limits.maxRequestBytes),
  save: () => '',
  timeout: () => '0',
};

function planConfig(args: Arguments, { server: { context } }: RedisSession): Plan {
  if (wordOf(args[1]) !== 'GET') {
    throw failure(
      `ERR unknown subcommand '${shown(args[1]!)}'. Settings are given to the member, not here.`,
    );
  }
  if (args.length < 3) throw arityFailure('config|get');
  const patterns = args.slice(2).map((one) => Buffer.from(one.toString('latin1').toLowerCase()));
  const found = Object.entries(CONFIG).filter(([name]) =>
    patterns.some((pattern) => matches(pattern, Buffer.from(name))),
  );
  return answer(new Map(found.map(([name, of]) => [name, of(context)])));
}
