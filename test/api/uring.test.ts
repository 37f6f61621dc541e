/** uring's REST over real sockets, against three real members: its acceptance suite in its order, then every documented route. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { acceptance } from '../soak/protocols/acceptance.ts';
import { ApiCluster, type ApiMember } from './api-cluster.ts';
import { ask, idleConnections, raw } from './http-client.ts';

let cluster: ApiCluster;
/** The leader first, as its suite has it. */
let members: string[];
let documented: { address: string; stop(): Promise<void> };

beforeAll(async () => {
  // Its suite names the leader: on a busy machine it must not lose its place while it runs.
  const raft = { electionTimeoutMin: 1000, electionTimeoutMax: 1500 };
  cluster = await ApiCluster.start('uring', 3, { raft, limits: { maxRequestBytes: 64 * 1024 } });
  const leader = await cluster.leader();
  const others = cluster.members.filter((one) => one !== leader);
  members = [leader, ...others].map((one: ApiMember) => one.api.address);
  documented = await cluster.also(leader, 'uring', { answers: 'doc' });
});
afterAll(async () => {
  await documented.stop();
  await cluster.stop();
});

const on = (member: number, method: string, path: string, body?: unknown) =>
  // Spelled as in its documentation.
  ask(members[member - 1]!, method, path, body === undefined ? undefined : JSON.stringify(body), {
    'content-type': 'applicaiton/json',
  });

test('its acceptance suite, every step as it stands there', async () => {
  expect(await acceptance(on)).toEqual([]);
});

test('status has its eight fields, and no others', async () => {
  const { body } = await on(1, 'GET', '/status');
  const fields = [
    ...['id', 'role', 'promotable', 'pass_election_timeout', 'election_elapsed'],
    ...['randomized_election_timeout', 'term', 'last_index'],
  ];
  expect(Object.keys(body as object)).toEqual(fields);
  expect(body).toMatchObject({ role: 'Leader', promotable: true, pass_election_timeout: false });
  expect((await on(2, 'GET', '/version')).body).toMatch(/^\d+\.\d+\.\d+$/);
});

test.each([
  ['POST', '/kv/a', { value: [1, { b: null }] }, 201, null],
  ['GET', '/kv/a', undefined, 200, [1, { b: null }]],
  ['POST', '/kv/a/cas', { store: 'x' }, 409, [1, { b: null }]],
  ['POST', '/kv/a/cas', { check: 'no', store: 'x' }, 409, [1, { b: null }]],
  ['POST', '/kv/none/cas', { check: 'no', store: 'x' }, 409, null],
  ['DELETE', '/kv/a', undefined, 200, [1, { b: null }]],
  ['DELETE', '/kv/a', undefined, 404, 'not found'],
  ['GET', '/data/d', undefined, 404, 'not found'],
  ['POST', '/data/d', { value: 'V' }, 201, { key: 'd', value: 'V' }],
  ['GET', '/data/d', undefined, 200, { key: 'd', value: 'V' }],
  ['POST', '/data/d/cas', { check: 'V', store: 'W' }, 201, { key: 'd', value: 'W' }],
  ['POST', '/data/d/cas', { check: 'V', store: 'X' }, 409, { key: 'd', value: 'W' }],
  ['DELETE', '/data/d', undefined, 200, { key: 'd', value: 'W' }],
  ['DELETE', '/data/d', undefined, 404, 'not found'],
  ['GET', '/node/2', undefined, 200, { id: 2 }],
  ['GET', '/node/9', undefined, 404, 'not found'],
  ['GET', '/uring/2', undefined, 200, true],
  ['GET', '/uring/9', undefined, 200, false],
  ['POST', '/uring/2', undefined, 200, true],
  ['POST', '/uring/9', undefined, 200, false],
  ['POST', '/node/2', undefined, 200, true],
])('%s %s', async (method, path, sent, status, body) => {
  // At a follower: it makes no difference.
  expect(await on(2, method, path, sent)).toMatchObject({ status, body });
});

