/**
 * The workload `expiry`: keys that expire, are touched, are made to stay, and are looked at about when they go. The judge knows the cluster
 * time of every place in the log from the entries' stamps, and asks no member what time it is.
 */
import { expiringKv } from '@seedraft/check';
import {
  describe,
  expire,
  get,
  KvMachine,
  type KvResult,
  persist,
  put,
  remove,
} from '@seedraft/kv';
import type { OwnDraw, OwnOperation, OwnSystem } from '../own/system.ts';
import type { WorkloadPlan } from '../plan.ts';

const NAMESPACE = 'expiring';
/** Of a cluster that is asked some forty times a second: about as long as a few operations, and as an election. */
const LIFETIMES = [20, 100, 300, 1_000, 3_000];

type Word = 'get' | 'left' | 'put' | 'create' | 'delete' | 'expire' | 'persist';

export function expirySystem({ mix }: WorkloadPlan): OwnSystem {
  const touch = mix.touch ?? 3;
  const weights: Readonly<Record<Word, number>> = {
    get: mix.get,
    left: mix.get > 0 ? 1 : 0,
    put: Math.max(1, mix.put),
    create: mix.cas,
    delete: mix.delete,
    expire: touch,
    persist: touch > 0 ? 1 : 0,
  };
  return {
    machine: () => new KvMachine(),
    model: expiringKv(),
    timed: true,
    workload: () => ({ next: (draw) => operation(draw.weighted(weights), draw) }),
  };
}

function operation(f: Word, draw: OwnDraw): OwnOperation {
  const key = draw.key();
  switch (f) {
    case 'get':
      return { f, input: { key }, query: get(NAMESPACE, key), output: valueFound };
    case 'left':
      return { f, input: { key }, query: describe(NAMESPACE, key), output: timeLeft };
    case 'put':
    case 'create': {
      const ttl = draw.chance(0.8) ? draw.pick(LIFETIMES) : null;
      const value = `<${draw.id}>`;
      const options = { ...(ttl !== null && { ttl }), ...(f === 'create' && { ifAbsent: true }) };
      const command = put(NAMESPACE, key, value, options);
      return { f, input: { key, value, ttl }, command, output: (answer) => is('stored', answer) };
    }
    case 'delete':
      return {
        f,
        input: { key },
        command: remove(NAMESPACE, key),
        output: (answer) => is('deleted', answer),
      };
    case 'expire': {
      const ttl = draw.pick(LIFETIMES);
      const command = expire(NAMESPACE, key, ttl);
      return { f, input: { key, ttl }, command, output: (answer) => is('lives', answer) };
    }
    case 'persist':
      return {
        f,
        input: { key },
        command: persist(NAMESPACE, key),
        output: (answer) => is('lives', answer),
      };
  }
}

function is(status: KvResult['status'], answer: unknown): boolean {
  return (answer as KvResult).status === status;
}

function valueFound(answer: unknown): unknown {
  const result = answer as KvResult;
  return result.status === 'found' ? result.item.value : null;
}

function timeLeft(answer: unknown): number | null {
  const result = answer as KvResult;
  return result.status === 'described' ? (result.remaining ?? -1) : null;
}
