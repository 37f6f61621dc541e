/**
 * Proves over real sockets: each method asks for what its name says and returns what its type says; what breaks on the way is repaired where it
 * can be, told with its code and outcome where not; and nothing is left behind.
 */
import { readFileSync } from 'node:fs';
import {
  type Client,
  type ConnectOptions,
  connect,
  type KvEvent,
  SeedraftError,
} from '@seedraft/client';
import type { ClientReply } from '@seedraft/replica';
import { afterEach, describe, expect, test } from 'vitest';
import { TestServer, type Tls } from './server.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function serve(tls: Tls | null = null): Promise<TestServer> {
  const server = await TestServer.start(tls);
  open.push({ close: () => server.stop() });
  return server;
}

async function client(
  servers: TestServer[],
  options: Partial<ConnectOptions> = {},
): Promise<Client> {
  const endpoints = servers.map(({ address }) => address);
  const connected = await connect({ endpoints, ...options });
  open.unshift({ close: () => connected.close({ within: 0 }) });
  return connected;
}

/** The error a promise rejects with. */
async function failure(promise: Promise<unknown>): Promise<SeedraftError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof SeedraftError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

async function take(events: AsyncIterator<KvEvent>): Promise<KvEvent> {
  const { done, value } = await events.next();
  if (done) throw new Error('the watch ended');
  return value;
}

describe('the key-value face', () => {
  test('put, get, cas, delete, scan, batch', async () => {
    const kv = (await client([await serve()])).kv('ns');
    expect(await kv.get('k')).toBeNull();
    const { revision } = await kv.put('k', { deep: [1] });
    expect(await kv.get('k')).toEqual({ key: 'k', value: { deep: [1] }, revision, expires: null });
    expect(await kv.put('k', 2, { ifAbsent: true })).toMatchObject({ status: 'conflict' });
    expect(await kv.put('k', 2, { previous: true })).toMatchObject({ previous: { revision } });
    expect(await kv.cas('k', ['value', 2], 3)).toMatchObject({ status: 'stored' });
    expect(await kv.cas('k', ['revision', 1], 4)).toMatchObject({ current: { value: 3 } });
    const results = await kv.batch([
      ['put', 'l', 1, { ttl: 1000 }],
      ['get', 'l'],
      ['delete', 'k'],
    ]);
    expect(results.map(({ status }) => status)).toEqual(['stored', 'found', 'deleted']);
    for (let i = 0; i < 5; i++) await kv.put(`s${i}`, i);
    const page = await kv.scan('s', { limit: 2, after: 's0' });
    expect([page.items.map(({ key }) => key), page.more]).toEqual([['s1', 's2'], true]);
    expect(await kv.delete('s0')).toMatchObject({ value: 0 });
    expect(await kv.delete('s0')).toBeNull();
  });

  test('what the machine refuses is thrown, with its code', async () => {
    const kv = (await client([await serve()])).kv();
    const error = await failure(kv.put('k', 1, { ttl: -1 }));
    expect(error).toMatchObject({ code: 'BAD_COMMAND', outcome: 'not applied' });
    const unfit = await failure(kv.put('k', (() => 1) as never));
    expect(unfit).toMatchObject({ code: 'BAD_REQUEST', outcome: 'not applied' });
  });

  test('puts asked for together travel together, unless they touch one key', async () => {
    const server = await serve();
    const kv = (await client([server])).kv();
    await kv.put('warm', 0);
    server.requests.length = 0;
    await Promise.all(Array.from({ length: 100 }, (_, i) => kv.put(`k${i}`, i)));
    expect(server.requests.length).toBeLessThan(5);
    server.requests.length = 0;
    const stored = await Promise.all([1, 2, 3].map((v) => kv.put('one', v)));
    expect(server.requests).toHaveLength(3);
    expect(new Set(stored.map(({ revision }) => revision)).size).toBe(3);
  });
});

