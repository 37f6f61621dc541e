/** Programs and libraries that know nothing of us, unmodified: redis-cli, redis-benchmark, ioredis and redis (node-redis), at members that do not lead. */
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiCluster, type ApiMember } from './api-cluster.ts';
import { isMissing, run } from './redis-programs.ts';

let cluster: ApiCluster;
let member: ApiMember;

beforeAll(async () => {
  cluster = await ApiCluster.start('redis');
  member = await cluster.follower();
});
afterAll(() => cluster.stop());

const cli = (args: readonly string[], input?: string): Promise<string> =>
  run('redis-cli', ['-p', String(member.port), ...args], input);

test.skipIf(isMissing('redis-cli'))(
  'redis-cli: commands, a script, RESP3, a scan, a pipe',
  async () => {
    expect(await cli(['set', 'k', 'v'])).toBe('OK\n');
    expect(await cli(['get', 'k'])).toBe('v\n');
    expect(await cli(['--no-raw', 'incr', 'n'])).toBe('(integer) 1\n');
    expect(await cli(['-3', '--no-raw', 'hello'])).toContain('"proto" => (integer) 3');
    expect(await cli([], 'MULTI\nSET a 1\nINCR a\nEXEC\n')).toBe('OK\nQUEUED\nQUEUED\nOK\n2\n');
    expect(await cli(['--scan', '--pattern', '?'])).toMatch(/^([akn]\n){3}$/);
    const mass = Array.from({ length: 2000 }, (_, n) => `SET mass:${n} ${n}\r\n`).join('');
    expect(await cli(['--pipe'], mass)).toContain('errors: 0, replies: 2000');
    expect(await cli(['dbsize'])).toBe('2003\n');
    expect(await cli(['info', 'raft'])).toContain(`raft_id:${member.id}`);
  },
);

test.skipIf(isMissing('redis-benchmark'))(
  'redis-benchmark: its tests of what we have, alone and in pipelines',
  async () => {
    for (const pipelined of [[], ['-P', '16']]) {
      const args = ['-p', String(member.port), '-n', '400', '-c', '20', '-q', ...pipelined];
      const said = await run('redis-benchmark', [...args, '-t', 'ping,set,get,incr,mset']);
      for (const name of [
        'PING_INLINE',
        'PING_MBULK',
        'SET',
        'GET',
        'INCR',
        'MSET \\(10 keys\\)',
      ]) {
        expect(said).toMatch(new RegExp(`${name}: [\\d.]+ requests per second`));
      }
      expect(said).not.toMatch(/error|WARN/i);
    }
  },
);

test('ioredis: values, pipelines, transactions, buffers, streams of keys', async () => {
  const redis = new Redis(member.port, member.host, { db: 1 });
  expect(await redis.set('k', 'v', 'EX', 100)).toBe('OK');
  expect(await redis.get('k')).toBe('v');
  expect(await redis.ttl('k')).toBe(100);
  const bytes = Buffer.from([0, 255, 13, 10]);
  await redis.set('bytes', bytes);
  expect(await redis.getBuffer('bytes')).toEqual(bytes);
  expect(await redis.pipeline().incr('n').incrby('n', 5).get('n').exec()).toEqual([
    [null, 1],
    [null, 6],
    [null, '6'],
  ]);
  expect(await redis.multi().mset('a', 1, 'b', 2).mget('a', 'b').exec()).toEqual([
    [null, 'OK'],
    [null, ['1', '2']],
  ]);
  const other = redis.duplicate();
  await redis.watch('a');
  await other.set('a', 'changed');
  expect(await redis.multi().set('a', 'mine').exec()).toBeNull();
  const found: string[] = [];
  for await (const keys of redis.scanStream({ count: 2 })) found.push(...(keys as string[]));
  expect(found.sort()).toEqual(['a', 'b', 'bytes', 'k', 'n']);
  expect(await redis.pfadd('h', 'x', 'y')).toBe(1);
  await expect(redis.lpush('list', 'x')).rejects.toThrow(/ERR unknown command 'lpush'/);
  await redis.flushdb();
  redis.disconnect();
  other.disconnect();
});

test.each([2, 3] as const)(
  'redis (node-redis) under RESP%d, Bloom filters included',
  async (RESP) => {
    const client = createClient({ RESP, url: `redis://${member.api.address}/2` });
    await client.connect();
    expect(
      await client.set('k', 'v', { condition: 'NX', expiration: { type: 'PX', value: 90_000 } }),
    ).toBe('OK');
    expect(await client.get('k')).toBe('v');
    expect(await client.pTTL('k')).toBeGreaterThan(80_000);
    expect(await Promise.all([client.incr('n'), client.incr('n'), client.get('n')])).toEqual([
      1,
      2,
      '2',
    ]);
    expect(await client.multi().set('t', '1').incr('t').exec()).toEqual(['OK', 2]);
    await client.watch('t');
    await client.incr('t');
    await expect(client.multi().set('t', '0').exec()).rejects.toThrow(/watch/i);
    const found: string[] = [];
    for await (const keys of client.scanIterator({ MATCH: '[kn]' })) found.push(...keys);
    expect(found.sort()).toEqual(['k', 'n']);
    expect(await client.bf.reserve('f', 0.01, 1000)).toBe('OK');
    expect(await client.bf.add('f', 'x')).toBe(true);
    expect(await client.bf.exists('f', 'y')).toBe(false);
    expect(await client.bf.info('f')).toMatchObject({
      Capacity: 1000,
      'Number of items inserted': 1,
    });
    expect(await client.type('f')).toBe('MBbloom--');
    await client.flushDb();
    await client.close();
  },
);
