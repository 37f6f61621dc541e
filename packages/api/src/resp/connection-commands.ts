/** Commands about the connection itself: who speaks, which version, which database. */
import { type Access, mayDo } from '../protocol.ts';
import { arityFailure, failure, numberOf, SYNTAX, shown, wordOf } from './arguments.ts';
import type { CommandTable } from './command.ts';
import { answer, type Plan } from './plan.ts';
import { Line, OK, type Reply, Verbatim } from './reply.ts';
import type { Arguments } from './request-parser.ts';
import { REDIS_VERSION } from './server-commands.ts';
import { DATABASES, type RedisSession } from './session.ts';

const connection = { needs: 'read', group: 'connection' } as const;
const beforeAuth = { needs: 'none', group: 'connection' } as const;

export const CONNECTION: CommandTable = {
  ping: {
    ...connection,
    arity: -1,
    summary: 'PONG, or what was sent.',
    plan: (args) => {
      if (args.length > 2) throw arityFailure('ping');
      return answer(args[1] ?? new Line('PONG'));
    },
  },
  echo: {
    ...connection,
    arity: 2,
    summary: 'What was sent.',
    plan: ([, text]) => answer(text!),
  },
  select: {
    ...connection,
    arity: 2,
    summary: `Another database, 0 to ${DATABASES - 1}: a namespace of that name, 0 the default one.`,
    plan: ([, given], session) => {
      const database = numberOf(given, -(2 ** 31), 2 ** 31 - 1);
      if (database < 0 || database >= DATABASES) throw failure('ERR DB index is out of range');
      session.database = database;
      return answer(OK);
    },
  },
  readonly: {
    ...connection,
    arity: 1,
    summary: "Reads come from this member's own state from now on, however old.",
    plan: (_, session) => {
      session.readsStale = true;
      return answer(OK);
    },
  },
  readwrite: {
    ...connection,
    arity: 1,
    summary: 'Reads are linearizable again.',
    plan: (_, session) => {
      session.readsStale = false;
      return answer(OK);
    },
  },
  client: {
    ...connection,
    arity: -2,
    summary: 'This connection: ID GETNAME SETNAME SETINFO INFO LIST.',
    plan: planClient,
  },
  hello: {
    ...beforeAuth,
    arity: -1,
    summary: 'The version of the protocol, 2 or 3: AUTH SETNAME.',
    plan: planHello,
  },
  auth: {
    ...beforeAuth,
    arity: -2,
    summary: 'A token, as the password; the user is not looked at.',
    plan: (args, session) => {
      if (args.length > 3) throw failure(SYNTAX);
      authenticate(session, args.at(-1)!);
      return answer(OK);
    },
  },
  reset: {
    ...beforeAuth,
    arity: 1,
    summary: 'As a connection that has just begun.',
    isImmediate: true,
    plan: (_, session) => {
      session.reset();
      return answer(new Line('RESET'));
    },
  },
  quit: {
    ...beforeAuth,
    arity: -1,
    summary: 'Ends the connection.',
    isImmediate: true,
    plan: (_, session) => {
      session.isOver = true;
      return answer(OK);
    },
  },
};

function authenticate(session: RedisSession, token: Buffer): void {
  const { context } = session.server;
  const granted: Access = context.access(token.toString());
  if (!mayDo(granted, 'read')) {
    throw failure('WRONGPASS invalid username-password pair or user is disabled.');
  }
  session.access = granted;
}

function planHello(args: Arguments, session: RedisSession): Plan {
  const asked = args[1];
  const notANumber = 'ERR Protocol version is not an integer or out of range';
  const version =
    asked === undefined ? session.version : numberOf(asked, -(2 ** 31), 2 ** 31 - 1, notANumber);
  if (version !== 2 && version !== 3) throw failure('NOPROTO unsupported protocol version');
  let token: Buffer | null = null;
  let { name } = session;
  for (let at = 2; at < args.length; at++) {
    const option = wordOf(args[at]);
    const isAuth = option === 'AUTH' && at + 2 < args.length;
    if (!isAuth && !(option === 'SETNAME' && at + 1 < args.length)) {
      throw failure(`ERR Syntax error in HELLO option '${shown(args[at]!)}'`);
    }
    if (isAuth) token = args[at + 2]!;
    else name = nameOf(args[at + 1]!);
    at += isAuth ? 2 : 1;
  }
  if (token !== null) authenticate(session, token);
  if (!mayDo(session.access, 'read')) {
    throw failure(
      'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time',
    );
  }
  session.name = name;
  session.version = version;
  return answer(
    new Map<string, Reply>([
      ['server', 'redis'],
      ['version', REDIS_VERSION],
      ['proto', version],
      ['id', session.id],
      ['mode', 'standalone'],
      ['role', 'master'],
      ['modules', []],
    ]),
  );
}

/** It is kept as long as the connection is there, and told in every CLIENT LIST. */
const MOST_NAME = 256;

function nameOf(argument: Buffer): string {
  const name = argument.toString('latin1');
  if (name.length > MOST_NAME) {
    throw failure(`ERR Client names have at most ${MOST_NAME} characters.`);
  }
  if (/^[!-~]*$/.test(name)) return name;
  throw failure('ERR Client names cannot contain spaces, newlines or special characters.');
}

/** How many arguments each takes, the two words included. */
const CLIENT_ARITY: Readonly<Record<string, number>> = {
  ID: 2,
  GETNAME: 2,
  SETNAME: 3,
  SETINFO: 4,
  INFO: 2,
  LIST: 2,
};

function planClient(args: Arguments, session: RedisSession): Plan {
  const word = wordOf(args[1]);
  if (!Object.hasOwn(CLIENT_ARITY, word)) {
    throw failure(`ERR unknown subcommand '${shown(args[1]!)}'. Try CLIENT HELP.`);
  }
  if (args.length !== CLIENT_ARITY[word]) throw arityFailure(`client|${word.toLowerCase()}`);
  switch (word) {
    case 'ID':
      return answer(session.id);
    case 'GETNAME':
      return answer(session.name === '' ? null : session.name);
    case 'SETNAME':
      session.name = nameOf(args[2]!);
      return answer(OK);
    case 'SETINFO':
      return answer(OK);
    case 'INFO':
      return answer(new Verbatim(`${lineOf(session)}\n`));
    default:
      return answer(new Verbatim([...session.server.sessions].map(lineOf).join('\n').concat('\n')));
  }
}

function lineOf({ id, address, name, database, version }: RedisSession): string {
  return `id=${id} addr=${address} name=${name} db=${database} resp=${version}`;
}