describe('what goes wrong on the way', () => {
  test('an answer is lost: the write is not repeated, its result is told', async () => {
    const server = await serve();
    const kv = (await client([server])).kv();
    await kv.put('warm', 0);
    let drops = 3;
    server.fault = ({ type }) => (type === 'Command' && drops-- > 0 ? 'drop' : null);
    // Carried out twice, it would meet itself.
    expect(await kv.put('k', 1, { ifAbsent: true })).toMatchObject({ status: 'stored' });
    expect(drops).toBe(-1);
  });

  test('a member that does not lead names the one that does', async () => {
    const [follower, leader] = [await serve(), await serve()];
    follower!.leaderAddress = leader!.address;
    const kv = (await client([follower!])).kv();
    await kv.put('k', 1);
    expect(leader!.machine.query(['get', 'default', 'k'])).toMatchObject({ status: 'found' });
  });

  test('the leader goes: the next one is found, with writes under way', async () => {
    const [old, next] = [await serve(), await serve()];
    const connected = await client([old!, next!]);
    const kv = connected.kv();
    next!.leaderAddress = old!.address;
    await kv.put('a', 1);
    const under = Promise.all(Array.from({ length: 20 }, (_, i) => kv.put(`b${i}`, i)));
    old!.fault = () => 'silence';
    next!.leaderAddress = '';
    old!.breakAll();
    await old!.stop().catch(() => {});
    open.splice(
      open.findIndex((one) => one.close.toString().includes('never')),
      0,
    );
    const outcome = await under.then(
      () => 'ok',
      (error: unknown) => error instanceof SeedraftError && `${error.code} ${error.outcome}`,
    );
    // The two share no log, so the other knows nothing of the session: what was under way must be told as unknown, or have been answered.
    expect(['ok', 'SESSION_EXPIRED unknown']).toContain(outcome);
    await kv.put('c', 1);
    expect(next!.machine.query(['get', 'default', 'c'])).toMatchObject({ status: 'found' });
  });

  test('a session that expired in idleness is replaced without a word', async () => {
    const server = await serve();
    const kv = (await client([server])).kv();
    await kv.put('a', 1);
    server.expireSessions();
    await kv.put('b', 2);
    expect(await kv.get('b')).toMatchObject({ value: 2 });
  });

  test('time runs out, the caller gives up: promptly, and with the right word', async () => {
    const server = await serve();
    const connected = await client([server]);
    const kv = connected.kv();
    await kv.put('warm', 0);
    server.fault = ({ type }) => (type === 'Status' ? null : 'silence');
    const late = await failure(kv.put('k', 1, { timeout: 50 }));
    expect(late).toMatchObject({ code: 'TIMEOUT', outcome: 'unknown' });
    expect(await failure(kv.get('k', { timeout: 50 }))).toMatchObject({ outcome: 'not applied' });
    const controller = new AbortController();
    const aborted = failure(kv.put('k', 1, { signal: controller.signal }));
    controller.abort();
    expect(await aborted).toMatchObject({ code: 'ABORTED' });
    const before = failure(kv.put('k', 1, { signal: controller.signal }));
    expect(await before).toMatchObject({ code: 'ABORTED', outcome: 'not applied' });
  });

  test('no session is ever opened: each write fails in time, with its word, and none is stuck behind the first', async () => {
    const server = await serve();
    const kv = (await client([server], { timeouts: { silence: 20 } })).kv();
    server.fault = ({ type }) => (type === 'OpenSession' ? 'silence' : null);
    const writes = [0, 1].map((n) => failure(kv.put(`k${n}`, n, { timeout: 100 })));
    for (const error of await Promise.all(writes)) {
      expect(error).toMatchObject({ code: 'TIMEOUT', outcome: 'not applied' });
      expect(error.message).toContain('OpenSession was not answered');
    }
    // As soon as the member opens sessions again, the next write is served, over the very connection that lost the first answer.
    server.fault = () => null;
    expect(await kv.put('k', 1)).toMatchObject({ status: 'stored' });
  });

  test('a black hole that only says it lives: the write goes to another member', async () => {
    const [hole, next] = [await serve(), await serve()];
    hole!.fault = ({ type }) => (type === 'Status' ? null : 'silence');
    hole!.statusMembers = [hole!.address, next!.address];
    const kv = (await client([hole!], { timeouts: { silence: 20 } })).kv();
    expect(await kv.put('k', 1)).toMatchObject({ status: 'stored' });
    expect(next!.machine.query(['get', 'default', 'k'])).toMatchObject({ status: 'found' });
  });

  test('bytes come one by one', async () => {
    const server = await serve();
    server.isSlow = true;
    const kv = (await client([server])).kv();
    await Promise.all([1, 2, 3].map((i) => kv.put(`k${i}`, 'v'.repeat(100))));
    expect(await kv.get('k2')).toMatchObject({ value: 'v'.repeat(100) });
  });

  test('nobody there: connect says so in time, and why', async () => {
    const server = await serve();
    const { address } = server;
    await server.stop();
    const error = await failure(connect({ endpoints: [address], timeouts: { connect: 100 } }));
    expect(error.code).toBe('TIMEOUT');
    expect(error.message).toContain('ECONNREFUSED');
  });

  test('a member that is asked for by its address and is not there: nothing was asked, and it is named', async () => {
    const gone = await serve();
    const one = await client([await serve()]);
    await gone.stop();
    const error = await failure(one.status({ address: gone.address }));
    expect(error).toMatchObject({ code: 'CONNECTION_LOST', outcome: 'not applied' });
    expect(error.message).toMatch(`${gone.address} could not be asked (connect ECONNREFUSED`);
    const silent = await serve();
    silent.fault = () => 'silence';
    const late = await failure(one.status({ address: silent.address, timeout: 200 }));
    expect(late.message).toMatch(`TIMEOUT: ${silent.address} gave no answer in time`);
  });

  test('a wrong token, a wrong cluster, no address', async () => {
    const server = await serve();
    server.token = 'right';
    const endpoints = [server.address];
    expect((await failure(connect({ endpoints, token: 'wrong' }))).code).toBe('UNAUTHORIZED');
    const other = await failure(connect({ endpoints, token: 'right', clusterId: 'other' }));
    expect(other.code).toBe('WRONG_CLUSTER');
    await expect(connect({ endpoints: ['nowhere'] })).rejects.toThrow('host:port');
    await expect(connect({ endpoints: [] })).rejects.toThrow('at least one');
  });
});

