/** raftnode's protocol over real sockets, against three real members: its documented lines, and what must not happen to anybody who speaks it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiCluster, type ApiMember } from './api-cluster.ts';

let cluster: ApiCluster;

beforeAll(async () => {
  cluster = await ApiCluster.start('raftnode', 3, { limits: { maxRequestBytes: 64 * 1024 } });
});
afterAll(() => cluster.stop());

/** What raftnode's client does: connect, send, read until the server closes. */
async function exchange(member: ApiMember, text: string | Buffer): Promise<string> {
  const socket = connect(member.port, member.host);
  socket.write(text);
  return await wholeOf(socket);
}

async function wholeOf(socket: Socket): Promise<string> {
  let whole = '';
  socket.setEncoding('utf8');
  socket.on('data', (part) => {
    whole += part;
  });
  await once(socket, 'close');
  return whole;
}

async function ask(member: ApiMember, request: unknown): Promise<unknown> {
  return JSON.parse(await exchange(member, JSON.stringify(request)));
}

test('the golden answers, at a member that does not lead', async () => {
  const member = await cluster.follower();
  expect(await ask(member, { type: 'put', key: 'name', value: 'Fred' })).toEqual({
    type: 'put',
    success: true,
    data: true,
  });
  expect(await ask(member, { type: 'get', key: 'name' })).toEqual({
    type: 'get',
    data: { type: 'get', key: 'name', value: 'Fred' },
  });
  expect(await ask(member, { type: 'delete', key: 'name' })).toEqual({
    type: 'delete',
    data: true,
  });
  expect(await ask(member, { type: 'delete', key: 'name' })).toEqual({
    type: 'delete',
    data: false,
  });
  expect(await ask(member, { type: 'get', key: 'name' })).toEqual({
    type: 'get',
    data: { type: 'get', key: 'name', value: null },
  });
  const addr = member.api.address;
  expect(await ask(member, { type: 'ping' })).toEqual({ type: 'ping', is_alive: true, addr });
  const leader = await cluster.leader();
  const others = cluster.members.filter((one) => one !== leader).map(({ api }) => api.address);
  for (const one of cluster.members) {
    expect(await ask(one, { type: 'peers' })).toEqual({ type: 'peers', peers: others });
  }
});

test('any JSON value comes back as it was, from every member; namespaces isolate', async () => {
  const [first, second, third] = cluster.members as [ApiMember, ApiMember, ApiMember];
  const doubles = [0.30000000000000004, 5e-324, 1e21, -1e20, 2 ** 53];
  const values = [
    ...doubles,
    0,
    -1.5,
    'é\n"',
    true,
    false,
    null,
    [],
    [1, [2]],
    {},
    { a: { b: [null] } },
  ];
  for (const [at, value] of values.entries()) {
    await ask(first, { type: 'put', key: `v${at}`, value, namespace: 'values' });
  }
  for (const [at, value] of values.entries()) {
    const request = { type: 'get', key: `v${at}`, namespace: 'values' };
    expect(await ask(second, request)).toEqual({ type: 'get', data: { ...request, value } });
  }
  await ask(third, { type: 'put', key: 'k', value: 1, namespace: 'a' });
  await ask(third, { type: 'put', key: 'k', value: 2, namespace: 'b' });
  await ask(third, { type: 'put', key: 'k', value: 3 });
  const read = async (namespace: string) =>
    ((await ask(first, { type: 'get', key: 'k', namespace })) as { data: { value: unknown } }).data
      .value;
  expect([await read('a'), await read('b'), await read('default')]).toEqual([1, 2, 3]);
});

test('objects on lines keep the connection, each answered on a line, in order', async () => {
  const { host, port } = await cluster.follower();
  const socket = connect(port, host);
  const lines = Array.from({ length: 50 }, (_, at) => ({ type: 'put', key: 'line', value: at }));
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  // Cut anywhere: what a packet holds says nothing.
  for (let at = 0; at < text.length; at += 37) socket.write(text.slice(at, at + 37));
  socket.end(`${JSON.stringify({ type: 'get', key: 'line' })}\n`);
  const answers = (await wholeOf(socket)).trim().split('\n');
  expect(answers).toHaveLength(51);
  expect(JSON.parse(answers[50]!).data.value).toBe(49);
});

