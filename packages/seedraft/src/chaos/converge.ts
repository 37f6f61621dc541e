/**
 * The end of a run: everything is healed, and within a bound all members must be at one applied index with one state, and give back what was
 * acknowledged.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, type Kv, SeedraftError } from '@seedraft/client';
import type { MemberStatus } from '@seedraft/wire';
import { KEPT } from './asker.ts';
import type { ChaosCluster } from './cluster.ts';
import type { Operator } from './operator.ts';
import type { Recorder } from './recorder.ts';
import { NAMESPACE, reach } from './stores/native.ts';

export interface Convergence {
  readonly converged: boolean;
  /** Two members had different states at one index. */
  readonly isDiverged: boolean;
  /** Of all members; null where they did not converge. */
  readonly stateDigest: string | null;
  readonly appliedIndex: number;
  /** Of the members at the end. */
  readonly members: readonly string[];
  readonly sentence: string;
}

export const NOT_CONVERGED: Convergence = {
  converged: false,
  isDiverged: false,
  stateDigest: null,
  appliedIndex: 0,
  members: [],
  sentence: 'the run ended before the members were asked',
};

const LOOK_MS = 100;
const CALL_MS = 5000;
const PAGE = 1000;

/** `within`: ms. A change of members that is under way is waited for too. */
export async function converge(
  cluster: ChaosCluster,
  operator: Operator,
  within: number,
  signal: AbortSignal,
): Promise<Convergence> {
  const until = performance.now() + within;
  let last = NOT_CONVERGED;
  while (!signal.aborted) {
    await cluster.refresh();
    last = judgeStates(cluster, operator.isBusy);
    if (last.converged || last.isDiverged || performance.now() >= until) break;
    await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
  }
  if (!operator.isBusy) await operator.idle();
  if (last.converged || last.isDiverged) return last;
  return { ...last, sentence: `${within / 1000} s after everything was healed: ${last.sentence}` };
}

function judgeStates(cluster: ChaosCluster, isBusy: boolean): Convergence {
  const not = (sentence: string): Convergence => ({ ...NOT_CONVERGED, sentence });
  const leader = cluster.leader?.told;
  if (leader == null) return not('nobody leads');
  const running = cluster.members.filter(({ isRunning }) => isRunning);
  const statuses = running.flatMap(({ told }) => (told === null ? [] : [told]));
  const diverged = divergence(statuses);
  if (diverged !== null) return { ...not(diverged), isDiverged: true };
  if (isBusy) return not('a change of members is not finished');
  const { members } = leader.configuration;
  const missing = members.find(({ id }) => !statuses.some((status) => status.id === id));
  if (missing !== undefined) return not(`${missing.name} does not answer`);
  const named = statuses.filter(({ id }) => members.some((member) => member.id === id));
  const behind = named.find(({ appliedIndex }) => appliedIndex !== leader.lastIndex);
  if (behind !== undefined) {
    return not(`${behind.name} has applied ${behind.appliedIndex} of ${leader.lastIndex} entries`);
  }
  return {
    converged: true,
    isDiverged: false,
    stateDigest: leader.stateDigest,
    appliedIndex: leader.appliedIndex,
    members: named.map(({ name }) => name),
    sentence: `all members are at entry ${leader.appliedIndex} with state ${leader.stateDigest}`,
  };
}

/** At one index there is one state, at whatever moments the members were asked. */
function divergence(statuses: readonly MemberStatus[]): string | null {
  const byIndex = new Map<number, MemberStatus>();
  for (const status of statuses) {
    const other = byIndex.get(status.appliedIndex);
    if (other !== undefined && other.stateDigest !== status.stateDigest) {
      return `at entry ${status.appliedIndex} ${other.name} has state ${other.stateDigest}, ${status.name} ${status.stateDigest}`;
    }
    byIndex.set(status.appliedIndex, status);
  }
  return null;
}

/** What stands under the keys that were written once, and (for the history) under the shared ones. Null: nobody answered. */
export async function readBack(
  cluster: ChaosCluster,
  recorder: Recorder,
  sharedKeys: readonly string[],
): Promise<ReadonlyMap<string, unknown> | null> {
  const client = await reach(cluster.endpoints, CALL_MS);
  try {
    return client === null ? null : await readAll(client, recorder, sharedKeys);
  } catch (error) {
    if (error instanceof SeedraftError) return null;
    throw error;
  } finally {
    await client?.close({ within: 0 });
  }
}

async function readAll(client: Client, recorder: Recorder, sharedKeys: readonly string[]) {
  const kv = client.kv(NAMESPACE);
  const reader = recorder.newProcess(null);
  for (const key of sharedKeys) {
    recorder.invoke(reader, 'get', { key });
    const item = await kv.get(key);
    recorder.ok(reader, 'get', textOf(item?.value));
  }
  // One read of all: each began before it and ended after.
  const keys = [...recorder.acknowledged.keys()];
  const readers = keys.map(() => recorder.newProcess(null));
  keys.forEach((key, at) => {
    recorder.invoke(readers[at]!, 'get', { key });
  });
  const found = await scan(kv);
  keys.forEach((key, at) => {
    recorder.ok(readers[at]!, 'get', found.get(key) ?? null);
  });
  return found;
}

/** Redis's clients write bytes. */
function textOf(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : (value ?? null);
}

async function scan(kv: Kv): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  for (let after: string | null = null; ; ) {
    const page = await kv.scan(KEPT, { limit: PAGE, ...(after !== null && { after }) });
    for (const { key, value } of page.items) found.set(key, textOf(value));
    if (!page.more) return found;
    after = page.items.at(-1)!.key;
  }
}
