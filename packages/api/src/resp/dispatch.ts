/** From arguments to a plan: whether there is such a command, whether it may be given, and now or at the end of a transaction. */
import { MAX_LIST_LENGTH } from '@seedraft/kv';
import { ownEntry } from '../own-entry.ts';
import { mayDo } from '../protocol.ts';
import { arityFailure, failure, shown } from './arguments.ts';
import { planned, type RedisCommand } from './command.ts';
import { answer, type Plan } from './plan.ts';
import { type Failure, Line } from './reply.ts';
import type { Arguments } from './request-parser.ts';
import type { RedisSession } from './session.ts';
import { COMMANDS } from './table.ts';

const QUEUED = new Line('QUEUED');
/** Of what is repeated to whoever sent something unknown. */
const SHOWN = 128;

/** How every request of HTTP begins that a web page can be made to send: a command in its body must not be carried out. */
const OF_HTTP: ReadonlySet<string> = new Set(['post', 'host:']);

export function dispatch(args: Arguments, session: RedisSession): Plan {
  if (OF_HTTP.has(args[0]!.toString('latin1', 0, SHOWN).toLowerCase())) {
    session.isOver = true;
    return answer(failure('ERR Protocol error: this port speaks Redis, and not HTTP'));
  }
  const command = find(args[0]!);
  const flaw = flawOf(command, args, session);
  if (flaw !== null || command === undefined) {
    if (session.queue !== null) session.queue.isFlawed = true;
    return answer(flaw);
  }
  if (session.queue !== null && command.isImmediate !== true) {
    return answer(enqueue(command, args, session));
  }
  return planned(command, args, session);
}

function find(name: Buffer): RedisCommand | undefined {
  const known = name.toString('latin1', 0, SHOWN).toLowerCase();
  return ownEntry(COMMANDS, known);
}

/** Null: it may be given. */
function flawOf(
  command: RedisCommand | undefined,
  args: Arguments,
  { access }: RedisSession,
): Failure | null {
  if (command === undefined) return unknownCommand(args);
  const { arity, needs } = command;
  const name = args[0]!.toString('latin1').toLowerCase();
  if (arity >= 0 ? args.length !== arity : args.length < -arity) return arityFailure(name);
  if (mayDo(access, needs)) return null;
  return access === 'none'
    ? failure('NOAUTH Authentication required.')
    : failure(`NOPERM this user has no permissions to run the '${name}' command`);
}

function unknownCommand([name, ...rest]: Arguments): Failure {
  let begun = '';
  for (const argument of rest) {
    if (begun.length >= SHOWN) break;
    begun += `'${shown(argument, SHOWN - begun.length)}' `;
  }
  return failure(`ERR unknown command '${shown(name!)}', with args beginning with: ${begun}`);
}

function enqueue(command: RedisCommand, args: Arguments, session: RedisSession): Line | Failure {
  const queue = session.queue!;
  const { maxRequestBytes } = session.server.context.limits;
  queue.bytes += bytesIn(args);
  if (queue.plans.length >= MAX_LIST_LENGTH || queue.bytes > maxRequestBytes) {
    queue.isFlawed = true;
    return failure(
      `ERR a transaction has at most ${MAX_LIST_LENGTH} commands and ${maxRequestBytes} bytes`,
    );
  }
  queue.plans.push(() => planned(command, args, session));
  return QUEUED;
}

/** With what is around them, about. */
export function bytesIn(args: Arguments): number {
  return args.reduce((sum, { length }) => sum + length + 16, 0);
}