describe('watch', () => {
  test('first what is there, then each change; again what is there when changes were missed', async () => {
    const server = await serve();
    const kv = (await client([server])).kv();
    await kv.put('a1', 1);
    const events = kv.watch('a')[Symbol.asyncIterator]();
    expect(await take(events)).toMatchObject({ type: 'reset', items: [{ key: 'a1' }] });
    await kv.put('a2', 2);
    await kv.put('b', 2);
    await kv.delete('a1');
    expect(await take(events)).toMatchObject({ type: 'put', item: { key: 'a2', value: 2 } });
    expect(await take(events)).toMatchObject({ type: 'delete', key: 'a1' });
    const next = take(events);
    server.loseWatches();
    expect(await next).toMatchObject({ type: 'reset', items: [{ key: 'a2' }] });
    server.breakAll();
    expect(await take(events)).toMatchObject({ type: 'reset', items: [{ key: 'a2' }] });
    await events.return!(undefined);
    await kv.get('a');
    expect(server.watchers).toBeLessThan(3);
  });

  test('more keys than a page, changed while they are read: nothing is missed or told twice', async () => {
    const server = await serve();
    const kv = (await client([server])).kv();
    const many = Array.from({ length: 2500 }, (_, i) => `k${String(i).padStart(4, '0')}`);
    await Promise.all(many.map((key) => kv.put(key, 0)));
    const state = new Map<string, unknown>();
    const revisions = new Map<string, number>();
    const events = kv.watch('k')[Symbol.asyncIterator]();
    const first = take(events);
    const writes = many.filter((_, i) => i % 50 === 0).map((key) => kv.put(key, 1));
    writes.push(...many.filter((_, i) => i % 50 === 1).map((key) => kv.delete(key) as never));
    const reset = await first;
    if (reset.type !== 'reset') throw new Error(reset.type);
    for (const { key, value, revision } of reset.items) {
      state.set(key, value);
      revisions.set(key, revision);
    }
    await Promise.all(writes);
    await kv.put('kz', 'end');
    for (;;) {
      const event = await take(events);
      if (event.type === 'put') {
        if (event.item.key === 'kz') break;
        expect(event.item.revision).toBeGreaterThan(revisions.get(event.item.key) ?? 0);
        state.set(event.item.key, event.item.value);
      } else if (event.type === 'delete') expect(state.delete(event.key)).toBe(true);
    }
    const there = (await Promise.all([kv.scan('k', { limit: 10_000 })]))[0]!;
    expect([...state].sort()).toEqual(
      there.items.filter(({ key }) => key !== 'kz').map(({ key, value }) => [key, value]),
    );
    await events.return!(undefined);
  });

  test('ends when the client is closed, and fails when it cannot be', async () => {
    const connected = await client([await serve()]);
    const events = connected.kv().watch('')[Symbol.asyncIterator]();
    await take(events);
    const end = events.next();
    await connected.close();
    expect(await end).toEqual({ done: true, value: undefined });
    const other = await client([await serve()]);
    expect(await failure(other.watch(['nonsense']).next())).toMatchObject({ code: 'BAD_REQUEST' });
  });
});

