/**
 * The command as a process, on the compiled code: exit codes, what goes to stdout and what to stderr, one JSON object, the line that replays
 * a failure, the same campaign with one worker and several. Everything else is tested in process.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const BIN = fileURLToPath(new URL('../../packages/seedraft/bin/seedraft.js', import.meta.url));

/** A folder whose name a shell would split. */
const place = mkdtempSync(path.join(tmpdir(), 'seedraft command '));
afterAll(() => rmSync(place, { recursive: true }));

const SHORT = 'workload: { for: 300ms }\nliveness: false\n';
writeFileSync(path.join(place, 'short.yaml'), `name: short\n${SHORT}`);
writeFileSync(path.join(place, 'other.yaml'), `name: other\nswarm: [network]\n${SHORT}`);
writeFileSync(path.join(place, 'wrong.yaml'), `name: wrong\nexpect: violation S1\n${SHORT}`);
writeFileSync(path.join(place, 'ghost.yaml'), 'name: g\nfaults:\n  - { at: 1s, crash: n9 }\n');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function ended(program: string, args: readonly string[]): Promise<Ended> {
  const env = { ...process.env, NO_COLOR: '1' };
  return new Promise((resolve) => {
    const child = execFile(program, [...args], { cwd: place, env }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

const seedraft = (...args: string[]): Promise<Ended> => ended(process.execPath, [BIN, ...args]);

/** Exactly one object, on one line. */
function objectOf({ stdout }: Ended): Record<string, unknown> {
  expect(stdout.trim().split('\n')).toHaveLength(1);
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('fuzz', () => {
  const fuzz = async (...args: string[]): Promise<Record<string, unknown>> => {
    const result = await seedraft('fuzz', '--json', ...args);
    expect([result.code, result.stderr]).toEqual([0, '']);
    return objectOf(result);
  };

  const both = ['short.yaml', 'other.yaml', '--seeds', '1..6'];

  test('is the same campaign on one worker and two, in any order, and as shards that are merged', {
    timeout: 120_000,
  }, async () => {
    const one = await fuzz(...both, '--workers', '1');
    expect(one).toMatchObject({
      hash: expect.stringMatching(/^[0-9a-f]{16}$/),
      seeds: '1..6',
      passed: 12,
      failed: 0,
      inconclusive: 0,
      events: expect.any(Number),
      eventsPerSecond: expect.any(Number),
      simulatedSeconds: expect.any(Number),
      wallSeconds: expect.any(Number),
      ops: expect.any(Number),
      faults: expect.any(Object),
      rules: expect.objectContaining({ S1: expect.any(Number), LIN: expect.any(Number) }),
      failures: [],
      ranTwice: 1,
    });
    const { wallSeconds: _w, eventsPerSecond: _e, workers: _n, ...same } = one;
    const two = await fuzz('--workers', '2', '--seeds', '1..6', 'other.yaml', 'short.yaml');
    expect(two).toMatchObject(same);
    const shards = [];
    for (const shard of ['1/2', '2/2']) {
      const flags = ['--shard', shard, '--workers', '1', '--results', `${shard[0]}.ndjson`];
      shards.push(await fuzz(...both, ...flags));
    }
    expect(shards.map(({ seeds }) => seeds)).toEqual(['1..3', '4..6']);
    const sum = shards.map(({ hash }) => BigInt(`0x${hash}`)).reduce((a, b) => a + b);
    expect(BigInt.asUintN(64, sum)).toBe(BigInt(`0x${one.hash}`));
    const files = ['2.ndjson', '1.ndjson', '--results', 'sum.ndjson'];
    const merged = await seedraft('corpus', 'merge', ...files, '--json');
    expect(objectOf(merged)).toMatchObject(same);
    expect(objectOf(await seedraft('corpus', 'merge', 'sum.ndjson', '--json'))).toMatchObject(same);
    const written = readFileSync(path.join(place, 'sum.ndjson'), 'utf8');
    const over = await seedraft('corpus', 'merge', ...files);
    expect(over).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('sum.ndjson cannot be written: it exists already'),
    });
    expect(readFileSync(path.join(place, 'sum.ndjson'), 'utf8')).toBe(written);
    const half = await seedraft('corpus', 'merge', '2.ndjson', '--seeds', '1..6');
    expect(half.code).toBe(13);
    expect(half.stdout).toContain('seeds 1..3 are in none of the files');
  });

  test('a failure: its rule, its folder, and a line that replays it when pasted', {
    timeout: 120_000,
  }, async () => {
    const failed = await seedraft('fuzz', 'wrong.yaml', '--seeds', '1', '--workers', '1');
    expect(failed.code).toBe(10);
    expect(failed.stdout).toContain('NOT AS EXPECTED: wrong, seed 1');
    expect(failed.stdout).toContain('EXPECT What the scenario expects: ');
    expect(readdirSync(path.join(place, 'runs'))).toEqual(['wrong-seed-1']);
    const [, line] = /^Replay it: +(.+)$/m.exec(failed.stdout) ?? [];
    const replayed = await ended('sh', ['-c', line ?? 'false']);
    expect(replayed.code).toBe(10);
    expect(replayed.stdout).toMatch(/replayed: hash [0-9a-f]{16} agrees over all \d+ events/);
    const json = await seedraft(
      ...['fuzz', 'wrong.yaml', '--seeds', '1', '--workers', '1', '--json', '--out', '.'],
    );
    const { failures } = objectOf(json) as { failures: object[] };
    expect(failures).toMatchObject([
      { scenario: 'wrong', seed: '1', rule: 'EXPECT', replay: expect.stringMatching(/ replay /) },
    ]);
  });

  test('an interruption gives what had finished, and exit 130', async () => {
    const child = spawn(process.execPath, [BIN, 'fuzz', 'short.yaml', '--seeds', '10000000'], {
      cwd: place,
    });
    let stdout = '';
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    // It says so once it listens to signals.
    child.stderr.once('data', () => child.kill('SIGINT'));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).toBe(130);
    expect(stdout).toMatch(/\d+ runs?: 1 scenario/);
    expect(stdout).toContain('interrupted');
  });
});

describe('run and replay', () => {
  test('a kept run is replayed, and an edited one refused', async () => {
    const run = await seedraft('run', 'short.yaml', '--seed', 'a b', '--save', '--json');
    expect(run.code).toBe(0);
    const { folder, hash } = objectOf(run) as { folder: string; hash: string };
    expect(folder).toBe(path.join('runs', 'short-seed-a-b'));
    const replayed = objectOf(await seedraft('replay', folder, '--json'));
    expect(replayed).toMatchObject({ hash, agrees: true, verdict: 'pass' });
    writeFileSync(path.join(place, folder, 'choices.bin'), '');
    const refused = await seedraft('replay', folder, '--json');
    expect(refused.code).toBe(64);
    expect(refused.stderr).toContain('choices.bin (0 bytes) does not match');
    expect(objectOf(refused)).toMatchObject({
      exitCode: 64,
      error: expect.stringMatching(/choices/),
    });
  });

  test('a pipe that closes early changes nothing', async () => {
    const piped = `'${process.execPath}' '${BIN}' run short.yaml --seed 1 --trace | head -1`;
    const { code, stdout, stderr } = await ended('sh', ['-c', piped]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^#0 t=0\.000000 n1 boots/);
  });
});

test('a mistake names its place, ends with 64 and writes nothing', async () => {
  const before = readdirSync(place);
  const ghost = await seedraft('fuzz', 'ghost.yaml', '--seeds', '1', '--out', 'never');
  expect(ghost.code).toBe(64);
  expect(ghost.stderr).toContain('ghost.yaml:3:15: faults[0].target: there is no member n9');
  const unknown = await seedraft('fuz', '--json');
  expect([unknown.code, objectOf(unknown).exitCode]).toEqual([64, 64]);
  expect(readdirSync(place)).toEqual(before);
});

test('help says how to begin, what is checked, and what each exit code means', async () => {
  const { code, stdout } = await seedraft('--help');
  expect(code).toBe(0);
  for (const part of [
    'S22  Bounds hold',
    'LIN  Linearizability',
    'swizzle',
    '130  interrupted',
    'into 45s',
  ]) {
    expect(stdout).toContain(part);
  }
  expect(stdout.indexOf('S1 ')).toBeLessThan(stdout.indexOf('L1 '));
});
