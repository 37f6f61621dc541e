/** A local cluster by hand, as the README shows it: real processes, found by the other verbs without an address, and nothing left behind. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connect as connectTo } from '@seedraft/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../node/free-ports.ts';

const BIN = fileURLToPath(new URL('../../packages/seedraft/bin/seedraft.js', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'seedraft-up-'));
const lines: string[] = [];
let up: ChildProcess;
/** The first member's port for raftnode's clients; the others have the next two. */
let api: number;

function command(...words: string[]): Promise<{ code: number; out: string; error: string }> {
  return commandIn(folder, ...words);
}

function commandIn(
  cwd: string,
  ...words: string[]
): Promise<{ code: number; out: string; error: string }> {
  return new Promise((resolve) => {
    const options = { cwd, env: { ...process.env, NO_COLOR: '1' } };
    execFile(process.execPath, [BIN, ...words], options, (failed, out, error) => {
      resolve({ code: failed === null ? 0 : Number(failed.code), out, error });
    });
  });
}

/** Resolves once some line of the cluster's says so. */
function said(what: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    if (lines.some((line) => what.test(line))) return resolve();
    const listen = (line: string) => what.test(line) && resolve();
    listeners.add(listen);
    up.once('exit', () => reject(new Error(`it ended first:\n${lines.join('\n')}`)));
  });
}
const listeners = new Set<(line: string) => unknown>();

const file = path.join(folder, '.seedraft', 'cluster.json');

function runningMembers(): {
  pid: number;
  data: string;
  client: string;
  apis: Record<string, string>;
}[] {
  return JSON.parse(readFileSync(file, 'utf8')).members;
}

beforeAll(async () => {
  api = await freePorts(3);
  up = spawn(process.execPath, [BIN, 'cluster', 'up', '--api', `raftnode=${api}`], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [up.stdout!, up.stderr!]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const listen of listeners) listen(line);
    });
  }
  await said(/A cluster of 3 runs/);
  await said(/is leader in term/);
}, 60_000);

afterAll(() => {
  up.kill('SIGKILL');
});

test('the other verbs find it, and write, read, watch over and order it', async () => {
  expect(await command('kv', 'put', 'greeting', 'hello')).toMatchObject({ code: 0 });
  expect(await command('kv', 'get', 'greeting')).toMatchObject({ code: 0, out: 'hello\n' });
  expect(await command('kv', 'get', 'nothing')).toMatchObject({ code: 1, out: '' });
  expect(await command('kv', 'cas', 'greeting', 'x', '--expect', 'y')).toMatchObject({ code: 1 });
  expect(await command('kv', 'incr', 'visits', '5')).toMatchObject({ code: 0, out: '5\n' });
  expect(await command('kv', 'expire', 'visits', '1h')).toMatchObject({ code: 0 });
  expect(await command('kv', 'expire', 'nothing', '1h')).toMatchObject({ code: 1 });
  const { out } = await command('status', '--json');
  const { leader, members } = JSON.parse(out);
  expect(members.map(({ id }: { id: number }) => id)).toEqual([1, 2, 3]);
  const next = (leader % 3) + 1;
  const transfer = await command('leader', 'transfer', `${next}`, '--json');
  expect(JSON.parse(transfer.out)).toEqual({ leader: next });
}, 60_000);

test('bytes that are text are shown as text, other bytes in base64', async () => {
  const client = await connectTo({ endpoints: runningMembers().map((one) => one.client) });
  try {
    const values = {
      1: Buffer.from('schön'),
      2: Buffer.from([0xff, 0x00]),
      3: Buffer.from('\u0007'),
    };
    for (const [key, value] of Object.entries(values)) await client.kv().put(`bytes/${key}`, value);
  } finally {
    await client.close();
  }
  const { out } = await command('kv', 'scan', 'bytes/');
  expect(out.split('\n')).toEqual([
    'bytes/1\tschön',
    'bytes/2\t{"base64":"/wA="}',
    'bytes/3\t{"base64":"Bw=="}',
    '',
  ]);
  const one = await command('kv', 'get', 'bytes/2');
  expect(one.out).toBe('{"base64":"/wA="}\n');
}, 60_000);

test('an id is reserved once for an address, and worth nothing when it is removed', async () => {
  const ticket = () => command('member', 'ticket', '127.0.0.1:1', '--json');
  // Not beside the tickets: while a change is in flight, that is the answer.
  const leaving = await command('member', 'leave-joint');
  expect(leaving).toMatchObject({ code: 69, error: expect.stringMatching(/NOT_JOINT/) });
  const given = await Promise.all([ticket(), ticket()]);
  const [one, other] = given.map(({ out }) => JSON.parse(out));
  expect(one).toMatchObject({ clusterId: 'local', reservedId: 4, raftAddr: '127.0.0.1:1' });
  expect([one.reservedId, one.start]).toEqual([other.reservedId, other.start]);
  expect(one.start).toMatch(/serve --join 127.* --id 4 --learner --peer-listen 127\.0\.0\.1:1 /);
  expect(await command('member', 'remove', '4')).toMatchObject({ code: 0 });
  const gone = await command('member', 'join', '4');
  expect([gone.code, gone.error]).toEqual([69, expect.stringMatching(/NO_TICKET/)]);
}, 60_000);