test('sketches: what was counted and remembered, at any member', async () => {
  const [first, second] = cluster.members as [ApiMember, ApiMember];
  const elements = Array.from({ length: 500 }, (_, at) => `visitor ${at}`);
  const add = { type: 'hll_add', key: 'visitors', elements };
  expect(await ask(first, add)).toEqual({ type: 'hll_add', data: true });
  expect(await ask(second, add)).toEqual({ type: 'hll_add', data: false });
  const { data } = (await ask(second, { type: 'hll_count', key: 'visitors' })) as { data: number };
  expect(Math.abs(data - 500)).toBeLessThan(25);
  const filter = { key: 'seen', elements: ['a', 'b'] };
  expect(await ask(first, { type: 'bloom_add', ...filter })).toMatchObject({ data: [true, true] });
  const has = { type: 'bloom_has', key: 'seen', elements: ['a', 'never'] };
  expect(await ask(second, has)).toEqual({ type: 'bloom_has', data: [true, false] });
  expect(await ask(second, { type: 'bloom_info', key: 'seen' })).toMatchObject({
    data: { items: 2 },
  });
  expect(await ask(first, { type: 'put', key: 'seen', value: 1 })).toMatchObject({
    success: false,
    code: 'WRONG_TYPE',
  });
  expect(await ask(first, { type: 'hll_add', key: 'x' })).toMatchObject({ code: 'BAD_REQUEST' });
});

test('whoever takes no answers gets no further ones, and is cut off when that lasts', async () => {
  const leader = await cluster.leader();
  await ask(leader, { type: 'put', key: 'large', value: 'x'.repeat(60_000) });
  const limits = { maxBacklogBytes: 64 * 1024, stall: 300 };
  const api = await cluster.also(leader, 'raftnode', { limits });
  const asked = `${JSON.stringify({ type: 'get', key: 'large', stale: true })}\n`.repeat(300);
  const late = connect(Number(api.address.split(':')[1]), '127.0.0.1');
  late.on('error', () => {});
  late.pause();
  const gone = new Promise((resolve) => late.once('close', resolve));
  late.write(asked);
  // Only who writes hears of the end without reading.
  const nudging = setInterval(() => late.write('\n'), 10);
  await gone;
  clearInterval(nudging);

  // One that takes its time gets everything.
  const slow = connect(Number(api.address.split(':')[1]), '127.0.0.1');
  let bytes = 0;
  slow.on('data', (chunk) => {
    bytes += chunk.length;
    slow.pause();
    setImmediate(() => slow.resume());
  });
  slow.end(asked);
  await once(slow, 'close');
  expect(bytes).toBeGreaterThan(300 * 60_000);
  await api.stop();
});

test('what waits for all clients together is bounded too: those go for whom most waits', async () => {
  const leader = await cluster.leader();
  const limits = { maxAllBacklogBytes: 1024 * 1024 };
  const api = await cluster.also(leader, 'raftnode', { limits });
  const large = `${JSON.stringify({ type: 'get', key: 'large', stale: true })}\n`;
  const ends: Promise<unknown>[] = [];
  const readers = Array.from({ length: 8 }, () => {
    const socket = connect(Number(api.address.split(':')[1]), '127.0.0.1');
    socket.on('error', () => {});
    ends.push(new Promise((resolve) => socket.once('close', resolve)));
    socket.pause();
    socket.write(large.repeat(400));
    return socket;
  });
  const nudging = setInterval(() => {
    for (const socket of readers) if (!socket.destroyed) socket.write('\n');
  }, 10);
  await Promise.race(ends);
  clearInterval(nudging);
  const alive = connect(Number(api.address.split(':')[1]), '127.0.0.1');
  alive.write('{"type":"ping"}');
  expect(JSON.parse(await wholeOf(alive))).toMatchObject({ is_alive: true });
  for (const socket of readers) socket.destroy();
  await api.stop();
});

test('whoever says nothing is let go', async () => {
  const limits = { firstRequest: 50 };
  const api = await cluster.also(await cluster.leader(), 'raftnode', { limits });
  const port = Number(api.address.split(':')[1]);
  expect(await wholeOf(connect(port, '127.0.0.1'))).toBe('');
  const half = connect(port, '127.0.0.1');
  half.write('{"type":');
  expect(JSON.parse(await wholeOf(half))).toMatchObject({ code: 'TIMEOUT' });
  await api.stop();
});

test('whoever asks too often is told', async () => {
  const api = await cluster.also(await cluster.leader(), 'raftnode', {
    limits: { requestsPerSecond: 50 },
  });
  const often = connect(Number(api.address.split(':')[1]), '127.0.0.1');
  often.end('{"type":"ping"}\n'.repeat(200));
  const codes = (await wholeOf(often))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).code);
  expect(codes).toHaveLength(200);
  expect(codes.slice(0, 50)).toEqual(Array(50).fill(undefined));
  expect(codes).toContain('OVERLOADED');
  await api.stop();
});

