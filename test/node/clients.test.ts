/** The client port: what a client may do, what it is told, and that no client, however bad, harms the member or another client. */
import { get, KvMachine, put, watch } from '@seedraft/kv';
import type { RunningNode } from '@seedraft/node';
import { encodeClient, encodeFrame, FRAME_KIND } from '@seedraft/wire';
import { afterEach, expect, test } from 'vitest';
import { command, NodeCluster, type Overrides } from './cluster.ts';
import { RawClient } from './raw.ts';

let cluster: NodeCluster;
const open: RawClient[] = [];
afterEach(async () => {
  for (const client of open.splice(0)) client.socket.destroy();
  await cluster.stop();
});

async function alone(overrides: Overrides = {}): Promise<RunningNode> {
  cluster = await NodeCluster.start(1, overrides);
  return cluster.leader();
}

function connect(node: RunningNode): RawClient {
  const client = new RawClient(node.clientAddress);
  open.push(client);
  return client;
}

async function welcomed(node: RunningNode, token = ''): Promise<RawClient> {
  const client = connect(node);
  expect(await client.hello(token)).toMatchObject({ type: 'welcome' });
  return client;
}

const status = { type: 'Status' } as const;
const read = (key: string) =>
  ({ type: 'Query', mode: 'linearizable', query: get('', key) }) as const;
const limits: Overrides = { limits: { credits: 4, handshake: 300 } };

test('an answer that no frame can carry is never called a refusal when the command was applied', async () => {
  class Boastful extends KvMachine {
    override apply(...given: Parameters<KvMachine['apply']>): never {
      super.apply(...given);
      return new Uint8Array(17 << 20) as never;
    }
    override query(): never {
      return new Uint8Array(17 << 20) as never;
    }
  }
  const node = await alone({ machine: () => new Boastful() });
  const client = await welcomed(node);
  client.ask(1, command(put('', 'k', 'v')));
  expect(await client.message()).toMatchObject({ requestId: 1, reply: { type: 'Unknown' } });
  client.ask(2, read('k'));
  expect(await client.message()).toMatchObject({
    reply: { type: 'Refused', code: 'MACHINE_ERROR' },
  });
  client.ask(3, status);
  expect(await client.message()).toMatchObject({ requestId: 3, reply: { type: 'Ok' } });
});

test('only who was welcomed may send what is large', async () => {
  const node = await alone();
  const text = 'x'.repeat(1_000_000);
  const client = connect(node);
  client.send(encodeClient({ type: 'hello', version: 1, clusterId: '', client: text, token: '' }));
  expect(await client.message()).toMatchObject({
    type: 'goodbye',
    code: 'BAD_FRAME',
    reason: expect.stringContaining('exceeds the cap'),
  });
  const welcome = await welcomed(node);
  welcome.ask(1, command(put('', 'k', text)));
  expect(await welcome.message()).toMatchObject({ reply: { type: 'Ok' } });
});

test('pipelined requests each get their reply; status tells who and what', async () => {
  const node = await alone();
  const client = connect(node);
  expect(await client.hello()).toEqual({
    type: 'welcome',
    version: 1,
    clusterId: 'test',
    id: 1,
    leader: 1,
    leaderAddress: node.clientAddress,
    credits: 256,
  });
  const count = 100;
  for (let id = 1; id <= count; id++) client.ask(id, command(put('', `k${id}`, `${id}`)));
  const replied = new Set<number>();
  while (replied.size < count) {
    const message = await client.message();
    expect(message).toMatchObject({ type: 'reply', reply: { type: 'Ok' } });
    replied.add((message as { requestId: number }).requestId);
  }
  client.ask(1000, read('k7'));
  expect(await client.message()).toMatchObject({ reply: { value: { item: { value: '7' } } } });
  client.ask(1001, status);
  expect(await client.message()).toMatchObject({
    requestId: 1001,
    reply: { value: { id: 1, role: 'leader', clusterId: 'test', damaged: null, name: 'n1' } },
  });
});

test('a follower names the leader and its address', async () => {
  cluster = await NodeCluster.start(3);
  const leader = await cluster.leader();
  await cluster.converged();
  const follower = cluster.running().find(({ id }) => id !== leader.id)!;
  const client = await welcomed(follower);
  client.ask(1, command(put('', 'a', '1')));
  expect(await client.message()).toMatchObject({
    reply: { type: 'Refused', code: 'NOT_LEADER', leader: leader.id },
    leaderAddress: leader.clientAddress,
    reason: expect.stringContaining('leader'),
  });
});

