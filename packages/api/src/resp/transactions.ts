/**
 * MULTI to EXEC as one entry: what was queued is planned when EXEC comes, and carried out under guards on what was watched. A watch is a key's
 * revision at this moment; so a key that came and went again between WATCH and EXEC counts as unchanged only if it was absent at both.
 */
import { describe, type KvGuard, type KvResult, MAX_LIST_LENGTH, transact } from '@seedraft/kv';
import { failure } from './arguments.ts';
import type { CommandTable } from './command.ts';
import { answer, expectResult, type Plan, read, type Say, type Step, said, write } from './plan.ts';
import { keyOf } from './redis-key.ts';
import { bytesOfReply, NO_LIST, OK, type Reply } from './reply.ts';
import type { Arguments } from './request-parser.ts';
import type { RedisSession } from './session.ts';

const transactions = { needs: 'read', group: 'transactions' } as const;

export const TRANSACTIONS: CommandTable = {
  multi: {
    ...transactions,
    arity: 1,
    summary: 'Begins a transaction.',
    isImmediate: true,
    plan: (_, session) => {
      if (session.queue !== null) throw failure('ERR MULTI calls can not be nested');
      session.queue = { plans: [], bytes: 0, isFlawed: false };
      return answer(OK);
    },
  },
  exec: {
    ...transactions,
    arity: 1,
    summary: 'Carries out the transaction as one entry, if what was watched is as it was.',
    isImmediate: true,
    plan: (_, session) => planExec(session),
  },
  discard: {
    ...transactions,
    arity: 1,
    summary: 'Ends the transaction; nothing of it is done.',
    isImmediate: true,
    plan: (_, session) => {
      if (session.queue === null) throw failure('ERR DISCARD without MULTI');
      session.endTransaction();
      return answer(OK);
    },
  },
  watch: {
    ...transactions,
    arity: -2,
    summary: 'The next EXEC does nothing if one of these keys has changed.',
    keys: [1, -1, 1],
    isImmediate: true,
    plan: planWatch,
  },
  unwatch: {
    ...transactions,
    arity: 1,
    summary: 'Forgets what is watched.',
    plan: (_, session) => {
      session.guards = new Map();
      session.unguarded = new Set();
      return answer(OK);
    },
  },
};

function planWatch(args: Arguments, session: RedisSession): Plan {
  if (session.queue !== null) throw failure('ERR WATCH inside MULTI is not allowed');
  const { namespace } = session;
  const keys = args.slice(1).map(keyOf);
  if (session.guards.size + keys.length > MAX_LIST_LENGTH) {
    throw failure(`ERR at most ${MAX_LIST_LENGTH} keys are watched at a time`);
  }
  const { guards, unguarded } = session;
  // Until the answer says otherwise: whoever does not wait for it must not go unguarded.
  for (const key of keys)
    if (!guards.has(placeOf(namespace, key))) unguarded.add(placeOf(namespace, key));
  return read(
    keys.map((key) => describe(namespace, key)),
    (results) => {
      for (const [at, key] of keys.entries()) {
        const found = expectResult(results[at], 'described', 'missing');
        const place = placeOf(namespace, key);
        unguarded.delete(place);
        // A second watch of a key does not make the first forget.
        if (guards.has(place)) continue;
        const guard: KvGuard =
          found.status === 'missing'
            ? [namespace, key, ['absent']]
            : [namespace, key, ['revision', found.revision]];
        guards.set(place, guard);
      }
      return OK;
    },
    true,
  );
}

function placeOf(namespace: string, key: string): string {
  return `${namespace}/${key}`;
}

function planExec(session: RedisSession): Plan {
  const { queue, guards, unguarded } = session;
  if (queue === null) throw failure('ERR EXEC without MULTI');
  session.endTransaction();
  if (queue.isFlawed) {
    throw failure('EXECABORT Transaction discarded because of previous errors.');
  }
  if (unguarded.size > 0)
    throw failure('EXECABORT Transaction discarded because a WATCH had failed.');
  const undo = session.remember();
  const { maxRequestBytes } = session.server.context.limits;
  const plans = plansOf(queue.plans, maxRequestBytes);
  if (plans === null) {
    undo();
    throw failure(
      `EXECABORT what a transaction asks of the member itself has at most ${maxRequestBytes} bytes.`,
    );
  }
  const steps = plans.flatMap((plan) => (plan.kind === 'answer' ? [] : (plan.commands as Step[])));
  if (steps.length === 0 && guards.size === 0) return answer(plans.map((plan) => said(plan, [])));
  // What they set (SELECT, for one) is so only when they were carried out, and what follows must know.
  const redo = session.remember();
  undo();
  if (steps.length > MAX_LIST_LENGTH) {
    throw failure(`EXECABORT a transaction comes to at most ${MAX_LIST_LENGTH} commands here.`);
  }
  const settles = plans.some(({ kind }) => kind === 'answer');
  const say: Say = ([result]) => {
    const done = expectResult(result, 'done', 'unmet');
    if (done.status === 'unmet') return NO_LIST;
    redo();
    return repliesOf(plans, done.results);
  };
  return write([transact([...guards.values()], steps)], say, settles);
}

/** Null: what the member says of itself is much longer than the questions were, and nothing of it would leave before all of it is there. */
function plansOf(queued: readonly (() => Plan)[], most: number): Plan[] | null {
  const plans: Plan[] = [];
  let bytes = 0;
  for (const make of queued) {
    const plan = make();
    if (plan.kind === 'answer') bytes += bytesOfReply(plan.reply);
    if (bytes > most) return null;
    plans.push(plan);
  }
  return plans;
}

function repliesOf(plans: readonly Plan[], results: readonly KvResult[]): Reply {
  let at = 0;
  return plans.map((plan) => {
    const from = at;
    at += plan.kind === 'answer' ? 0 : plan.commands.length;
    return said(plan, results.slice(from, at));
  });
}
