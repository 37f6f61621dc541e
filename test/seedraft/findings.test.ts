/**
 * What was found is told, whatever becomes of files, terminals and patience: no room for a run folder, results, JUnit XML or the output itself;
 * Ctrl-C while shrinking; sentences that would ring, or give orders to a CI system.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

/** Seconds each on a quiet machine. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const BIN = fileURLToPath(new URL('../../packages/seedraft/bin/seedraft.js', import.meta.url));
const place = mkdtempSync(path.join(tmpdir(), 'seedraft-findings-'));
afterAll(() => rmSync(place, { recursive: true }));

/** A protocol that breaks its rule at the 900th event that it looks at, and says so in a sentence that nobody should print as it is. */
const CONFIG = `
import { defineConfig, defineProtocol, violation } from 'seedraft';

export default defineConfig({
  protocol: defineProtocol({
    name: 'echo',
    messages: ['Ping'],
    members: [2, 3],
    member: ({ members }) => ({
      step(input) {
        if (input.type !== 'Request') return;
        for (let spin = 0; spin < SPINS; spin++);
        return {
          send: members.map((to) => ({ to, message: { type: 'Ping' } })),
          replies: [{ request: input.request.id, output: 'pong' }],
        };
      },
      state: () => ({}),
    }),
    rules: [{
      name: 'calm',
      definition: 'Nobody cries.',
      watch() {
        let left = 900;
        return {
          check() {
            left -= 1;
            if (left < 0) throw violation('calm', 'n1 cries\\n::error::pwned \\u0007 ##[error]pwned');
            return true;
          },
        };
      },
    }],
    workload: () => ({ next: () => ({ f: 'ask', input: 1 }) }),
  }),
  scenarios: ['story.yaml'],
});
`;
const STORY = 'name: story\nworkload: { for: 20s, rate: 50 }\nliveness: false\n';
const SHORT = 'name: short\nworkload: { for: 300ms }\nliveness: false\n';

function project(name: string, spins: number): string {
  const folder = path.join(place, name);
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'seedraft.config.ts'), CONFIG.replace('SPINS', String(spins)));
  writeFileSync(path.join(folder, 'story.yaml'), STORY);
  return folder;
}

const crying = project('crying', 0);
const plain = path.join(place, 'plain');
mkdirSync(plain);
writeFileSync(path.join(plain, 'short.yaml'), SHORT);

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface How {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
}