test('a client is told of another leader, by members that need not be asked', async () => {
  cluster = await NodeCluster.start(3);
  const leader = await cluster.leader();
  await cluster.converged();
  const others = cluster.running().filter(({ id }) => id !== leader.id);
  const clients = await Promise.all(others.map((one) => welcomed(one)));
  await leader.stop();
  for (const client of clients) {
    let news = await client.anything();
    // It may first be told that nobody leads any more, or once more of the one that stops.
    while (news?.type === 'cluster' && [0, leader.id].includes(news.leader)) {
      news = await client.anything();
    }
    const elected = others.find(({ id }) => news?.type === 'cluster' && id === news.leader);
    expect(news).toMatchObject({ type: 'cluster', leaderAddress: elected?.clientAddress });
    const addresses = [leader, ...others].map(({ clientAddress }) => clientAddress);
    expect(news?.type === 'cluster' && [...news.addresses].sort()).toEqual(addresses.sort());
  }
});

test('beyond its credits a client is refused, and each reply gives one back', async () => {
  const node = await alone(limits);
  const client = await welcomed(node);
  for (let id = 1; id <= 12; id++) client.ask(id, command(put('', 'a', `${id}`)));
  const codes: string[] = [];
  for (let i = 0; i < 12; i++) {
    const message = await client.message();
    const { reply } = message as { reply: { type: string; code?: string } };
    codes.push(reply.code ?? reply.type);
  }
  expect(codes.filter((code) => code === 'OVERLOADED')).toHaveLength(8);
  client.ask(20, read('a'));
  expect(await client.message()).toMatchObject({ reply: { value: { item: { value: '4' } } } });
});

test('a role covers its requests and no others; an unknown token is turned away', async () => {
  const tokens = [
    { token: 'reader', role: 'read' },
    { token: 'writer', role: 'write' },
    { token: 'operator', role: 'admin' },
  ] as const;
  const node = await alone({ security: { clients: { tokens } } });
  expect(await connect(node).hello('')).toMatchObject({ type: 'goodbye', code: 'UNAUTHORIZED' });
  expect(await connect(node).hello('x')).toMatchObject({ type: 'goodbye', code: 'UNAUTHORIZED' });
  const requests = [read('a'), command(put('', 'a', '1')), { type: 'Snapshot' } as const];
  for (const [index, token] of ['reader', 'writer', 'operator'].entries()) {
    const client = await welcomed(node, token);
    for (const [needed, request] of requests.entries()) {
      client.ask(needed + 1, request);
      const message = (await client.message()) as { reply: { type: string; code?: string } };
      const isRefused = message.reply.code === 'UNAUTHORIZED';
      expect([token, request.type, isRefused]).toEqual([token, request.type, needed > index]);
    }
  }
});

test('another cluster, another version, no hello: goodbye with a code', async () => {
  const node = await alone(limits);
  expect(await connect(node).hello('', 'other')).toMatchObject({ code: 'WRONG_CLUSTER' });
  expect(await connect(node).hello('', '', 2)).toMatchObject({ code: 'VERSION' });
  const rude = connect(node);
  rude.ask(1, status);
  expect(await rude.message()).toMatchObject({ type: 'goodbye', code: 'BAD_FRAME' });
  const silent = connect(node);
  expect(await silent.message()).toMatchObject({ type: 'goodbye', code: 'BAD_FRAME' });
});

test('a watch tells every change after its index, in order, until it is cancelled', async () => {
  const node = await alone();
  await cluster.put('a/0', 'before');
  const client = await welcomed(node);
  client.ask(5, { type: 'Watch', query: watch('', 'a/') });
  const first = (await client.message()) as { index: number };
  expect(first).toMatchObject({ type: 'event', requestId: 5, value: null });
  await cluster.put('a/1', 'x');
  await cluster.put('b/1', 'not watched');
  await cluster.put('a/2', 'y');
  const one = (await client.message()) as { index: number };
  const two = (await client.message()) as { index: number };
  expect(one).toMatchObject({ type: 'event', value: { key: 'a/1', item: { value: 'x' } } });
  expect(two).toMatchObject({ type: 'event', value: { key: 'a/2', item: { value: 'y' } } });
  expect(first.index).toBeLessThan(one.index);
  expect(one.index).toBeLessThan(two.index);
  client.send(encodeClient({ type: 'cancel', requestId: 5 }));
  expect(await client.message()).toMatchObject({ requestId: 5, reply: { type: 'Ok' } });
  await cluster.put('a/3', 'unheard');
  client.ask(6, status);
  expect(await client.message()).toMatchObject({ requestId: 6 });
  client.ask(7, { type: 'Watch', query: ['nonsense'] });
  expect(await client.message()).toMatchObject({ requestId: 7, reply: { code: 'BAD_REQUEST' } });
});

