/**
 * The nemesis of real processes: its proxies do to bytes what the rules of a link say, its schedule is the seed's, what only the simulator has is
 * refused by name, a lie is found out, and a short run with real members passes and leaves no process behind.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type HistoryEvent, parseOperations } from '@seedraft/check';
import { defineScenario } from '@seedraft/sim';
import { encodeHandshake, WIRE_VERSION } from '@seedraft/wire';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CHAOS_APIS, STORES } from '../../packages/seedraft/src/chaos/apis.ts';
import { CHAOS_CLASS_NAMES, drawSchedule } from '../../packages/seedraft/src/chaos/classes.ts';
import { ChaosCluster } from '../../packages/seedraft/src/chaos/cluster.ts';
import { NOT_CONVERGED } from '../../packages/seedraft/src/chaos/converge.ts';
import { ChaosFolder } from '../../packages/seedraft/src/chaos/folder.ts';
import { type Evidence, judge } from '../../packages/seedraft/src/chaos/judge.ts';
import { LinkRules } from '../../packages/seedraft/src/chaos/link-rules.ts';
import { MemberProxy } from '../../packages/seedraft/src/chaos/member-proxy.ts';
import { type ChaosResult, runChaos } from '../../packages/seedraft/src/chaos/run.ts';
import { chaosPlan, flagScenario, refusalsOf } from '../../packages/seedraft/src/chaos/scenario.ts';
import { NotDone, type OpenStore, type Store } from '../../packages/seedraft/src/chaos/store.ts';

const BIN = fileURLToPath(new URL('../../packages/seedraft/bin/seedraft.js', import.meta.url));
const place = mkdtempSync(path.join(tmpdir(), 'seedraft-chaos-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

function seedraft(...words: string[]): Promise<{ code: number; out: string; error: string }> {
  return new Promise((resolve) => {
    const options = { cwd: place, env: { ...process.env, NO_COLOR: '1' } };
    execFile(process.execPath, [BIN, ...words], options, (failed, out, error) => {
      resolve({ code: failed === null ? 0 : Number(failed.code), out, error });
    });
  });
}

describe('a proxy', () => {
  /** Member 9, which only listens. */
  let target: Server;
  let proxy: MemberProxy;
  let rules: LinkRules;
  let address: string;
  /** What member 9 heard on each connection. */
  let heard: { bytes: Buffer; isOver: boolean }[];
  const dialled: Socket[] = [];

  beforeEach(async () => {
    heard = [];
    target = createServer((socket) => {
      const one = { bytes: Buffer.alloc(0), isOver: false };
      heard.push(one);
      socket.on('data', (chunk: Buffer) => {
        one.bytes = Buffer.concat([one.bytes, chunk]);
      });
      socket.on('error', () => {});
      socket.on('close', () => {
        one.isOver = true;
      });
    });
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
    rules = new LinkRules();
    const { port } = target.address() as { port: number };
    proxy = new MemberProxy(9, port, rules, () => 0.5);
    address = await proxy.listen();
  });
  afterEach(() => {
    for (const socket of dialled.splice(0)) socket.destroy();
    proxy.close();
    target.close();
  });

  function handshakeOf(id: number): Uint8Array {
    return encodeHandshake({
      version: WIRE_VERSION,
      clusterId: 'c',
      id,
      incarnation: '0'.repeat(32),
      address: '127.0.0.1:1',
      authentication: 'open',
      nonce: new Uint8Array(0),
    });
  }

  /** A connection of member `id`, introduced. */
  async function dial(id: number): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port: Number(address.split(':')[1]) });
    socket.on('error', () => {});
    dialled.push(socket);
    await once(socket, 'connect');
    socket.write(handshakeOf(id));
    return socket;
  }

  const hears = (what: string): boolean => heard.some(({ bytes }) => bytes.includes(what));
  const until = (holds: () => boolean) => expect.poll(holds, { interval: 5 }).toBe(true);

  test('tells sources apart by how they introduce themselves: one way and one source can be cut', async () => {
    rules.place(1, 9, { held: true });
    rules.place(9, 2, { held: true });
    const [one, two] = [await dial(1), await dial(2)];
    one.write('from one');
    two.write('from two');
    await until(() => hears('from two'));
    expect(hears('from one')).toBe(false);
  });

  test('what is held arrives whole and in order when it is released', async () => {
    const release = rules.place(null, 9, { held: true });
    const socket = await dial(1);
    const other = await dial(2);
    const words = Array.from({ length: 100 }, (_, at) => `<${at}>`);
    for (const word of words) socket.write(word);
    other.write('too');
    release();
    release();
    await until(() => hears('<99>') && hears('too'));
    const all = Buffer.concat([handshakeOf(1), Buffer.from(words.join(''))]);
    expect(heard.some(({ bytes }) => bytes.equals(all))).toBe(true);
  });

  test('a delay is kept, and bytes do not overtake each other', async () => {
    const socket = await dial(1);
    await until(() => heard.length === 1 && heard[0]!.bytes.length > 0);
    const calm = rules.place(1, 9, { delay: 120 });
    const began = performance.now();
    socket.write('late,');
    await expect.poll(() => hears('late,'), { interval: 2 }).toBe(true);
    expect(performance.now() - began).toBeGreaterThan(100);
    socket.write('first,');
    calm();
    socket.write('second');
    await until(() => hears('late,first,second'));
  });

  test('what is lost is never heard, and the connection ends when the partition does', async () => {
    const socket = await dial(1);
    const gone = once(socket, 'close');
    await until(() => heard.length === 1 && heard[0]!.bytes.length > 0);
    const heal = rules.place(1, 9, { lost: true });
    await new Promise<void>((done) => socket.write('lost', () => done()));
    const witness = await dial(2);
    witness.write('passes');
    await until(() => hears('passes'));
    expect(socket.destroyed).toBe(false);
    heal();
    await gone;
    expect(hears('lost')).toBe(false);
    const again = await dial(1);
    again.write('back');
    await until(() => hears('back'));
  });

  test('a lossy link cuts the connection', async () => {
    const socket = await dial(1);
    const gone = once(socket, 'close');
    await until(() => heard.length === 1 && heard[0]!.bytes.length > 0);
    rules.place(1, 9, { loss: 600_000 });
    socket.write('cut');
    await gone;
    await until(() => heard[0]!.isOver);
    expect(hears('cut')).toBe(false);
  });

  test('whoever does not introduce himself is sent away', async () => {
    const socket = connect({ host: '127.0.0.1', port: Number(address.split(':')[1]) });
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await once(socket, 'close');
    expect(heard).toEqual([]);
  });
});

