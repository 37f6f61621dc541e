/**
 * Random requests, duplicates, crashes, partitions and snapshots against the obvious model: every command of a session runs once, every
 * answer to it is the same, members agree at equal indexes, and a snapshot with its tail is the full replay.
 */
import { fc, test } from '@fast-check/vitest';
import { EMPTY_CONFIGURATION, type Entry } from '@seedraft/core';
import type { ClientReply, ClientRequest } from '@seedraft/replica';
import { expect } from 'vitest';
import { ClusterTime } from '../../packages/replica/src/cluster-time.ts';
import { ReplicatedState } from '../../packages/replica/src/state.ts';
import { TestCluster } from './cluster.ts';
import { Ledger } from './ledger.ts';
import { ObviousModel } from './obvious-model.ts';

type Action =
  | {
      readonly do: 'command';
      readonly client: number;
      readonly to: number;
      readonly batch: boolean;
    }
  | { readonly do: 'again'; readonly pick: number; readonly to: number }
  | { readonly do: 'crash' | 'start' | 'cut' | 'snapshot'; readonly to: number }
  | { readonly do: 'heal' }
  | { readonly do: 'run'; readonly ms: number };

const member = fc.integer({ min: 1, max: 3 });
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('command' as const),
      client: fc.nat(2),
      to: member,
      batch: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('again' as const), pick: fc.nat(), to: member }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'crash' as const,
        'start' as const,
        'start' as const,
        'cut' as const,
        'snapshot' as const,
      ),
      to: member,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'heal' as const }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('run' as const), ms: fc.integer({ min: 1, max: 400 }) }),
  },
);

interface Asked {
  readonly requestId: number;
  readonly boots: number;
  readonly to: number;
  readonly request: Extract<ClientRequest, { sequence: number }>;
}

/** Carries out the actions; every request handed to a member that was up is returned. */
function carryOut(cluster: TestCluster, actions: readonly Action[]): Asked[] {
  const asked: Asked[] = [];
  const sessions = [1, 2, 3].map((n) => cluster.openSession(n * 3000));
  const sequences = [0, 0, 0];
  let cut = 0;
  cluster.passes = (message) => message.from !== cut && message.to !== cut;
  const submit = (to: number, request: Asked['request']) => {
    // Mostly to whoever leads, or nothing would get through.
    const leader = cluster.members.find((m) => m.replica?.raft.role === 'leader' && m.id !== cut);
    const target = to === 1 ? to : (leader?.id ?? to);
    const { replica, boots } = cluster.member(target);
    if (replica === null) return;
    asked.push({ requestId: cluster.ask(target, request), boots, to: target, request });
  };
  for (const a of actions) {
    if (a.do === 'run') cluster.run(a.ms);
    else if (a.do === 'heal') cut = 0;
    else if (a.do === 'cut') cut = a.to;
    else if (a.do === 'snapshot') cluster.ask(a.to, { type: 'Snapshot' });
    else if (a.do === 'crash' && cluster.member(a.to).replica !== null) cluster.crash(a.to);
    else if (a.do === 'start' && cluster.member(a.to).replica === null) cluster.start(a.to);
    else if (a.do === 'command') {
      const sequence = ++sequences[a.client]!;
      const id = {
        sessionId: sessions[a.client]!,
        sequence,
        firstIncomplete: Math.max(1, sequence - 4),
      };
      const command = { add: sequence, to: `k${a.client}` };
      submit(
        a.to,
        a.batch
          ? { type: 'Batch', ...id, commands: [command, { add: 1, to: 'all' }] }
          : { type: 'Command', ...id, command },
      );
    } else if (a.do === 'again' && asked.length > 0) {
      submit(a.to, asked[a.pick % asked.length]!.request);
    }
  }
  cut = 0;
  for (const { id, replica } of cluster.members) if (replica === null) cluster.start(id);
  cluster.run(3000);
  cluster.settle();
  return asked;
}

function historyOf(cluster: TestCluster): Entry[] {
  return [...cluster.history.values()].sort((a, b) => a.index - b.index);
}

/** The same log, applied by the production code from the first entry on, with no snapshot and no restart in between. */
function fullReplay(history: readonly Entry[]): { hi: number; lo: number } {
  const state = new ReplicatedState(
    new Ledger(),
    new ClusterTime(0),
    EMPTY_CONFIGURATION,
    undefined,
  );
  for (const entry of history) state.apply(entry, 0, false);
  return state.digest();
}

function checkAnswers(cluster: TestCluster, asked: readonly Asked[], model: ObviousModel): void {
  const results = new Map<string, unknown>();
  for (const { requestId, boots, to, request } of asked) {
    const reply: ClientReply | undefined = cluster.replies.get(requestId);
    // A member that never went down owes an answer.
    if (cluster.member(to).boots === boots) expect(reply).toBeDefined();
    if (reply?.type !== 'Ok') continue;
    expect(reply.value).toEqual(model.answers[reply.index]);
    const key = `${request.sessionId}/${request.sequence}`;
    if (results.has(key)) expect(reply.value).toEqual(results.get(key));
    results.set(key, reply.value);
  }
  expect(cluster.surplus).toEqual([]);
  for (const runs of Object.values(model.runs)) expect(runs).toBe(1);
}

function checkMembers(cluster: TestCluster, history: readonly Entry[], model: ObviousModel): void {
  const digest = fullReplay(history);
  for (const { replica, machine, death, applied } of cluster.members) {
    expect(death).toBeNull();
    expect(Object.fromEntries((machine as Ledger).totals)).toEqual(model.totals);
    expect(replica!.clusterTime).toBe(model.time);
    expect(replica!.digest()).toEqual(digest);
    for (const [index, line] of applied) {
      for (const other of cluster.members) {
        expect(other.applied.get(index) ?? line).toBe(line);
      }
    }
  }
}

test.prop(
  [
    fc.array(action, { minLength: 10, maxLength: 60 }),
    fc.nat(),
    fc.constantFrom(3, 8, 1e9),
    fc.boolean(),
  ],
  { numRuns: 60 },
)(
  'exactly once, the same answers, equal digests, snapshot + tail = full replay',
  (actions, seed, everyEntries, forwardProposals) => {
    const cluster = new TestCluster({
      seed,
      snapshot: { everyEntries, everyBytes: 1e9, keep: seed % 3 },
      raft: { forwardProposals },
    });
    const asked = carryOut(cluster, actions);
    const history = historyOf(cluster);
    expect(history.at(-1)!.index).toBe(history.length);
    const model = new ObviousModel(history);
    checkAnswers(cluster, asked, model);
    checkMembers(cluster, history, model);
  },
);
