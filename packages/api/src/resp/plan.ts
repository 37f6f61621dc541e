/**
 * What a Redis command comes to: an answer at once, or commands for the replicated machine and what to say of their results. Commands are written
 * without knowing whether they go alone, in a pipeline or in a transaction.
 */
import type { KvCommand, KvQuery, KvRefusalCode, KvResult, KvTransact } from '@seedraft/kv';
import { Failure, type Reply } from './reply.ts';

/** What may stand in a transaction. */
export type Step = Exclude<KvCommand, KvTransact>;
/** Results in the order of the commands. Throws a Failure for what is answered by an error. */
export type Say = (results: readonly KvResult[]) => Reply;

export type Plan =
  | { readonly kind: 'answer'; readonly reply: Reply }
  /** Through the log. */
  | (Asked & { readonly kind: 'write'; readonly commands: readonly KvCommand[] })
  /** As queries; in a transaction or between writes of one pipeline, as commands. */
  | (Asked & { readonly kind: 'read'; readonly commands: readonly KvQuery[] });

interface Asked {
  readonly say: Say;
  /** What follows in the same pipeline is planned only when this is answered. */
  readonly settles: boolean;
}

export function answer(reply: Reply): Plan {
  return { kind: 'answer', reply };
}

export function write(commands: readonly KvCommand[], say: Say, settles = false): Plan {
  return { kind: 'write', commands, say, settles };
}

export function read(commands: readonly KvQuery[], say: Say, settles = false): Plan {
  return { kind: 'read', commands, say, settles };
}

const REFUSED: Readonly<Partial<Record<KvRefusalCode, string>>> = {
  WRONG_TYPE: 'WRONGTYPE Operation against a key holding the wrong kind of value',
  NOT_AN_INTEGER: 'ERR value is not an integer or out of range',
  OVERFLOW: 'ERR increment or decrement would overflow',
  FULL: 'ERR non scaling filter is full',
};

export function wrongType(): Failure {
  return new Failure(REFUSED.WRONG_TYPE);
}

/** The result as one of these, or its Failure thrown. */
export function expectResult<S extends KvResult['status']>(
  result: KvResult | undefined,
  ...statuses: readonly S[]
): Extract<KvResult, { status: S }> {
  if (result !== undefined && (statuses as readonly string[]).includes(result.status)) {
    return result as Extract<KvResult, { status: S }>;
  }
  if (result?.status === 'refused') {
    throw new Failure(REFUSED[result.code] ?? `ERR ${result.reason}`);
  }
  throw new Error(`invariant broken: ${statuses.join(' or ')} was answered by ${result?.status}`);
}

/** What a plan says of its results; its Failure is an answer as well. */
export function said(plan: Plan, results: readonly KvResult[]): Reply {
  return plan.kind === 'answer' ? plan.reply : orFailure(() => plan.say(results));
}

/** Whatever else is thrown is a bug. */
export function orFailure<T>(work: () => T): T | Failure {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
}
