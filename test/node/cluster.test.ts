/** Three members in one process over real TCP: they elect, commit, hand over, stop and come back; what was acknowledged stays. */
import { readFileSync } from 'node:fs';
import { get, KvMachine, put } from '@seedraft/kv';
import type { ApplyContext } from '@seedraft/replica';
import { afterEach, expect, test } from 'vitest';
import { command, NodeCluster } from './cluster.ts';

let cluster: NodeCluster | null = null;
afterEach(async () => {
  await cluster?.stop();
  cluster = null;
});

const read = (key: string) =>
  ({ type: 'Query', mode: 'linearizable', query: get('', key) }) as const;

test('three members elect a leader, commit, and answer linearizable reads anywhere', async () => {
  cluster = await NodeCluster.start(3);
  const stored = await cluster.put('a', '1');
  expect(stored).toMatchObject({ type: 'Ok', value: { status: 'stored' } });
  for (const node of cluster.running()) {
    expect(await node.request(read('a'))).toMatchObject({
      type: 'Ok',
      value: { status: 'found', item: { value: '1' } },
    });
  }
  await cluster.converged();
});

test('a leader that stops hands over first, and comes back as a follower with everything', async () => {
  cluster = await NodeCluster.start(3);
  await cluster.put('a', '1');
  const leader = await cluster.leader();
  const { term } = leader.status();
  await leader.stop();
  expect(await leader.stopped).toMatchObject({ code: 'STOPPED' });
  const next = await cluster.leader();
  // By TimeoutNow: nobody had to wait for an election timeout, so exactly one term has passed.
  expect(next.status().term).toBe(term + 1);
  await cluster.put('b', '2');
  await cluster.boot(leader.id);
  await cluster.put('c', '3');
  await cluster.converged();
});

test('a follower that was away gets a snapshot while writes go on', async () => {
  const snapshot = { everyEntries: 20, everyBytes: 1e9, keep: 2 };
  const raft = {
    electionTimeoutMin: 150,
    electionTimeoutMax: 300,
    heartbeatInterval: 30,
    snapshotChunkBytes: 2000,
  };
  const three = await NodeCluster.start(3, { snapshot, raft });
  cluster = three;
  const leader = await cluster.leader();
  const away = cluster.running().find((node) => node.id !== leader.id)!;
  await away.stop();
  for (let i = 0; i < 100; i++) await cluster.put(`k${i}`, 'v'.repeat(500));
  // Writes go on: a snapshot that was still wanted when they stop would wait for the next entry.
  await cluster.until('a compacted log', async () => {
    await three.put('more', 'v');
    return three.running().every((node) => node.status().firstIndex > 50);
  });
  const back = await cluster.boot(away.id);
  for (let i = 0; i < 20; i++) await cluster.put(`l${i}`, 'w');
  await cluster.converged();
  expect(back.status().snapshotIndex).toBeGreaterThan(50);
  expect(cluster.events).toContainEqual(
    expect.objectContaining({
      type: 'Raft',
      node: away.id,
      event: expect.objectContaining({ type: 'SnapshotInstalled' }),
    }),
  );
});

test('a store that fails ends its member loudly, the others go on', async () => {
  cluster = await NodeCluster.start(3);
  await cluster.put('a', '1');
  const leader = await cluster.leader();
  cluster.nodes.find(({ id }) => id === leader.id)!.storage.breakDown('the disk is gone');
  expect(await leader.stopped).toEqual({ code: 'STORE_FAILED', sentence: 'the disk is gone' });
  const stopped = await cluster.event('Stopped', ({ node }) => node === leader.id);
  const report = JSON.parse(readFileSync(stopped.report, 'utf8'));
  expect(report).toMatchObject({ code: 'STORE_FAILED', status: { id: leader.id } });
  expect(report.lastMessages.length).toBeGreaterThan(10);
  await cluster.put('b', '2');
});

test('a machine that breaks its contract stops every member that applies it, and says so', async () => {
  class Trap extends KvMachine {
    override apply(value: unknown, context: ApplyContext) {
      if (Array.isArray(value) && value[2] === 'trap') throw new Error('the trap');
      return super.apply(value, context);
    }
  }
  cluster = await NodeCluster.start(1, { machine: () => new Trap() });
  await cluster.put('a', '1');
  const node = cluster.node(1);
  expect(await node.request(command(put('', 'trap', '1')))).toMatchObject({ type: 'Unknown' });
  const { code, sentence } = await node.stopped;
  expect(code).toBe('MACHINE_ERROR');
  expect(sentence).toContain('the trap');
});

test('a stop ends in time even when the disk hangs, and the others elect another leader', async () => {
  cluster = await NodeCluster.start(3, { limits: { stop: 600 } });
  await cluster.put('a', '1');
  const leader = await cluster.leader();
  cluster.nodes.find(({ id }) => id === leader.id)!.storage.isStuck = true;
  const began = performance.now();
  await leader.stop();
  expect(performance.now() - began).toBeLessThan(5000);
  expect(await leader.stopped).toMatchObject({ code: 'STOPPED' });
  await cluster.put('b', '2');
});
