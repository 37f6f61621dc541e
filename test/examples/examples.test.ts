/**
 * The examples as people run them: fuzzed clean, failing with a story once a bug is planted, and as a real cluster of three that answers
 * through the client and keeps its counts over a restart. What `init` writes is an example too.
 */
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect as connectSocket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '@seedraft/client';
import { type CreateNodeOptions, createNode, simulate } from 'seedraft';
import { afterAll, describe, expect, test } from 'vitest';
import { Counter } from '../../examples/counter/counter.ts';
import counter from '../../examples/counter/seedraft.config.ts';
import jobQueue from '../../examples/job-queue/seedraft.config.ts';
import twoPhaseCommit from '../../examples/two-phase-commit/seedraft.config.ts';

const TOP = fileURLToPath(new URL('../..', import.meta.url));
const BIN = path.join(TOP, 'packages/seedraft/bin/seedraft.js');
const place = mkdtempSync(path.join(tmpdir(), 'seedraft-examples-'));
afterAll(() => rmSync(place, { recursive: true }));

function seedraft(cwd: string, ...args: string[]) {
  const env = { ...process.env, NO_COLOR: '1' };
  return new Promise<{ code: number; text: string }>((resolve) => {
    const child = execFile(process.execPath, [BIN, ...args], { cwd, env }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, text: stdout + stderr });
    });
  });
}

test.each(['counter', 'job-queue'])('%s: no file has sixty lines', (example) => {
  for (const file of ['seedraft.config.ts', `${example}.ts`, 'member.ts']) {
    const text = readFileSync(path.join(TOP, 'examples', example, file), 'utf8');
    expect(text.split('\n').length, file).toBeLessThan(60);
  }
});

describe('fuzzed', () => {
  const seeds = Array.from({ length: 8 }, (_, n) => n + 1);
  const calm = {
    name: 'crashes',
    workload: { for: '5s' },
    cluster: { voters: 3 },
    swarm: ['process', 'network', 'partition'],
  } as const;
  test.each([
    ['counter', counter],
    ['job-queue', jobQueue],
  ])('%s passes under 8 seeds', { timeout: 60_000 }, (_, config) => {
    let acknowledged = 0;
    for (const seed of seeds) {
      const { verdict, sentence, reason, operations } = simulate(
        config,
        { ...calm, swarm: [...calm.swarm] },
        seed,
      );
      expect(verdict, `seed ${seed}: ${sentence ?? reason}`).toBe('pass');
      acknowledged += operations.acknowledged;
    }
    expect(acknowledged).toBeGreaterThan(seeds.length * 50);
  });

  test('a job that two workers get is found, and told', { timeout: 60_000 }, async () => {
    const folder = path.join(place, 'planted');
    cpSync(path.join(TOP, 'examples/job-queue'), folder, { recursive: true });
    const file = path.join(folder, 'job-queue.ts');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('this.#waiting.shift()', 'this.#waiting[0]'));
    writeFileSync(path.join(folder, 'short.yaml'), 'name: short\nworkload: { for: 1s }\n');
    const args = ['fuzz', 'short.yaml', '--seeds', '1', '--workers', '1'];
    const failed = await seedraft(folder, ...args);
    expect(failed.code, failed.text).toBe(10);
    expect(failed.text).toMatch(/SAFETY VIOLATION: short, seed 1/);
    expect(failed.text).toMatch(/take \["take","w\d+"\] -> "job \d+"/);
    expect(failed.text).toMatch(/^Replay it: /m);
  });
});