function ended(program: string, args: readonly string[], { cwd, env, uid }: How): Promise<Ended> {
  return new Promise((resolve) => {
    const options = {
      cwd,
      env: { ...process.env, NO_COLOR: '1', GITHUB_ACTIONS: '', ...env },
      ...(uid !== undefined && { uid, gid: uid }),
    };
    const child = execFile(program, [...args], options, (_, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

const seedraft = (how: How, ...args: string[]): Promise<Ended> =>
  ended(process.execPath, [BIN, ...args], how);

/** With files of at most so many times 512 bytes: what a disk that is full does to larger ones. */
const confined = (blocks: number, how: How, ...args: string[]): Promise<Ended> =>
  ended('sh', ['-c', `ulimit -f ${blocks}; exec "$0" "$@"`, process.execPath, BIN, ...args], how);

/** 16 KiB: a config that is bundled fits, a run folder does not. */
const cramped = (how: How, ...args: string[]): Promise<Ended> => confined(32, how, ...args);

/** With standard output into this file. */
function into(file: string, how: How, line: string): Promise<Ended> {
  return ended('sh', ['-c', `ulimit -f 32; '${process.execPath}' '${BIN}' ${line} > ${file}`], how);
}

const FULL = existsSync('/dev/full');
const ONE = ['--seeds', '1', '--workers', '1'];

describe('without room', () => {
  const nowhere = 'cannot be written: it would be larger than a file may be here';

  test('for its folder, a failing run is told, and leaves nothing', async () => {
    const passed = await confined(1, { cwd: plain }, 'run', 'short.yaml', '--seed', '1', '--save');
    expect(passed).toMatchObject({ code: 69, stdout: expect.stringMatching(/^pass {2}short/) });
    expect(passed.stderr).toContain(`warning: the run folder below runs ${nowhere}`);
    expect(readdirSync(path.join(plain, 'runs'))).toEqual([]);

    const how = { cwd: crying };
    const run = await cramped(how, 'run', 'story.yaml', '--seed', '1', '--out', 'cramped');
    expect(run.code).toBe(10);
    expect(run.stdout).toContain('SAFETY VIOLATION: story, seed 1');
    expect(run.stdout).toContain(`No run folder: the run folder below cramped ${nowhere}`);
    expect(run.stdout).toMatch(/Replay it: .* run story\.yaml --seed 1/);
    const fuzz = await cramped(how, 'fuzz', ...ONE, '--out', 'cramped', '--json');
    expect(fuzz.code).toBe(10);
    expect(JSON.parse(fuzz.stdout).failures).toMatchObject([
      { rule: 'calm', folder: null, note: expect.stringContaining(nowhere) },
    ]);
    expect(readdirSync(path.join(crying, 'cramped'))).toEqual([]);
  });

  test.runIf(FULL)('for JUnit XML, the result is told and its exit code kept', async () => {
    const fuzz = ['fuzz', ...ONE, '--junit'];
    const failed = await seedraft({ cwd: crying }, ...fuzz, '/dev/full');
    expect(failed.code).toBe(10);
    expect(failed.stdout).toContain('SAFETY VIOLATION: story, seed 1');
    expect(failed.stderr).toContain('--junit /dev/full cannot be written: the disk is full.');
    const passed = await seedraft(
      { cwd: plain },
      'fuzz',
      'short.yaml',
      ...ONE,
      '--junit',
      '/dev/full',
    );
    expect(passed.code).toBe(69);
    expect(passed.stdout).toContain('PASS no rule was violated');
    expect(existsSync('/dev/full')).toBe(true);
  });

  test('for JUnit XML, no empty file is left', async () => {
    writeFileSync(path.join(plain, 'wrong.yaml'), `${SHORT}expect: violation S1\n`);
    const words = ['fuzz', 'wrong.yaml', ...ONE, '--junit', 'j.xml'];
    const failed = await confined(1, { cwd: plain }, ...words);
    expect(failed.code).toBe(10);
    expect(failed.stdout).toContain('NOT AS EXPECTED: short, seed 1');
    expect(failed.stderr).toContain(`--junit j.xml ${nowhere}`);
    expect(existsSync(path.join(plain, 'j.xml'))).toBe(false);
    const refused = await seedraft(
      { cwd: plain },
      'fuzz',
      'short.yaml',
      ...ONE,
      '--junit',
      'no/j.xml',
    );
    expect(refused.code).toBe(64);
    expect(refused.stderr).toContain(
      'error: --junit no/j.xml cannot be written: its folder does not exist; make it first.',
    );
    const other = ['--junit', 'j.xml', '--results', 'no/r.ndjson'];
    expect((await seedraft({ cwd: plain }, 'fuzz', 'short.yaml', ...ONE, ...other)).code).toBe(64);
    expect(existsSync(path.join(plain, 'j.xml'))).toBe(false);
  });

  test('for results, the verdict is told, and what is missing', async () => {
    const words = ['--results', 'r.ndjson', ...ONE];
    /** Leaves room in the results file for the line that says which campaign it is, and for nothing more. */
    const fill = async (cwd: string, ...names: string[]): Promise<void> => {
      await seedraft(
        { cwd },
        'fuzz',
        ...names,
        '--results',
        'free.ndjson',
        ...ONE,
        '--out',
        'free',
      );
      const [campaign = ''] = readFileSync(path.join(cwd, 'free.ndjson'), 'utf8').split('\n');
      const room = 32 * 512 - Buffer.byteLength(campaign) - 16;
      writeFileSync(path.join(cwd, 'r.ndjson'), `${'x'.repeat(room)}\n`);
    };
    await fill(crying);
    const failed = await cramped({ cwd: crying }, 'fuzz', ...words, '--out', 'cramped');
    expect(failed.code).toBe(10);
    expect(failed.stdout).toContain('SAFETY VIOLATION: story, seed 1');
    expect(failed.stderr).toContain(
      `--results r.ndjson ${nowhere}. It lacks 1 seed, from seed 1 on: run them again.`,
    );
    await fill(plain, 'short.yaml');
    const passed = await cramped({ cwd: plain }, 'fuzz', 'short.yaml', ...words);
    expect(passed.code).toBe(69);
    expect(passed.stdout).toContain('PASS no rule was violated');
    expect(passed.stderr).not.toContain('report it');
  });

  test('for a page, nothing is left of it', async () => {
    const words = ['report', 'story.yaml', '--seed', '1', '--out', 'page.html'];
    const refused = await cramped({ cwd: crying }, ...words);
    expect(refused).toMatchObject({ code: 64, stderr: expect.stringContaining(nowhere) });
    expect(readdirSync(crying).filter((name) => name.startsWith('page'))).toEqual([]);
  });

  test.runIf(FULL)('for the output, it is said, and the exit code is the verdict', async () => {
    for (const words of ['run story.yaml --seed 1', 'fuzz --seeds 1 --json']) {
      const failed = await into('/dev/full', { cwd: crying }, words);
      expect(failed.code).toBe(10);
      expect(failed.stderr).toContain('standard output cannot be written: the disk is full.');
      expect(failed.stderr).not.toContain('report it');
    }
    const passed = await into('/dev/full', { cwd: plain }, 'run short.yaml --seed 1 --json');
    expect(passed.code).toBe(69);
  });

  test('for all of the output, what passed does not end as if it had been told', async () => {
    const cut = await into('trace', { cwd: plain }, 'run short.yaml --seed 1 --trace');
    expect(statSync(path.join(plain, 'trace')).size).toBeLessThanOrEqual(16_384);
    expect(cut.code).toBe(69);
    expect(cut.stderr).toContain(`standard output ${nowhere}`);
  });
});

describe('shrinking', () => {
  const slow = project('slow', 1_000_000);
  let folder = '';
  beforeAll(async () => {
    const { stdout } = await seedraft({ cwd: slow }, 'run', 'story.yaml', '--seed', '1', '--json');
    ({ folder } = JSON.parse(stdout));
  });

  /** Ctrl-C once it has said how far it is. */
  function interrupted(...args: string[]): Promise<Ended> {
    const how = { cwd: slow, env: { ...process.env, NO_COLOR: '1' } };
    const child: ChildProcess = spawn(process.execPath, [BIN, ...args], how);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (text) => {
      stdout += text;
    });
    child.stderr?.on('data', (text) => {
      stderr += text;
      if (/^run \d+: /m.test(stderr)) child.kill('SIGINT');
    });
    return new Promise((resolve) =>
      child.once('close', (code) => resolve({ code, stdout, stderr })),
    );
  }

  test('that is interrupted tells and keeps the least it has', async () => {
    const words = ['shrink', folder, '--for', '1h', '--runs', '100000'];
    const text = await interrupted(...words);
    expect(text.code).toBe(130);
    expect(text.stdout).toMatch(/^calm, in \d+ events \(before: \d+\)$/m);
    expect(text.stdout).toContain('; interrupted, more may go');
    const kept = path.join(folder, 'shrunk');
    expect(existsSync(path.join(slow, kept, 'run.json'))).toBe(true);
    expect((await seedraft({ cwd: slow }, 'replay', kept)).stdout).toContain('replayed: hash');
    const json = await interrupted(...words, '--json');
    expect(json.code).toBe(130);
    expect(json.stdout.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      rule: 'calm',
      finished: false,
      interrupted: true,
      folder: `${kept}-2`,
    });
  });

  test('within fuzz --json is told with its failure', async () => {
    const { code, stdout } = await seedraft({ cwd: crying }, 'fuzz', ...ONE, '--shrink', '--json');
    expect(code).toBe(10);
    const { failures } = JSON.parse(stdout);
    expect(failures[0].shrunk).toBe(path.join(failures[0].folder, 'shrunk'));
    expect(existsSync(path.join(crying, failures[0].shrunk, 'scenario.yaml'))).toBe(true);
  });

  test('without room for its folder tells what it found', async () => {
    const before = readdirSync(path.join(crying, 'runs'));
    const fresh = await seedraft({ cwd: crying }, 'run', 'story.yaml', '--seed', '2', '--json');
    const { folder: raw } = JSON.parse(fresh.stdout);
    expect(before).not.toContain(raw);
    const shrunk = await cramped({ cwd: crying }, 'shrink', raw, '--runs', '1', '--json');
    expect(shrunk.code).toBe(10);
    expect(JSON.parse(shrunk.stdout)).toMatchObject({ rule: 'calm', folder: null });
    expect(shrunk.stderr).toContain('warning: the shrunk run in ');
  });

  // Root may write anywhere.
  test('of a folder that cannot be written is refused at once', async ({ skip }) => {
    chmodSync(place, 0o755);
    chmodSync(path.join(slow, folder), 0o555);
    const how = { cwd: slow, ...(process.getuid?.() === 0 && { uid: 65_534 }) };
    if ((await seedraft(how, '--version')).code !== 0) skip('nobody else may read this checkout');
    const began = performance.now();
    const refused = await seedraft(how, 'shrink', folder, '--for', '1h', '--runs', '100000');
    chmodSync(path.join(slow, folder), 0o755);
    expect(refused.code, refused.stderr).toBe(64);
    expect(refused.stderr).toMatch(
      /error: the shrunk run goes into the run folder, and .* denied\. Copy/,
    );
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});

describe('text of a run', () => {
  /** What a runner takes for a command, and what a terminal obeys. */
  const isOrder = (line: string): boolean => /^\s*::|##\[|\p{Cc}/u.test(line);

  test.each([
    [['run', 'story.yaml', '--seed', '1']],
    [['fuzz', ...ONE]],
    [['fuzz', ...ONE, '--json']],
    [['shrink', 'story.yaml', '--seed', '1', '--runs', '20']],
    [['explain', 'story.yaml', '--seed', '1']],
  ])('%s gives no orders', async (words) => {
    const { stdout, stderr, code } = await seedraft(
      { cwd: crying, env: { GITHUB_ACTIONS: 'true' } },
      ...words,
    );
    expect(code).toBe(10);
    expect(stdout).toContain('n1 cries');
    expect(stdout.split('\n').filter(isOrder)).toEqual([]);
    // Our own annotation, and no other.
    const orders = stderr.split('\n').filter(isOrder);
    const own = words[0] === 'fuzz' ? [expect.stringContaining('::error title=calm%3A story')] : [];
    expect(orders).toEqual(own);
  });

  test('names its last event as traces, explain and pages do, and what can be done next', async () => {
    const run = await seedraft({ cwd: crying }, 'run', 'story.yaml', '--seed', '1', '--trace');
    const [, last] = /^#(\d+) (?!.*^#\d)/ms.exec(run.stdout) ?? [];
    expect(run.stdout).toMatch(new RegExp(`^At t=\\d+\\.\\d{3} s, event #${last}: n1 cries`, 'm'));
    expect(run.stdout).toMatch(/^Explain it: .* explain runs\/story-seed-1/m);
    const explained = await seedraft({ cwd: crying }, 'explain', 'story.yaml', '--seed', '1');
    expect(explained.stdout).toMatch(new RegExp(`^#${last} `, 'm'));
  });
});

test('a working directory that was deleted is no failure of the command', async () => {
  const gone = path.join(place, 'gone');
  mkdirSync(gone);
  const script = `rmdir '${gone}'; exec "$0" "$@"`;
  const args = ['-c', script, process.execPath, BIN, 'run', 'swarm', '--seed', '1'];
  const { code, stderr } = await ended('sh', args, { cwd: gone });
  expect([code, stderr]).toEqual([
    64,
    'error: the working directory does not exist any more: change to one that does, and try again.\n',
  ]);
});
