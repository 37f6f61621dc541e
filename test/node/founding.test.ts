/** A new cluster begins when every first member has been up once; who is missing is said, and nobody votes before. */
import { afterEach, expect, test } from 'vitest';
import { NodeCluster } from './cluster.ts';

let cluster: NodeCluster;
afterEach(() => cluster.stop());

test('two of three first members wait for the third and say so; with it they lead, and go on without it', async () => {
  cluster = await NodeCluster.start(3);
  await Promise.all(cluster.running().map((node) => node.stop()));
  for (const { storage } of cluster.nodes) storage.wipe();
  cluster.events.length = 0;

  await cluster.boot(1);
  await cluster.boot(2);
  const waits = /waits for n3 at 127\.0\.0\.1:\d+ \(/;
  await cluster.until('both wait for n3', () =>
    cluster.running().every((node) => waits.test(node.status().founding ?? '')),
  );
  const told = cluster.events.flatMap((event) => (event.type === 'Founding' ? event.sentence : []));
  expect(told.some((sentence) => waits.test(sentence))).toBe(true);
  expect(cluster.running().map((node) => node.status().term)).toEqual([0, 0]);

  await cluster.boot(3);
  await cluster.put('a', '1');
  for (const id of [1, 2, 3]) await cluster.event('Founded', ({ node }) => node === id);
  for (const node of cluster.running()) expect(node.status().founding).toBeNull();

  await cluster.node(3).stop();
  await cluster.node(1).stop();
  await cluster.boot(1);
  await cluster.put('b', '2');
});
