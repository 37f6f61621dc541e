/** Members over real directories: stopped and started again they are who they were; a directory serves one process; nothing is made unasked. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { get, KvMachine, put } from '@seedraft/kv';
import { type NodeEvent, type NodeOptions, type RunningNode, startNode } from '@seedraft/node';
import { afterEach, expect, test } from 'vitest';
import { command } from './cluster.ts';
import { freePort } from './free-ports.ts';

const made: string[] = [];
const running: RunningNode[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((node) => node.stop()));
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function directory(): string {
  const name = mkdtempSync(path.join(tmpdir(), 'seedraft-level-'));
  made.push(name);
  return path.join(name, 'data');
}

function alone(where: string, overrides: Partial<NodeOptions> = {}): NodeOptions {
  const members = [{ id: 1, name: 'n1', peerAddress: '127.0.0.1:1', clientAddress: '' }];
  return {
    directory: where,
    machine: () => new KvMachine(),
    peerListen: { host: '127.0.0.1', port: 0 },
    clientListen: null,
    start: { how: 'bootstrap', clusterId: 'alone', id: 1, members },
    raft: { electionTimeoutMin: 100, electionTimeoutMax: 200, heartbeatInterval: 20 },
    ...overrides,
  };
}

async function boot(options: NodeOptions): Promise<RunningNode> {
  const started = await startNode(options);
  if (!started.ok) throw new Error(`${started.code}: ${started.sentence}`);
  running.push(started.node);
  return started.node;
}

async function store(node: RunningNode, key: string, value: string): Promise<void> {
  for (;;) {
    const reply = await node.request(command(put('', key, value)));
    if (reply.type === 'Ok') return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('what was acknowledged is there after a stop and a start', async () => {
  const where = directory();
  const first = await boot(alone(where));
  await store(first, 'a', '1');
  const { incarnation } = first.status();
  await first.stop();
  expect(await first.stopped).toMatchObject({ code: 'STOPPED' });

  const again = await boot(alone(where, { start: { how: 'existing' } }));
  expect(again.id).toBe(1);
  await store(again, 'b', '2');
  expect(again.status().incarnation).toBe(incarnation);
  const query = { type: 'Query', mode: 'linearizable', query: get('', 'a') } as const;
  expect(await again.request(query)).toMatchObject({
    type: 'Ok',
    value: { status: 'found', item: { value: '1' } },
  });
});

test('a directory serves one member at a time', async () => {
  const where = directory();
  await boot(alone(where));
  expect(await startNode(alone(where))).toMatchObject({ ok: false, code: 'DIRECTORY_LOCKED' });
});

test('the old flags start the old member, but not another one', async () => {
  const where = directory();
  await (await boot(alone(where))).stop();
  await (await boot(alone(where))).stop();
  const members = [{ id: 7, name: 'n7', peerAddress: '127.0.0.1:1', clientAddress: '' }];
  const start = { how: 'bootstrap', clusterId: 'alone', id: 7, members } as const;
  expect(await startNode(alone(where, { start }))).toMatchObject({
    ok: false,
    code: 'IDENTITY_MISMATCH',
  });
});

test('an empty directory is no member', async () => {
  const start = { how: 'existing' } as const;
  expect(await startNode(alone(directory(), { start }))).toMatchObject({
    ok: false,
    code: 'DIRECTORY_EMPTY',
  });
});

test('a directory that cannot be one is refused', async () => {
  const where = directory();
  writeFileSync(where, 'a file');
  expect(await startNode(alone(where))).toMatchObject({ ok: false, code: 'DIRECTORY_UNUSABLE' });
});

test('a taken port is refused, and the directory is free again', async () => {
  const port = await freePort();
  const where = directory();
  const peerListen = { host: '127.0.0.1', port };
  const first = await boot(alone(directory(), { peerListen }));
  expect(await startNode(alone(where, { peerListen }))).toMatchObject({
    ok: false,
    code: 'PORT_TAKEN',
  });
  await first.stop();
  await boot(alone(where, { peerListen }));
});

test('options that cannot work are refused in sentences, and nothing is made', async () => {
  const where = directory();
  const started = await startNode(
    alone(where, {
      raft: { heartbeatInterval: 5000 },
      security: { peers: { kind: 'secret', secret: 'short' } },
    }),
  );
  expect(started).toMatchObject({ ok: false, code: 'INVALID_OPTIONS' });
  expect(started).toHaveProperty('sentence', expect.stringMatching(/heartbeatInterval.*secret/));
  const start = { how: 'existing' } as const;
  expect(await startNode(alone(where, { start }))).toMatchObject({ code: 'DIRECTORY_EMPTY' });
});

test('a damaged log is repaired by the peers, or the member refuses to start; never in silence', async () => {
  const members: { id: number; name: string; peerAddress: string; clientAddress: string }[] = [];
  for (const id of [1, 2, 3]) {
    const peerAddress = `127.0.0.1:${await freePort()}`;
    members.push({ id, name: `n${id}`, peerAddress, clientAddress: '' });
  }
  const events: NodeEvent[] = [];
  const options = members.map(({ id, peerAddress }) =>
    alone(directory(), {
      peerListen: { host: '127.0.0.1', port: Number(peerAddress.split(':')[1]) },
      start: { how: 'bootstrap', clusterId: 'three', id, members },
      raft: { electionTimeoutMin: 200, electionTimeoutMax: 400, heartbeatInterval: 40 },
      log: (event) => {
        if (id === 3) events.push(event);
      },
    }),
  );
  const nodes = await Promise.all(options.map(boot));
  const anywhere = async (key: string) => {
    for (let tries = 0; tries < 500; tries++) {
      const leader = running.find((node) => node.status().role === 'leader');
      const reply = await leader?.request(command(put('', key, 'x'.repeat(1000))));
      if (reply?.type === 'Ok') return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error('nobody takes a write');
  };
  for (let i = 0; i < 40; i++) await anywhere(`k${i}`);
  await nodes[2]!.stop();
  running.splice(running.indexOf(nodes[2]!), 1);
  const log = largestLog(options[2]!.directory);
  const bytes = readFileSync(log);
  bytes[Math.floor(bytes.length / 2)]! ^= 0x10;
  writeFileSync(log, bytes);

  const started = await startNode(options[2]!);
  if (!started.ok) {
    expect(started).toMatchObject({ code: 'DIRECTORY_DAMAGED' });
    return;
  }
  running.push(started.node);
  const warning = events.find(({ type }) => type === 'StorageWarning');
  expect(warning).toMatchObject({ sentence: expect.stringContaining('.log') });
  await anywhere('after');
  for (let tries = 0; tries < 500; tries++) {
    const states = new Set(running.map((node) => node.status().stateDigest));
    if (states.size === 1 && started.node.status().damaged === null) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`not repaired: ${JSON.stringify(started.node.status())}`);
});

function largestLog(where: string): string {
  const names = readdirSync(where, { recursive: true, encoding: 'utf8' });
  const logs = names.filter((name) => name.endsWith('.log')).map((name) => path.join(where, name));
  return logs.sort((a, b) => statSync(b).size - statSync(a).size)[0]!;
}