test('a client that does not read is cut off; others do not notice', async () => {
  const node = await alone({ limits: { clientQueueBytes: 256 * 1024 } });
  await cluster.put('big', 'x'.repeat(100_000));
  const slow = await welcomed(node);
  slow.socket.pause();
  const stale = { type: 'Query', mode: 'stale', query: get('', 'big') } as const;
  const ask = () => {
    for (let id = 1; id <= 100; id++) slow.ask(id, stale);
  };
  ask();
  const client = await welcomed(node);
  let round = 0;
  const gone = await cluster.until('the slow one cut off', () => {
    // What the kernel buffers is not this member's: ask until more waits than fits there.
    if (round++ % 20 === 0 && !slow.socket.destroyed) ask();
    return cluster.events.find(({ type }) => type === 'ClientDisconnected');
  });
  expect(gone).toMatchObject({ reason: expect.stringContaining('does not read') });
  client.ask(1, read('a'));
  expect(await client.message()).toMatchObject({ requestId: 1, reply: { type: 'Ok' } });
});

test('connections beyond the limit are turned away, and make room when they go', async () => {
  const node = await alone({ limits: { maxClientConnections: 2 } });
  const first = await welcomed(node);
  await welcomed(node);
  expect(await connect(node).message()).toMatchObject({ type: 'goodbye', code: 'OVERLOADED' });
  first.socket.end();
  await cluster.event('ClientDisconnected');
  await welcomed(node);
});

test('a stop lets open requests finish, then says goodbye', async () => {
  const node = await alone();
  const idle = await welcomed(node);
  const busy = await welcomed(node);
  for (let id = 1; id <= 50; id++) busy.ask(id, command(put('', 'a', `${id}`)));
  await cluster.until('requests under way', () => node.status().lastIndex > 3);
  const stopped = node.stop();
  expect(await idle.message()).toMatchObject({ type: 'goodbye', code: 'STOPPING' });
  const replies: unknown[] = [];
  for (;;) {
    const message = await busy.message();
    if (message === null || message.type === 'goodbye') break;
    replies.push(message);
  }
  expect(replies).toHaveLength(50);
  await stopped;
});

test('garbage and mutated frames end the connection that brought them, and nothing else', async () => {
  const node = await alone({ limits: { maxHandshakes: 64 } });
  const steady = await welcomed(node);
  const hello = encodeClient({
    type: 'hello',
    version: 1,
    clusterId: '',
    client: 'fuzz',
    token: '',
  });
  const request = encodeClient({
    type: 'request',
    requestId: 1,
    request: command(put('', 'a', '1')),
  });
  const good = Buffer.concat([hello, request, request]);
  let seed = 12345;
  const draw = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  for (let round = 0; round < 20; round++) {
    const batch = Array.from({ length: 16 }, () => {
      const client = connect(node);
      const bytes = Buffer.from(good);
      if (round % 2 === 0) bytes[draw(bytes.length)]! ^= 1 << draw(8);
      else bytes.fill(draw(256), draw(bytes.length));
      client.socket.end(bytes);
      client.socket.resume();
      return client.closed();
    });
    await Promise.all(batch);
  }
  // A promise of a huge payload costs nothing: it is refused by its header.
  const huge = connect(node);
  const header = encodeFrame(FRAME_KIND.hello, new Uint8Array(0)).slice();
  header[4] = 0x7f;
  huge.send(header);
  expect(await huge.message()).toMatchObject({ type: 'goodbye', code: 'BAD_FRAME' });
  steady.ask(1, read('a'));
  expect(await steady.message()).toMatchObject({ requestId: 1, reply: { type: 'Ok' } });
  const { transport } = await node.metrics();
  expect(transport.clients.badFrames).toBeGreaterThan(50);
});