describe('the schedule', () => {
  test('is the same for the same seed, another for another, and has every class', () => {
    const drawn = (seed: string) => drawSchedule(seed, CHAOS_CLASS_NAMES, 60_000_000, 2_000_000);
    expect(drawn('a')).toEqual(drawn('a'));
    expect(drawn('a')).not.toEqual(drawn('b'));
    expect(drawn('a').length).toBeGreaterThan(20);
    const faults = new Set(drawn('a').map(({ fault }) => fault));
    for (const fault of ['crash', 'pause', 'restart', 'wipe', 'transfer', 'partition', 'network']) {
      expect(faults).toContain(fault);
    }
    for (const { at } of drawn('a')) expect(at).toBeLessThanOrEqual(60_000_000);
  });
});

describe('a scenario file', () => {
  const refusals = (...faults: object[]): string[] =>
    refusalsOf(defineScenario({ name: 's', faults: faults as [] }));

  test('that both worlds can play is taken', () => {
    const both = [
      { at: '1s', crash: 'leader', restart: '500ms' },
      { at: '2s', partition: 'bridge', for: '1s' },
      { at: '3s', network: { latency: '20ms' }, for: '1s' },
      { at: '4s', replace: 'leader' },
      { at: '5s', wipe: 'follower' },
    ];
    expect(refusals(...both)).toEqual([]);
  });

  test.each([
    [{ 'bit-rot': 'leader' }, /only the simulator has bit-rot/],
    [{ 'clock-step': 'leader', by: '1s' }, /only the simulator has clock-step/],
    [{ crash: 'leader', disk: 'torn' }, /only the simulator has crash: disk: torn/],
    [{ crash: 'leader', when: 'candidate' }, /only the simulator has crash: when: candidate/],
    [{ partition: { into: 'leader', types: ['AppendEntries'] } }, /partition: types/],
    [{ network: { duplicate: '10%' } }, /network: duplicate/],
  ])('with %j is refused by name', (fault, why) => {
    expect(refusals({ at: '2s', ...fault }).join()).toMatch(why);
  });

  test('is refused by the command before anything is started', async () => {
    writeFileSync(
      path.join(place, 'rot.yaml'),
      'name: rot\nfaults:\n  - { at: 1s, bit-rot: leader }\n',
    );
    const refused = await seedraft('chaos', 'rot.yaml', '--out', 'never');
    expect(refused.code).toBe(64);
    expect(refused.error).toContain('rot.yaml: faults[0] (at 1s): only the simulator has bit-rot');
    expect(existsSync(path.join(place, 'never'))).toBe(false);
    const both = await seedraft('chaos', 'calm', '--for', '1s');
    expect(both.code).toBe(64);
  });
});