describe('the end', () => {
  test('close waits for what is open, then takes no more', async () => {
    const server = await serve();
    const connected = await client([server]);
    const kv = connected.kv();
    const last = kv.put('k', 1);
    await connected.close();
    expect(await last).toMatchObject({ status: 'stored' });
    await expect.poll(() => server.requests.at(-1)?.type).toBe('CloseSession');
    expect(await failure(kv.get('k'))).toMatchObject({ code: 'CLOSED', outcome: 'not applied' });
    await connected.close();
  });

  test('close does not wait longer than it is told to', async () => {
    const server = await serve();
    const connected = await client([server]);
    const kv = connected.kv();
    await kv.put('warm', 0);
    server.fault = ({ type }) => (type === 'Status' ? null : 'silence');
    const stuck = failure(kv.put('k', 1));
    await connected.close({ within: 20 });
    expect(await stuck).toMatchObject({ code: 'CLOSED', outcome: 'unknown' });
  });
});

test('a refusal reaches the caller with its code', async () => {
  const server = await serve();
  const connected = await client([server]);
  const refused: ClientReply = { type: 'Refused', code: 'LAGGING', leader: 1 };
  server.fault = ({ type }) => (type === 'ChangeMembership' ? refused : null);
  const error = await failure(connected.members.promote(2));
  expect(error).toMatchObject({ code: 'LAGGING', outcome: 'not applied' });
  expect(await connected.transfer(1)).toBe(1);
});

test('over TLS, and not with somebody else', async () => {
  const pem = (name: string) =>
    readFileSync(new URL(`../node/certificates/${name}`, import.meta.url), 'utf8');
  const server = await serve({ cert: pem('member.pem'), key: pem('member.key') });
  const kv = (await client([server], { tls: { ca: pem('ca.pem') } })).kv();
  await kv.put('k', 1);
  const timeouts = { connect: 200 };
  const tls = { ca: pem('other-ca.pem') };
  const error = await failure(connect({ endpoints: [server.address], tls, timeouts }));
  expect(error.message).toMatch(/certificate/);
});
