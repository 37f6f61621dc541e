/** Every command of the built-in machine as a method, at three real members: what each returns, what it throws, and that none is left out. */
import { type Client, connect, type Kv } from '@seedraft/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NodeCluster } from '../node/cluster.ts';

let cluster: NodeCluster;
let client: Client;
let kv: Kv;

beforeAll(async () => {
  cluster = await NodeCluster.start(3);
  const leader = await cluster.leader();
  client = await connect({ endpoints: [leader.clientAddress] });
  kv = client.kv('methods');
});
afterAll(async () => {
  await client.close();
  await cluster.stop();
});

test('counters are exact over 64 bits, and of integers only', async () => {
  expect(await kv.increment('n')).toBe(1n);
  expect(await kv.increment('n', -3)).toBe(-2n);
  expect(await kv.increment('n', 2n ** 62n)).toBe(2n ** 62n - 2n);
  const most = kv.increment('n', 2n ** 62n + 100n);
  await expect(most).rejects.toMatchObject({ code: 'OVERFLOW', outcome: 'not applied' });
  await kv.put('text', 'a');
  await expect(kv.increment('text')).rejects.toMatchObject({ code: 'NOT_AN_INTEGER' });
  const many = await Promise.all(Array.from({ length: 20 }, () => kv.increment('open')));
  expect(new Set(many).size).toBe(20);
  expect(await kv.append('text', 'ü')).toBe(3);
  expect((await kv.get('text'))?.value).toBe('aü');
});

test('deadlines are set, moved under a condition, and taken away', async () => {
  expect(await kv.expire('none', 1000)).toBeNull();
  expect(await kv.persist('none')).toBeNull();
  await kv.put('k', 1);
  const { expires } = (await kv.expire('k', 60_000))!;
  expect(expires).toBeGreaterThan(0);
  expect(await kv.expire('k', 1000, { when: 'later' })).toMatchObject({ status: 'conflict' });
  expect(await kv.expire('k', 90_000, { when: 'later' })).toMatchObject({ status: 'lives' });
  expect(await kv.describe('k')).toMatchObject({ type: 'value', length: 1 });
  expect(await kv.persist('k')).toMatchObject({ expires: null });
  await kv.put('gone', 1, { ttl: 1 });
  await expect.poll(() => kv.put('tick', 1).then(() => kv.get('gone'))).toBeNull();
});

test('every option of a put reaches the machine', async () => {
  expect(await kv.put('absent', 1, { ifPresent: true })).toMatchObject({ status: 'conflict' });
  expect(await kv.get('absent')).toBeNull();
  await kv.put('kept', 1, { ttl: 60_000 });
  const before = await kv.get('kept');
  await kv.put('kept', 2, { keepTtl: true });
  expect(await kv.get('kept')).toMatchObject({ value: 2, expires: before!.expires });
  await kv.hllAdd('sketch', ['a']);
  await expect(kv.put('sketch', 1)).rejects.toMatchObject({ code: 'WRONG_TYPE' });
  expect(await kv.put('sketch', 1, { anyType: true })).toMatchObject({ status: 'stored' });
});

test('several keys in one command', async () => {
  const many = client.kv('many');
  await Promise.all(['a', 'b', 'c'].map((key, at) => many.put(key, at)));
  const items = await many.getMany(['a', 'x', 'c']);
  expect(items.map((item) => item?.value)).toEqual([0, undefined, 2]);
  expect([await many.exists(['a', 'a', 'x']), await many.count()]).toEqual([2, 3]);
  expect(await many.deleteMany(['a', 'x'])).toBe(1);
  expect(await many.flush()).toBe(2);
  expect(await many.describe('b')).toBeNull();
});

test('a transaction is done as a whole while its guards hold, and otherwise not at all', async () => {
  const { revision } = await kv.put('account', 10);
  const done = await kv.transact(
    [['account', ['revision', revision]]],
    [
      ['increment', 'account', -4],
      ['put', 'receipt', 'paid', { ttl: 60_000 }],
      ['get', 'account'],
    ],
  );
  expect(done).toMatchObject({
    status: 'done',
    results: [{ value: '6' }, { status: 'stored' }, { item: { value: 6 } }],
  });
  const unmet = await kv.transact([['account', ['revision', revision]]], [['delete', 'account']]);
  expect(unmet).toMatchObject({ status: 'unmet', guard: 0, current: { value: 6 } });
  const results = await kv.batch([
    ['hllAdd', 'visitors', ['x']],
    ['increment', 'account', 1],
  ]);
  expect(results.map(({ status }) => status)).toEqual(['sketched', 'incremented']);
});

test('sketches', async () => {
  expect(await kv.hllAdd('seen', ['a', 'b', new Uint8Array([1])])).toBe(true);
  expect(await kv.hllAdd('seen', ['a'])).toBe(false);
  await kv.hllAdd('also', ['b', 'c']);
  expect([await kv.hllCount('seen'), await kv.hllCount(['seen', 'also'])]).toEqual([3, 4]);
  expect(await kv.hllMerge('seen', ['also'])).toBe(true);
  expect(await kv.hllCount('seen')).toBe(4);

  expect(await kv.bloomInfo('filter')).toBeNull();
  const options = { capacity: 2, error: 0.01, fixed: true };
  expect(await kv.bloomReserve('filter', options)).toMatchObject({ status: 'stored' });
  expect(await kv.bloomReserve('filter', options)).toMatchObject({ status: 'conflict' });
  expect(await kv.bloomAdd('filter', ['a', 'b', 'a'])).toEqual([true, true, false]);
  await expect(kv.bloomAdd('filter', ['c', 'd', 'e'])).rejects.toMatchObject({ code: 'FULL' });
  expect(await kv.bloomHas('filter', ['a', 'z'])).toEqual([true, false]);
  expect(await kv.bloomInfo('filter')).toMatchObject({ options, items: 2 });
  await kv.bloomReserve('other', options);
  expect(await kv.bloomMerge('other', ['filter'])).toMatchObject({ status: 'stored' });
  expect(await kv.bloomHas('other', ['b'])).toEqual([true]);
});

test('rings', async () => {
  expect([await kv.ring('r'), await kv.ringAdd('r', 'n1')]).toEqual([null, null]);
  expect(await kv.ringSize('r', 8, { strategy: 'continuous' })).toMatchObject({ status: 'ring' });
  expect(await kv.ringSize('r', 16)).toMatchObject({ status: 'conflict' });
  await kv.ringAdd('r', 'n1');
  const { relocations } = (await kv.ringAdd('r', 'n2'))!;
  expect(relocations).toEqual([{ source: 'n1', destination: 'n2', vnodes: [4, 5, 6, 7] }]);
  await kv.ringRemove('r', 'n1');
  const held = await kv.ring('r', { mode: 'stale' });
  expect(held?.nodes).toEqual([{ id: 'n2', vnodes: [0, 1, 2, 3, 4, 5, 6, 7] }]);
});