test('the ring: sizes, nodes and their vnodes, in both forms of answer', async () => {
  const unset = 'mring size not set';
  const doc = (method: string, path: string, body?: unknown) =>
    ask(documented.address, method, path, body);
  const steps: readonly (readonly [string, string, unknown, number, unknown])[] = [
    ['GET', '/mring', undefined, 404, null],
    ['GET', '/mring/node', undefined, 412, unset],
    ['POST', '/mring/node', { node: 'n1' }, 412, unset],
    ['POST', '/mring', { size: 8 }, 200, 8],
    ['GET', '/mring', undefined, 200, 8],
    ['POST', '/mring', { size: 32 }, 409, 8],
    ['GET', '/mring/node', undefined, 200, []],
    ['POST', '/mring/node', { node: 'n1' }, 200, [{ id: 'n1', vnodes: [0, 1, 2, 3, 4, 5, 6, 7] }]],
  ];
  for (const [method, path, sent, status, body] of steps) {
    expect(await on(2, method, path, sent), `${method} ${path}`).toMatchObject({ status, body });
  }
  expect(await doc('GET', '/mring')).toMatchObject({ status: 200, body: { size: 8 } });
  const two = [
    { id: 'n1', vnodes: [0, 1, 2, 3] },
    { id: 'n2', vnodes: [4, 5, 6, 7] },
  ];
  expect((await on(3, 'POST', '/mring/node', { node: 'n2' })).body).toEqual(two);
  // Once more changes nothing.
  expect((await on(3, 'POST', '/mring/node', { node: 'n2' })).body).toEqual(two);
  expect((await on(1, 'GET', '/mring/node')).body).toEqual(two);
  expect((await on(1, 'DELETE', '/mring/node/n1')).body).toEqual([
    { id: 'n2', vnodes: [0, 1, 2, 3, 4, 5, 6, 7] },
  ]);
});

test('a member that nobody knows is not added, and the answer says how to', async () => {
  const answered = await on(1, 'POST', '/node/9');
  expect(answered).toMatchObject({ status: 500, body: { code: 'UNKNOWN_MEMBER' } });
});

test('what is malformed is answered, and nothing dies', async () => {
  expect(await ask(members[1]!, 'POST', '/kv/k', 'nonsense')).toMatchObject({
    status: 400,
    body: { code: 'NOT_JSON' },
  });
  const latin = Buffer.from('{"value":"caf\xe9"}', 'latin1');
  expect(await ask(members[1]!, 'POST', '/kv/latin', latin)).toMatchObject({
    status: 400,
    body: { code: 'BAD_REQUEST' },
  });
  expect(await on(2, 'GET', '/kv/latin')).toMatchObject({ status: 404 });
  expect(await on(2, 'POST', '/kv/k', {})).toMatchObject({ status: 400 });
  expect(await on(2, 'POST', '/kv/k', [1])).toMatchObject({ status: 400 });
  expect(await on(2, 'POST', '/kv/k', { value: 'x'.repeat(70_000) })).toMatchObject({
    status: 413,
    body: { code: 'TOO_LARGE' },
  });
  expect(await on(2, 'GET', '/nowhere')).toMatchObject({ status: 404 });
  expect(await on(2, 'GET', '/node/two')).toMatchObject({ status: 404 });
  expect(await on(2, 'PUT', '/kv/k', {})).toMatchObject({ status: 405 });
  expect(await raw(members[1]!, '{"type":"get"}\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
  const end = await idleConnections(members[1]!, 300);
  expect(await on(2, 'GET', '/kv/beep')).toMatchObject({ status: 200 });
  end();
});

test('without a majority every route that needs one says so in time; status goes on', async () => {
  const last = await cluster.withoutLeader();
  const at = last.api.address;
  const began = performance.now();
  const answers = await Promise.all([
    ask(at, 'GET', '/kv/beep'),
    ask(at, 'POST', '/kv/beep', { value: 1 }),
    ask(at, 'DELETE', '/kv/beep'),
    ask(at, 'GET', '/mring'),
  ]);
  expect(performance.now() - began).toBeLessThan(5000);
  for (const answered of answers) {
    expect(answered).toMatchObject({ status: 503, body: { code: 'NO_LEADER' } });
  }
  expect(await ask(at, 'GET', '/kv/beep?stale')).toMatchObject({ status: 200 });
  expect(await ask(at, 'GET', '/status')).toMatchObject({ status: 200 });
});
