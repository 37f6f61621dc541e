/** uring's WebSocket over real sockets, against three real members: every protocol of it, one after the other and by As, and what is pushed. */
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ApiCluster } from './api-cluster.ts';

let cluster: ApiCluster;
let socket: TestSocket;

/** Answers in the order they came; what is pushed beside them. */
class TestSocket {
  readonly #socket: WebSocket;
  readonly #answers: unknown[] = [];
  readonly pushed: { channel: string; msg: unknown }[] = [];
  #wake: () => void = () => {};

  private constructor(webSocket: WebSocket) {
    this.#socket = webSocket;
    webSocket.on('message', (data) => {
      const message = JSON.parse(String(data));
      if ('Msg' in message) this.pushed.push(message.Msg);
      else this.#answers.push(message);
      this.#wake();
    });
    webSocket.on('close', () => this.#wake());
  }

  static async open(address: string): Promise<TestSocket> {
    const webSocket = new WebSocket(`ws://${address}/uring`);
    const opened = new TestSocket(webSocket);
    await once(webSocket, 'open');
    return opened;
  }

  send(message: unknown): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  async #until<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#socket.readyState === WebSocket.CLOSED) throw new Error('it was closed');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  ask(message: unknown): Promise<unknown> {
    this.send(message);
    return this.#until(() => this.#answers.shift());
  }

  until(count: number): Promise<readonly { channel: string; msg: unknown }[]> {
    return this.#until(() => (this.pushed.length >= count ? this.pushed.splice(0) : undefined));
  }