describe('the judge', () => {
  const event = (process: number, type: HistoryEvent['type'], f: string, value: unknown) => ({
    ...{ process, type, f, value },
    time: 0,
  });
  const written = [
    event(0, 'invoke', 'put', { key: 'kept/1', value: 'a' }),
    event(0, 'ok', 'put', null),
  ];
  const honest: Evidence = {
    events: written,
    acknowledged: new Map([['kept/1', 'a']]),
    readBack: new Map([['kept/1', 'a']]),
    convergence: { ...NOT_CONVERGED, converged: true, stateDigest: 'd', sentence: 'all agree' },
    findings: [],
    answered: new Map([['native', 1]]),
    isInterrupted: false,
  };

  test('passes what is true', () => {
    expect(judge(honest)).toMatchObject({ verdict: 'pass', exit: 0, linearizable: true });
  });

  test.each<[string, Partial<Evidence>, number]>([
    ['an acknowledged write is not there', { readBack: new Map() }, 10],
    [
      'a read does not see it',
      {
        events: [
          ...written,
          event(1, 'invoke', 'get', { key: 'kept/1' }),
          event(1, 'ok', 'get', null),
        ],
      },
      10,
    ],
    ['two members differ', { convergence: { ...NOT_CONVERGED, isDiverged: true } }, 10],
    ['a member ended by itself', { findings: ['n1 ended by itself'] }, 10],
    ['a loss is not hidden by Ctrl-C', { readBack: new Map(), isInterrupted: true }, 10],
    ['the members do not come to one state', { convergence: NOT_CONVERGED }, 11],
    ['nobody can be asked', { readBack: null }, 11],
    [
      'through one protocol nothing was answered',
      {
        answered: new Map([
          ['native', 1],
          ['redis', 0],
        ]),
      },
      11,
    ],
    ['it was interrupted', { isInterrupted: true, readBack: null }, 130],
  ])('does not pass when %s', (_, lie, exit) => {
    expect(judge({ ...honest, ...lie })).toMatchObject({ exit });
  });
});

/** Says that a write was done, also one that was refused: what a protocol does that acknowledges before it has committed. */
async function hasty(open: OpenStore, ...where: Parameters<OpenStore>): Promise<Store | null> {
  const store = await open(...where);
  if (store === null) return null;
  const put = store.put.bind(store);
  store.put = (key, value) =>
    put(key, value).catch((error: unknown) => {
      if (!(error instanceof NotDone)) throw error;
    });
  return store;
}