test('an id that nobody has is refused at once, and start lines of one machine share no port', async () => {
  const unknown = await command('member', 'join', '77', '--timeout', '55s');
  expect(unknown).toMatchObject({ code: 69, error: expect.stringMatching(/UNKNOWN_MEMBER: .*77/) });
  expect(unknown.error).not.toMatch(/It may have taken effect/);
  const ports: string[] = [];
  for (const port of [17_500, 17_600]) {
    const { out } = await command('member', 'ticket', `127.0.0.1:${port}`, '--json');
    const { start, reservedId } = JSON.parse(out);
    ports.push(...[...start.matchAll(/-listen (\S+)/g)].map(([, at]) => at));
    expect(await command('member', 'remove', `${reservedId}`)).toMatchObject({ code: 0 });
  }
  const at = [17_500, 17_501, 17_502, 17_600, 17_601, 17_602];
  expect(ports).toEqual(at.map((port) => `127.0.0.1:${port}`));
}, 60_000);

test('debug reads the directory of a member while it runs, and changes nothing there', async () => {
  const [member] = runningMembers();
  const [shown, entries, held, node] = await Promise.all([
    command('debug', 'persisted', member!.data, '--json'),
    command('debug', 'entries', member!.data),
    command('debug', 'entries', member!.client, '--json'),
    command('debug', 'node', member!.client),
  ]);
  const { identity, verdict, hardState, configuration } = JSON.parse(shown.out);
  expect(identity).toMatchObject({ clusterId: 'local', id: 1, name: 'n1' });
  expect(verdict).toBe('intact');
  expect(hardState.term).toBeGreaterThan(0);
  expect(configuration.members).toHaveLength(3);
  const lines = held.out.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).index)).toEqual(lines.map((_, at) => at + 1));
  expect(held.out).toMatch(/"what":\["put","default","greeting","hello"/);
  expect(node.out).toMatch(/^node +1 \(n1\) of cluster local.*\nrole +\w+ in term \d+\nleader +/);
  expect(entries.out).toMatch(/\["put","default","greeting","hello"/);
  expect(await command('debug', 'persisted', folder)).toMatchObject({ code: 64 });
  expect(await command('kv', 'get', 'greeting')).toMatchObject({ out: 'hello\n' });
}, 60_000);

test("another system's clients are served at the ports that were asked for, and cluster.json names them", async () => {
  const ask = async (port: number, request: unknown) => {
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    socket.write(JSON.stringify(request));
    let whole = '';
    for await (const part of socket) whole += part;
    return JSON.parse(whole);
  };
  const put = { type: 'put', key: 'from', value: 'raftnode' };
  expect(await ask(api + 1, put)).toMatchObject({ success: true });
  for (const [at, { apis }] of runningMembers().entries()) {
    expect(apis).toEqual({ raftnode: `127.0.0.1:${api + at}` });
    const { data } = await ask(api + at, { type: 'get', key: 'from' });
    expect(data.value).toBe('raftnode');
  }
  const said = await command('kv', 'get', 'from');
  expect(said).toMatchObject({ code: 0, out: 'raftnode\n' });
}, 60_000);

test('a second one is refused here, and a cluster that is not there is said so', async () => {
  const second = await command('cluster', 'up');
  expect(second.code).toBe(64);
  expect(second.error).toMatch(/runs in this directory already/);
  const nowhere = await command('kv', 'get', 'x', '--endpoints', '127.0.0.1:1', '--timeout', '1s');
  expect(nowhere.code).toBe(69);
  expect(nowhere.error).toMatch(/127\.0\.0\.1:1/);
}, 60_000);

test('ports that are taken are all named before anything starts, with who has them', async () => {
  const elsewhere = mkdtempSync(path.join(tmpdir(), 'seedraft-up-'));
  const [, second] = runningMembers();
  const at = Number(second!.client.split(':')[1]);
  const { code, error } = await commandIn(elsewhere, 'cluster', 'up', '--api', `redis=${at}`);
  expect(code).toBe(64);
  expect(error).toMatch(/no member was started/);
  const who = process.platform === 'linux' ? ` by process ${second!.pid} \\(node .*seedraft` : '';
  expect(error).toMatch(new RegExp(`127.0.0.1:${at} \\(redis at n1\\) is taken${who}`));
  expect(error).not.toMatch(/go on|exit code/);
}, 60_000);

test('of a member that was killed, status says what is known and how it is started again; and so it is', async () => {
  const [first] = runningMembers();
  process.kill(first!.pid, 'SIGKILL');
  await said(/n1 was ended by SIGKILL; 2 of 3 go on, a majority\. Start it again/);
  await expect.poll(async () => (await command('status')).code, { timeout: 20_000 }).toBe(0);
  const { out } = await command('status');
  expect(out).toMatch(/^1 +n1 +no answer +voter( +\?){6} +127\.0\.0\.1:\d+$/m);
  expect(out).toMatch(
    /n1 gives no answer: nobody listens at .*start it again.*\n {2}\S.* serve --data /,
  );
  expect(out).toMatch(/2 of 3 voters answer, a majority/);
  const { members } = JSON.parse((await command('status', '--json')).out);
  expect(members[0]).toMatchObject({
    id: 1,
    name: 'n1',
    vote: 'voter',
    unreachable: expect.stringMatching(/ECONNREFUSED/),
  });
  const line = /^ {2}(\S.* serve .*)$/m.exec(out)![1]!;
  const again = spawn('sh', ['-c', `exec ${line}`], { cwd: folder, stdio: 'ignore' });
  try {
    await expect
      .poll(async () => (await command('status')).out, { timeout: 20_000 })
      .toMatch(/^1 +n1 +follower/m);
  } finally {
    const gone = new Promise((resolve) => again.once('exit', resolve));
    again.kill('SIGTERM');
    await gone;
  }
}, 60_000);

test('Ctrl-C stops every member and leaves nothing behind', async () => {
  const members = runningMembers();
  const ended = new Promise((resolve) => up.once('exit', resolve));
  up.kill('SIGINT');
  expect(await ended).toBe(0);
  expect(existsSync(file)).toBe(false);
  for (const { pid, data } of members) {
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    expect(existsSync(data)).toBe(false);
  }
}, 60_000);
