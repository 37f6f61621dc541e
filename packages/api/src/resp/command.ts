/** A command as the table has it: what COMMAND tells of it, and how it is planned. */
import type { Access } from '../protocol.ts';
import { answer, orFailure, type Plan } from './plan.ts';
import { Failure } from './reply.ts';
import type { Arguments } from './request-parser.ts';
import type { RedisSession } from './session.ts';

export interface RedisCommand {
  /** Of all arguments, the name included; below 0: at least so many. */
  readonly arity: number;
  /** `none`: also before AUTH. */
  readonly needs: Access;
  readonly group:
    | 'connection'
    | 'server'
    | 'generic'
    | 'string'
    | 'transactions'
    | 'hyperloglog'
    | 'bf';
  readonly summary: string;
  /** Which arguments are keys: the first, the last (-1: of all), each how many. */
  readonly keys?: readonly [first: number, last: number, step: number];
  /** In a transaction it is carried out at once. */
  readonly isImmediate?: boolean;
  /** Throws a Failure. */
  plan(args: Arguments, session: RedisSession): Plan;
}

export type CommandTable = Readonly<Record<string, RedisCommand>>;

export function planned(command: RedisCommand, args: Arguments, session: RedisSession): Plan {
  const plan = orFailure(() => command.plan(args, session));
  return plan instanceof Failure ? answer(plan) : plan;
}