test('a protocol that acknowledges what was refused is found out', async () => {
  const drawn = chaosPlan(
    flagScenario({ members: 3, clients: 8, rate: 400, milliseconds: 2000 }),
    'hasty',
  );
  // Down until everything is healed: what is asked of this member is refused.
  const parameters = { target: 'n1', disk: 'kept', restart: 10_000_000 };
  const kill = { id: 0, at: 0, duration: 0, fault: 'crash', parameters };
  const mix = { ...drawn.workload.mix, get: 0, put: 1, cas: 0 };
  const plan = { ...drawn, workload: { ...drawn.workload, mix }, faults: [kill] };
  const result = await runChaos({
    plan,
    apis: ['raftify'],
    stores: { ...STORES, raftify: (...where) => hasty(STORES.raftify, ...where) },
    weather: {},
    folder: new ChaosFolder(path.join(place, 'hasty'), plan, null),
    signal: new AbortController().signal,
    onSentence: () => {},
    onProgress: () => {},
  });
  expect(result).toMatchObject({ verdict: 'violation', exit: 10, linearizable: false });
  expect(result.sentence).toMatch(/not linearizable, on "(raftify|kept)/);
}, 60_000);

test('a member that was told to stop and runs on is a finding, and is put to an end', async () => {
  const told: string[] = [];
  const cluster = await ChaosCluster.plan({
    plan: chaosPlan(flagScenario({ members: 1, clients: 1, rate: 1, milliseconds: 1000 }), 'stay'),
    apis: [],
    data: path.join(place, 'stay/data'),
    logs: path.join(place, 'stay/logs'),
    tell: (sentence) => told.push(sentence),
    stopWithin: 0,
  });
  try {
    await cluster.start();
    const [member] = cluster.members;
    cluster.bounce(member!);
    // Nobody ends within no time; the next process of it runs.
    await expect.poll(() => cluster.findings).toEqual(['n1 was told to stop, and runs 0 s later']);
    expect(told).toContain(cluster.findings[0]);
    await expect.poll(() => member!.status).toBe('up');
  } finally {
    await cluster.stop();
  }
});

test('a few seconds of kills and partitions pass through every protocol, and leave what is needed to judge again', async () => {
  const { code, out, error } = await seedraft(
    ...['chaos', '--for', '4s', '--faults', 'kill,partition', '--every', '700ms'],
    ...['--seed', '7', '--json', '--api', CHAOS_APIS.join(','), '--clients', '12'],
  );
  expect([code, error]).toEqual([0, '']);
  const result = JSON.parse(out) as Record<string, unknown> & { folder: string };
  expect(result).toMatchObject({
    verdict: 'pass',
    members: 3,
    converged: true,
    linearizable: true,
    lostWrites: 0,
    stateDigest: expect.stringMatching(/^[0-9a-f]{16}$/),
  });
  const { kill, partition } = result.faults as Record<string, number>;
  expect(kill).toBeGreaterThan(0);
  expect(partition).toBeGreaterThan(0);
  expect(result.acknowledgedWrites).toBeGreaterThan(10);
  for (const api of CHAOS_APIS) {
    expect((result.apis as ChaosResult['apis'])[api]!.ok, api).toBeGreaterThan(0);
  }
  const folder = path.join(place, result.folder);
  for (const file of ['history.json', 'history.edn', 'ring-history.json']) {
    expect(parseOperations(readFileSync(path.join(folder, file), 'utf8')).ok).toBe(true);
  }
  expect(existsSync(path.join(folder, 'data'))).toBe(false);
}, 60_000);

test('Ctrl-C gives a partial summary, and no process is left, not even a stopped one', async () => {
  const flags = ['--faults', 'stop', '--every', '400ms', '-n', '1', '--out', 'cut-short'];
  const child = spawn(process.execPath, [BIN, 'chaos', ...flags], { cwd: place });
  let out = '';
  child.stdout.on('data', (text) => {
    out += text;
  });
  const exited = once(child, 'close');
  for await (const line of createInterface({ input: child.stderr })) {
    if (/n1 is paused/.test(line)) child.kill('SIGINT');
  }
  expect(await exited).toEqual([130, null]);
  expect(out).toMatch(/interrupted/);
  const result: unknown = JSON.parse(readFileSync(onlyFile('cut-short', 'result.json'), 'utf8'));
  expect(result).toMatchObject({ verdict: 'interrupted', exitCode: 130 });
  const { stdout } = await list();
  expect(stdout).not.toContain(path.join(place, 'cut-short'));
}, 60_000);

function onlyFile(parent: string, name: string): string {
  const [folder] = readdirSync(path.join(place, parent));
  return path.join(place, parent, folder!, name);
}

/** Command lines of all processes: a member's bears its data directory. */
function list(): Promise<{ stdout: string }> {
  return new Promise((resolve) => {
    execFile('ps', ['-eo', 'args'], (_, stdout) => resolve({ stdout }));
  });
}