test.each([
  ['no JSON at all', 'hello', 'NOT_JSON'],
  ['a list', '[1]', 'NOT_JSON'],
  ['JSON broken in its midst', '{"type":"put",}', 'NOT_JSON'],
  ['letters that are no value', '{"type": nope}', 'NOT_JSON'],
  ['an unknown type', '{"type":"fly"}', 'UNKNOWN_TYPE'],
  ['no type', '{}', 'UNKNOWN_TYPE'],
  ['too deep', `{"type":"put","key":"k","value":${'['.repeat(70)}${']'.repeat(70)}}`, 'NOT_JSON'],
  ['too large', `{"type":"put","key":"k","value":"${'x'.repeat(70_000)}"}`, 'TOO_LARGE'],
  [
    'an integer that would change',
    '{"type":"put","key":"k","value":9007199254740993}',
    'BAD_VALUE',
  ],
  ['a put without a value', '{"type":"put","key":"k"}', 'BAD_REQUEST'],
  ['a key that is no text', '{"type":"get","key":5}', 'BAD_REQUEST'],
  [
    "the members' own namespace",
    '{"type":"put","key":"k","value":1,"namespace":"$api"}',
    'BAD_REQUEST',
  ],
  ['a number beyond all doubles', '{"type":"put","key":"k","value":1e400}', 'BAD_VALUE'],
  ['half a surrogate', '{"type":"put","key":"k","value":"\\ud800"}', 'BAD_REQUEST'],
])('%s: an error with a code, then the end', async (_, text, code) => {
  const answered = JSON.parse(await exchange(await cluster.leader(), text));
  expect(answered).toMatchObject({ code });
  expect(answered.error).toMatch(/\.$|: /);
});

test('what would be changed is refused in the form of its type, and nothing of it is stored', async () => {
  const member = await cluster.follower();
  const latin = (text: string) => Buffer.from(text, 'latin1');
  const big = '"key":"unread","value":90071992547409930';
  const cases: readonly (readonly [string | Buffer, object])[] = [
    [`{"type":"put",${big}}`, { type: 'put', success: false, data: false, code: 'BAD_VALUE' }],
    [`{"type":"get",${big}}`, { type: 'get', data: null, code: 'BAD_VALUE' }],
    [`{"type":"fly",${big}}`, { type: 'error', code: 'BAD_VALUE' }],
    [
      latin('{"type":"put","key":"unread","value":"caf\xe9"}'),
      { type: 'put', success: false, data: false, code: 'BAD_REQUEST' },
    ],
    [latin('{"type":"delete","key":"\xff"}'), { type: 'delete', data: null, code: 'BAD_REQUEST' }],
  ];
  for (const [sent, answered] of cases) {
    expect(JSON.parse(await exchange(member, sent))).toEqual({
      ...answered,
      error: expect.any(String),
    });
  }
  expect(await ask(member, { type: 'get', key: 'unread' })).toMatchObject({
    data: { value: null },
  });
});

test('what ends in its midst is told so', async () => {
  const { host, port } = await cluster.leader();
  const socket = connect(port, host);
  socket.end('{"type":"get",');
  expect(JSON.parse(await wholeOf(socket))).toMatchObject({ code: 'NOT_JSON' });
});

test('a client among many that are silent is served', async () => {
  const { host, port } = await cluster.leader();
  const idle = await Promise.all(
    Array.from({ length: 300 }, async () => {
      const socket = connect(port, host);
      await once(socket, 'connect');
      return socket;
    }),
  );
  const member = await cluster.leader();
  expect(await ask(member, { type: 'put', key: 'among', value: 1 })).toMatchObject({ data: true });
  for (const socket of idle) socket.destroy();
});

test('without a majority the answer is prompt and definite; a stop ends every connection', async () => {
  const member = await cluster.follower();
  await ask(member, { type: 'put', key: 'open', value: 1 });
  const socket = connect(member.port, member.host);
  await once(socket, 'connect');
  socket.write('{"type":"ping"}\n');
  await once(socket, 'data');
  const last = await cluster.withoutLeader();
  expect(last).toBe(member);
  const began = performance.now();
  const [put, get] = (await Promise.all([
    ask(last, { type: 'put', key: 'k', value: 1 }),
    ask(last, { type: 'get', key: 'k' }),
  ])) as [Record<string, unknown>, Record<string, unknown>];
  expect(performance.now() - began).toBeLessThan(5000);
  expect(put).toMatchObject({ type: 'put', success: false, data: false, code: 'NO_LEADER' });
  expect(get).toMatchObject({ type: 'get', data: null, code: 'NO_LEADER' });
  const stale = { type: 'get', key: 'open', stale: true };
  expect(await ask(last, stale)).toMatchObject({ data: { value: 1 } });
  const gone = once(socket, 'close');
  await last.api.stop();
  await gone;
});