  async closed(): Promise<number> {
    if (this.#socket.readyState !== WebSocket.CLOSED) await once(this.#socket, 'close');
    return (this.#socket as unknown as { _closeCode: number })._closeCode;
  }
}

beforeAll(async () => {
  cluster = await ApiCluster.start('uring', 3, { limits: { maxRequestBytes: 64 * 1024 } });
  socket = await TestSocket.open((await cluster.follower()).api.address);
});
afterAll(() => cluster.stop());

test('KV, at a follower: data, code and rid of each', async () => {
  expect(await socket.ask({ Get: { rid: 1, key: 'k' } })).toMatchObject({ code: 400, rid: 1 });
  const select = { rid: 1, protocol: 'KV' };
  expect(await socket.ask({ Select: select })).toEqual({ Selected: select });
  const answers: readonly (readonly [unknown, unknown])[] = [
    [{ Get: { rid: 2, key: 'k' } }, { code: 404, rid: 2, data: null }],
    [{ Put: { rid: 3, key: 'k', store: 'v' } }, { code: 201, rid: 3, data: null }],
    [{ Put: { rid: 3, key: 'k', store: 'w' } }, { code: 201, rid: 3, data: 'v' }],
    [{ Get: { rid: 3, key: 'k' } }, { code: 200, rid: 3, data: 'w' }],
    [{ Cas: { rid: 4, key: 'k', check: 'x', store: 'y' } }, { code: 409, rid: 4, data: 'w' }],
    [{ Cas: { rid: 5, key: 'k', check: 'w', store: 'y' } }, { code: 201, rid: 5, data: 'set' }],
    [{ Cas: { rid: 6, key: 'n', store: 'y' } }, { code: 201, rid: 6, data: 'set' }],
    [{ Delete: { rid: 7, key: 'k' } }, { code: 200, rid: 7, data: 'y' }],
    [{ Delete: { rid: 8, key: 'k' } }, { code: 404, rid: 8, data: null }],
  ];
  for (const [asked, answered] of answers) expect(await socket.ask(asked)).toEqual(answered);
});

test('As speaks any protocol without choosing it; Select again at any time', async () => {
  const as = (protocol: string, cmd: unknown) => socket.ask({ As: { protocol, cmd } });
  expect(await as('Version', { Get: { rid: 'v' } })).toMatchObject({ code: 200, rid: 'v' });
  expect(await as('Status', { Get: { rid: 1 } })).toMatchObject({
    code: 200,
    data: { role: 'Follower' },
  });
  expect(await as('URing', { Get: { rid: 1, id: 3 } })).toEqual({ code: 200, rid: 1, data: true });
  expect(await as('URing', { Get: { rid: 1, id: 4 } })).toEqual({ code: 200, rid: 1, data: false });
  expect(await as('KV', { Get: { rid: 1, key: 'n' } })).toMatchObject({ code: 200, data: 'y' });
  await socket.ask({ Select: { rid: 1, protocol: 'Status' } });
  expect(await socket.ask({ Get: { rid: 2 } })).toMatchObject({ code: 200, rid: 2 });
  expect(await socket.ask({ Select: { rid: 1, protocol: 'KV' } })).toHaveProperty('Selected');
});

test.each([
  ['no JSON', 'nonsense'],
  ['a list', '[]'],
  ['two names', '{"Get":{"rid":1},"Put":{"rid":1}}'],
  ['an unknown command', '{"Fly":{"rid":1,"key":"k"}}'],
  ['an unknown protocol', '{"Select":{"rid":1,"protocol":"X"}}'],
  ['a key that is no text', '{"Get":{"rid":1,"key":5}}'],
  ['nothing to store', '{"Put":{"rid":1,"key":"k"}}'],
  ['an unknown channel', '{"Subscribe":{"rid":1,"channel":"x"}}'],
])('%s: an error with a code, and the socket stays open', async (_, text) => {
  expect(await socket.ask(text)).toMatchObject({ code: 400, data: { error: expect.any(String) } });
  expect(await socket.ask({ Get: { rid: 9, key: 'n' } })).toMatchObject({ rid: 9, data: 'y' });
});

test('what cannot be kept exactly is refused under its rid, where that is one', async () => {
  const kv = '"key":"n","store":9007199254740993';
  const refused = { code: 400, data: { code: 'BAD_VALUE' } };
  expect(await socket.ask(`{"Put":{"rid":7,${kv}}}`)).toMatchObject({ ...refused, rid: 7 });
  const as = `{"As":{"protocol":"KV","cmd":{"Put":{"rid":"a",${kv}}}}}`;
  expect(await socket.ask(as)).toMatchObject({ ...refused, rid: 'a' });
  const rid = '{"Get":{"rid":9007199254740993,"key":"n"}}';
  expect(await socket.ask(rid)).toMatchObject({ ...refused, rid: null });
});

test('who subscribes hears of every change once, in order, whoever makes it', async () => {
  const listener = await TestSocket.open((await cluster.leader()).api.address);
  expect(await listener.ask({ Subscribe: { rid: 1, channel: 'kv' } })).toMatchObject({ code: 200 });
  await socket.ask({ Put: { rid: 1, key: 'p', store: 1 } });
  await socket.ask({ Put: { rid: 1, key: 'p', store: 2 } });
  await socket.ask({ Cas: { rid: 1, key: 'p', check: 2, store: 3 } });
  await socket.ask({ Cas: { rid: 1, key: 'p', check: 2, store: 4 } });
  await socket.ask({ Delete: { rid: 1, key: 'p' } });
  const scope = 0;
  const messages = [
    { Put: { scope, key: 'p', new: 1, old: null } },
    { Put: { scope, key: 'p', new: 2, old: 1 } },
    { Cas: { scope, key: 'p', new: 3, old: 2 } },
    { CasConflict: { scope, key: 'p', new: 4, conflict: 3 } },
    { Delete: { scope, key: 'p', old: 3 } },
  ];
  const told = await listener.until(messages.length);
  expect(told).toEqual(messages.map((msg) => ({ channel: 'kv', msg })));
});

test('MRing, and what its channel says of every move', async () => {
  const listener = await TestSocket.open((await cluster.leader()).api.address);
  await listener.ask({ Subscribe: { rid: 1, channel: 'mring' } });
  const other = await TestSocket.open((await cluster.leader()).api.address);
  await other.ask({ Select: { rid: 1, protocol: 'MRing' } });
  const answers: readonly (readonly [unknown, unknown])[] = [
    [{ GetSize: { rid: 1 } }, { code: 404, rid: 1, data: null }],
    [{ GetNodes: { rid: 1 } }, { code: 412, rid: 1, data: 'mring size not set' }],
    [{ AddNode: { rid: 1, node: 'n1' } }, { code: 412, rid: 1, data: 'mring size not set' }],
    [{ SetSize: { rid: 1, size: 8 } }, { code: 200, rid: 1, data: 8 }],
    [{ SetSize: { rid: 1, size: 32 } }, { code: 409, rid: 1, data: 8 }],
    [{ GetSize: { rid: 1 } }, { code: 200, rid: 1, data: 8 }],
  ];
  for (const [asked, answered] of answers) expect(await other.ask(asked)).toEqual(answered);
  await other.ask({ AddNode: { rid: 1, node: 'n1' } });
  await other.ask({ AddNode: { rid: 1, node: 'n2' } });
  await other.ask({ RemoveNode: { rid: 1, node: 'n1' } });
  const strategy = 'continuous';
  const all = [0, 1, 2, 3, 4, 5, 6, 7];
  const two = [
    { id: 'n1', vnodes: [0, 1, 2, 3] },
    { id: 'n2', vnodes: [4, 5, 6, 7] },
  ];
  const moved = (source: string, destination: string, vnodes: readonly number[]) => ({
    [source]: { destinations: { [destination]: vnodes } },
  });
  const messages = [
    { SetSize: { size: 8, strategy } },
    { NodeAdded: { node: 'n1', strategy, next: [{ id: 'n1', vnodes: all }], relocations: {} } },
    {
      NodeAdded: { node: 'n2', strategy, next: two, relocations: moved('n1', 'n2', [4, 5, 6, 7]) },
    },
    {
      NodeRemoved: {
        node: 'n1',
        strategy,
        next: [{ id: 'n2', vnodes: all }],
        relocations: moved('n1', 'n2', [0, 1, 2, 3]),
      },
    },
  ];
  const told = await listener.until(messages.length);
  expect(told).toEqual(messages.map((msg) => ({ channel: 'mring', msg })));
});

test('a node may have a name that every object has, and the member that tells of it lives', async () => {
  const listener = await TestSocket.open((await cluster.leader()).api.address);
  await listener.ask({ Subscribe: { rid: 1, channel: 'mring' } });
  for (const node of ['__proto__', 'n3']) {
    const cmd = { AddNode: { rid: 1, node } };
    expect(await listener.ask({ As: { protocol: 'MRing', cmd } })).toMatchObject({ code: 200 });
  }
  const told = JSON.stringify(await listener.until(2));
  expect(told).toContain('"relocations":{"n2":{"destinations":{"__proto__":[4,5,6,7]}}}');
  expect(told).toContain('"__proto__":{"destinations":{"n3":[6,7]}}');
});

test('too large a message ends its own socket and no other', async () => {
  const other = await TestSocket.open((await cluster.leader()).api.address);
  other.send({ Put: { rid: 1, key: 'k', store: 'x'.repeat(70_000) } });
  expect(await other.closed()).toBe(1009);
  expect(await socket.ask({ Get: { rid: 1, key: 'n' } })).toMatchObject({ data: 'y' });
});

test('roles are told as they change; a stop ends sockets in order', async () => {
  const follower = await cluster.follower();
  const listener = await TestSocket.open(follower.api.address);
  await listener.ask({ Subscribe: { rid: 1, channel: 'uring' } });
  const target = follower.id;
  await (await cluster.leader()).node.request({ type: 'TransferLeadership', target });
  const told = await listener.until(2);
  // However short the candidacy.
  const walk = [
    { node: target, prev_state: 'Follower', next_state: 'Candidate' },
    { node: target, prev_state: 'Candidate', next_state: 'Leader' },
  ];
  expect(told).toEqual(walk.map((StateChange) => ({ channel: 'uring', msg: { StateChange } })));
  await follower.api.stop();
  expect(await listener.closed()).toBe(1001);
});
