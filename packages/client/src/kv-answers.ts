/** The built-in machine's answers as what the methods of `Kv` promise: what it refuses is thrown, and so is an answer to something else. */
import type { KvCommand, KvResult, KvTransact } from '@seedraft/kv';
import type { Answered } from './engine/index.ts';
import { SeedraftError } from './error.ts';

type Status = KvResult['status'];
type ResultOf<S extends Status> = Extract<KvResult, { readonly status: S }>;

export type KvStored = ResultOf<'stored'>;
export type KvConflict = ResultOf<'conflict'>;
/** The deadline from now on; null: never. */
export type KvLives = ResultOf<'lives'>;
/** The ring as it is now, and the vnodes that went from one node to another. */
export type KvRinged = ResultOf<'ring'>;
/** All guards held: a result for each step. */
export type KvDone = ResultOf<'done'>;
/** Nothing was done: guard number `guard` (from 0) found `current`. */
export type KvUnmet = ResultOf<'unmet'>;

type WithoutNamespace<Command> = Command extends readonly [
  infer Name extends string,
  string,
  ...infer Rest,
]
  ? readonly [Name, ...Rest]
  : never;

/** One step of a batch or transaction: any command but a transaction, without the namespace, which is this face's: `['put', 'k', 1]`. */
export type KvStep = WithoutNamespace<Exclude<KvCommand, KvTransact>>;

/** What the machine said, if it is one of these. */
export function answeredAs<S extends Status>(...wanted: readonly S[]) {
  return (answer: Answered): ResultOf<S> => {
    const result = resultOf(answer);
    if (!(wanted as readonly Status[]).includes(result.status)) throw badReply(result);
    return result as ResultOf<S>;
  };
}

/** Null: there is no such key. */
export function unlessMissing<S extends Status>(...wanted: readonly S[]) {
  const read = answeredAs<S | 'missing'>(...wanted, 'missing');
  return (answer: Answered): Exclude<ResultOf<S>, ResultOf<'missing'>> | null => {
    const result = read(answer) as KvResult;
    if (result.status === 'missing') return null;
    return result as Exclude<ResultOf<S>, ResultOf<'missing'>>;
  };
}

/** For a batch: what was refused is a result there. */
export function resultsOf({ value }: Answered): KvResult[] {
  return value as KvResult[];
}

function resultOf({ value }: Answered): KvResult {
  const result = value as KvResult;
  if (result.status !== 'refused') return result;
  throw new SeedraftError(result.code, `${result.code}: ${result.reason}`, 'not applied');
}

function badReply({ status }: KvResult): SeedraftError {
  const reason = `BAD_REPLY: the machine answered ${status}; is it the built-in one?`;
  return new SeedraftError('BAD_REPLY', reason, 'not applied');
}