describe('two-phase commit, which is not Raft', () => {
  const EXAMPLE = path.join(TOP, 'examples/two-phase-commit');

  test('is a protocol in under 150 lines, fuzzed in under 90', () => {
    const lines = (file: string): number =>
      readFileSync(path.join(EXAMPLE, file), 'utf8').split('\n').length;
    expect(lines('two-phase-commit.ts')).toBeLessThan(150);
    expect(lines('seedraft.config.ts')).toBeLessThan(90);
  });

  test('passes under 8 seeds of the swarm, by every rule', { timeout: 60_000 }, () => {
    const checks: Record<string, number> = {};
    for (let seed = 1; seed <= 8; seed += 1) {
      const result = simulate(twoPhaseCommit, { name: 'swarm', swarm: 'all' }, seed);
      expect(result.verdict, `seed ${seed}: ${result.sentence ?? result.reason}`).toBe('pass');
      for (const [rule, count] of Object.entries(result.rules)) {
        checks[rule] = (checks[rule] ?? 0) + count;
      }
    }
    expect(Object.keys(checks)).toEqual(['atomicity', 'durability', 'LIN', 'recovers']);
    for (const [rule, count] of Object.entries(checks))
      expect(count, rule).toBeGreaterThanOrEqual(8);
  });

  test('a decision that is told before it is durable is found and shrunk by one command', {
    timeout: 120_000,
  }, async () => {
    const folder = path.join(place, 'forgetful');
    cpSync(EXAMPLE, folder, { recursive: true });
    const file = path.join(folder, 'two-phase-commit.ts');
    const text = readFileSync(file, 'utf8');
    const [, right] = /(return \{ persist: .* tag: tx \} \};)/.exec(text) ?? [];
    const [, wrong] =
      /```ts\n\s*(return .*)\n```/.exec(readFileSync(path.join(folder, 'README.md'), 'utf8')) ?? [];
    writeFileSync(file, text.replace(right ?? 'nothing', wrong ?? 'nothing'));
    const args = ['fuzz', '--seeds', '13..13', '--workers', '1', '--shrink'];
    const failed = await seedraft(folder, ...args);
    expect(failed.code, failed.text).toBe(10);
    expect(failed.text).toMatch(/SAFETY VIOLATION: swarm, seed 13/);
    expect(failed.text).toMatch(/^atomicity: No participant is told to commit what another/m);
    const [, shrunk, whole] =
      /^atomicity, in (\d+) events \(before: (\d+)\)$/m.exec(failed.text) ?? [];
    expect(Number(shrunk)).toBeLessThan(Number(whole) / 10);
    expect(failed.text).toMatch(/^\d members, \d+ clients?, 1 fault; /m);
    const replayed = await seedraft(folder, 'replay', 'runs/swarm-seed-13/shrunk');
    expect([replayed.code, replayed.text]).toEqual([
      10,
      expect.stringMatching(/^replayed: hash /m),
    ]);
    const explained = await seedraft(folder, 'explain', 'runs/swarm-seed-13/shrunk');
    expect([explained.code, explained.text.replaceAll('\n', ' ')]).toEqual([
      10,
      expect.stringMatching(
        /write \{"2":"commit"\}, which was lost when it went down.* that breaks/,
      ),
    ]);
    // Beside the failure there is its picture; shrunk, it shows both.
    expect(existsSync(path.join(folder, 'runs/swarm-seed-13/report.html'))).toBe(true);
    const drawn = await seedraft(folder, 'report', 'runs/swarm-seed-13', '--json');
    const { runs } = JSON.parse(drawn.text) as { runs: { name: string; rule: string }[] };
    expect(runs.map(({ name, rule }) => [name, rule])).toEqual([
      ['shrunk', 'atomicity'],
      ['raw', 'atomicity'],
    ]);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('the counter runs as a real cluster, and keeps what it counted', {
  timeout: 60_000,
}, async () => {
  const members = await Promise.all(
    [1, 2, 3].map(async (id) => ({
      id,
      address: `127.0.0.1:${await freePort()}`,
      clientAddress: `127.0.0.1:${await freePort()}`,
    })),
  );
  const optionsOf = (own: (typeof members)[number]): CreateNodeOptions => ({
    ...own,
    peers: members.filter((member) => member !== own),
    data: path.join(place, `n${own.id}`),
    machine: () => new Counter(),
    config: { electionTimeoutMin: 200, electionTimeoutMax: 400, heartbeatInterval: 50 },
  });
  const endpoints = members.map(({ clientAddress }) => clientAddress);
  for (const total of [5, 10]) {
    const nodes = await Promise.all(members.map((own) => createNode(optionsOf(own))));
    const client = await connect({ endpoints });
    expect(await client.command(['add', 'visits', 2])).toBe(total - 3);
    expect(await client.command(['add', 'visits', 3])).toBe(total);
    expect(await client.query(['read', 'visits'])).toBe(total);
    await client.close();
    await Promise.all(nodes.map((node) => node.stop()));
  }
});

test('members of a program speak other protocols over the built-in machine', {
  timeout: 60_000,
}, async () => {
  const ports = [await freePort(), await freePort()];
  const [one, two] = await Promise.all(
    ports.map((port, at) =>
      createNode({
        id: at + 1,
        address: `127.0.0.1:${port}`,
        peers: [{ id: 2 - at, address: `127.0.0.1:${ports[1 - at]}` }],
        data: path.join(place, `speaks-${at}`),
        apis: { raftnode: '127.0.0.1:0', distraft: '127.0.0.1:0' },
        apiOrigins: ['http://page.example'],
        config: { electionTimeoutMin: 200, electionTimeoutMax: 400, heartbeatInterval: 50 },
      }),
    ),
  );
  const put = { type: 'put', key: 'colour', value: 'blue' };
  await expect
    .poll(() => said(one!.apis.raftnode!, put), { timeout: 20_000 })
    .toMatchObject({ success: true });
  const read = await fetch(`http://${two!.apis.distraft}/colour`, {
    headers: { origin: 'http://page.example' },
  });
  expect(await read.json()).toMatchObject({ key: 'colour', value: 'blue' });
  const refusals: readonly [listen: string, code: string, sentence: RegExp][] = [
    [
      one!.apis.raftnode!,
      'PORT_TAKEN',
      /^apis\.raftnode: Another process listens on 127\.0\.0\.1:/,
    ],
    ['192.0.2.1:7401', 'ADDRESS_UNKNOWN', /^apis\.raftnode: 192\.0\.2\.1:7401 is no address of/],
  ];
  for (const [raftnode, code, message] of refusals) {
    const refused = createNode({
      id: 3,
      address: '127.0.0.1:0',
      data: path.join(place, 'taken'),
      apis: { raftnode },
      insecure: true,
    });
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  }
  await Promise.all([one!.stop(), two!.stop()]);
  await expect(said(one!.apis.raftnode!, put)).rejects.toThrow(/ECONNREFUSED/);
});

/** What a raftnode member answers to one object. */
async function said(address: string, object: unknown): Promise<unknown> {
  const [host, port] = address.split(':') as [string, string];
  const socket = connectSocket(Number(port), host);
  socket.end(JSON.stringify(object));
  let heard = '';
  for await (const piece of socket.setEncoding('utf8')) heard += piece;
  return JSON.parse(heard);
}

test('createNode refuses in sentences', async () => {
  const base = {
    id: 1,
    address: '127.0.0.1:0',
    data: path.join(place, 'no'),
    machine: () => new Counter(),
  };
  const cases: readonly [Partial<CreateNodeOptions>, RegExp][] = [
    [{ address: 'here' }, /address: write host:port, not here/],
    [{ address: '0.0.0.0:7101' }, /whoever reaches it could vote\. Give secret/],
    [{ clientAddress: '0.0.0.0:7201' }, /whoever reaches it could write\. Give tokens/],
    [{ peers: [{ id: 1, address: '127.0.0.1:1' }] }, /an id stands there twice/],
    [{ peers: [{ id: 2, address: '127.0.0.1:1' }], join: ['127.0.0.1:1'] }, /give one of them/],
    [{ apis: { redis: '127.0.0.1:0' } }, /leave machine out/],
  ];
  for (const [over, sentence] of cases) {
    await expect(createNode({ ...base, ...over })).rejects.toThrow(sentence);
  }
  const { machine: _, ...builtIn } = base;
  const wishes: readonly [Record<string, string>, RegExp][] = [
    [{ redis: '6379' }, /apis\.redis: write host:port, not 6379/],
    [{ memcached: '127.0.0.1:0' }, /memcached is none of raftnode, distraft/],
    [{ redis: '0.0.0.0:6379' }, /apis\.redis: whoever reaches it could write\. Give tokens/],
  ];
  for (const [apis, sentence] of wishes) {
    await expect(createNode({ ...builtIn, apis })).rejects.toThrow(sentence);
  }
  expect(existsSync(base.data)).toBe(false);
});

describe('init', () => {
  test('writes what works, says what is next, and never overwrites', {
    timeout: 60_000,
  }, async () => {
    const folder = path.join(place, 'fresh');
    mkdirSync(path.join(folder, 'node_modules'), { recursive: true });
    symlinkSync(path.join(TOP, 'packages/seedraft'), path.join(folder, 'node_modules/seedraft'));
    const written = await seedraft(folder, 'init');
    expect([written.code, written.text]).toEqual([
      0,
      expect.stringMatching(/Next:\n.* fuzz --for 20s/),
    ]);
    const fuzzed = await seedraft(folder, 'fuzz', 'scenarios', '--seeds', '1', '--workers', '1');
    expect([fuzzed.code, fuzzed.text]).toEqual([0, expect.stringMatching(/1 passed, 0 failed/)]);
    rmSync(path.join(folder, 'seedraft.config.ts'));
    const again = await seedraft(folder, 'init');
    expect(again.code).toBe(64);
    expect(again.text).toMatch(
      /scenarios\/leader-crashes\.yaml, seedraft\.test\.ts, \.github\/workflows\/seedraft\.yml exist already; nothing was written/,
    );
    expect(existsSync(path.join(folder, 'seedraft.config.ts'))).toBe(false);
  });
});
