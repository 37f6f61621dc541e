/**
 * A user's seedraft.config.ts under the command, as a process: found, bundled, run in workers; a planted bug becomes a story; replay takes
 * only the config that the run was of, and names the line that works; every mistake in a config is exit 64 with its file and place. A machine
 * that never returns is given up and named. Results of a protocol are judged by whoever merges them as by whoever ran them.
 */
import { execFile, spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const TOP = fileURLToPath(new URL('../..', import.meta.url));
const BIN = path.join(TOP, 'packages/seedraft/bin/seedraft.js');
const place = mkdtempSync(path.join(tmpdir(), 'seedraft-config-'));
afterAll(() => rmSync(place, { recursive: true }));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function ended(cwd: string, program: string, args: readonly string[]): Promise<Ended> {
  const env = { ...process.env, NO_COLOR: '1' };
  return new Promise((resolve) => {
    const child = execFile(program, [...args], { cwd, env }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

const seedraft = (cwd: string, ...args: string[]): Promise<Ended> =>
  ended(cwd, process.execPath, [BIN, ...args]);

/** A copy of an example, with this done to its machine. */
function project(name: string, example: string, edits: Readonly<Record<string, string>>): string {
  const folder = path.join(place, name);
  cpSync(path.join(TOP, 'examples', example), folder, { recursive: true });
  const file = path.join(folder, `${example}.ts`);
  let text = readFileSync(file, 'utf8');
  for (const [find, replace] of Object.entries(edits)) {
    expect(text.split(find), find).toHaveLength(2);
    text = text.replace(find, replace);
  }
  writeFileSync(file, text);
  return folder;
}

describe('a machine with a planted bug', () => {
  let folder = '';
  let failed: Ended;
  let line = '';
  beforeAll(async () => {
    folder = project('forgetful', 'counter', {
      '[[...this.#counts]].values()': '[[...this.#counts].slice(1)].values()',
    });
    failed = await seedraft(folder, 'fuzz', 'leader crashes', '--seeds', '1', '--workers', '1');
    line = /^Replay it: +(.+)$/m.exec(failed.stdout)?.[1] ?? '';
  }, 120_000);

  test('fails with a story and a line that replays it', { timeout: 120_000 }, async () => {
    expect(failed.code, failed.stdout + failed.stderr).toBe(10);
    expect(failed.stdout).toMatch(/SAFETY VIOLATION: leader crashes, seed \d/);
    expect(failed.stdout).toMatch(/^What led there:$/m);
    // A comment is no other machine; another answer is.
    appendFileSync(path.join(folder, 'counter.ts'), '// nothing\n');
    const replayed = await ended(folder, 'sh', ['-c', line]);
    expect(replayed.code).toBe(10);
    expect(replayed.stdout).toMatch(/replayed: hash [0-9a-f]{16} agrees/);
  });

  test('replay refuses another config and names the line that works', {
    timeout: 120_000,
  }, async () => {
    const run = line.split(' replay ')[1]!;
    appendFileSync(path.join(folder, 'seedraft.config.ts'), 'console.log();\n');
    const ways = [];
    for (const flags of [[], ['--no-config']]) {
      const refused = await seedraft(folder, 'replay', run, ...flags);
      expect(refused.code).toBe(64);
      ways.push(/Replay it with the one it keeps: (.+)$/m.exec(refused.stderr)?.[1] ?? 'false');
    }
    expect(ways[1]).toBe(ways[0]);
    const replayed = await ended(folder, 'sh', ['-c', ways[0]!]);
    expect(replayed.stdout).toMatch(/replayed: hash [0-9a-f]{16} agrees/);
  });
});

describe('a machine that never returns', () => {
  /** Under seeds 1 to 3 of this story no count gets that high; under seed 4 one does. */
  const hanging = (name: string, value: number): string => {
    const folder = project(name, 'counter', {
      '?? 0) + by;': `?? 0) + by;\nif (value > ${value}) for (;;);`,
    });
    const story = 'name: counted\nworkload: { for: 1s, rate: 20 }\nliveness: false\n';
    writeFileSync(path.join(folder, 'counted.yaml'), story);
    return folder;
  };

  test('is given up and named with its line; what was counted before stays what it is', {
    timeout: 120_000,
  }, async () => {
    const folder = hanging('sometimes', 25);
    const fuzz = (...flags: string[]): Promise<Ended> =>
      seedraft(folder, 'fuzz', 'counted.yaml', '--workers', '1', ...flags);
    const failed = await fuzz('--seeds', '12', '--unit-timeout', '2s', '--results', 'all.ndjson');
    expect(failed.code, failed.stdout + failed.stderr).toBe(15);
    expect(failed.stdout).toMatch(/had not ended after [23] s of wall time, and was given up/);
    expect(failed.stdout).toMatch(/^Replay it: .* run counted\.yaml --seed 4$/m);
    expect(failed.stdout).toContain('--seeds 1..3 (not reached: --seeds 4..12)');
    const hash = /campaign hash [0-9a-f]{16}/.exec(failed.stdout)?.[0];
    expect((await fuzz('--seeds', '3')).stdout).toContain(hash);
    const merged = await seedraft(folder, 'corpus', 'merge', 'all.ndjson', '--seeds', '12');
    expect([merged.code, merged.stdout]).toEqual([13, expect.stringContaining(hash!)]);
  });

  test('is named when the time is over, and by an interruption', { timeout: 120_000 }, async () => {
    const folder = hanging('always', -1);
    const flags = ['fuzz', 'counted.yaml', '--for', '1s', '--workers', '1'];
    const child = spawn(process.execPath, [BIN, ...flags], { cwd: folder });
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += text;
      if (stderr.includes('has been running for')) child.kill('SIGINT');
    });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(130);
    expect(stderr).toMatch(
      /counted\.yaml, seed 1 has been running for [5-9] s: .* run counted\.yaml/,
    );
    const strange = await seedraft(folder, 'fuzz', '--unit-timeout', 'soon');
    expect([strange.code, strange.stderr]).toEqual([
      64,
      expect.stringContaining('--unit-timeout soon: give a time above 0'),
    ]);
  });
});

describe('a campaign of a protocol, merged', () => {
  /** Its config lies in a file of this name, and is given with --config. */
  const CONFIG = 'booking.config.ts';
  const booking = (name: string, edits: Readonly<Record<string, string>>): string => {
    const folder = project(name, 'two-phase-commit', edits);
    renameSync(path.join(folder, 'seedraft.config.ts'), path.join(folder, CONFIG));
    return folder;
  };

  test('fails for a message that was never exercised, though no shard could judge that', {
    timeout: 240_000,
  }, async () => {
    const folder = booking('silent', {});
    const file = path.join(folder, CONFIG);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace("'Abort', 'Ask']", "'Abort', 'Ask', 'Cancel']"));
    for (const shard of ['1', '2']) {
      const flags = ['--seeds', '64', '--shard', `${shard}/2`, '--results', `${shard}.ndjson`];
      const run = await seedraft(folder, 'fuzz', 'swarm', ...flags, '--config', CONFIG);
      expect(run.code, run.stdout + run.stderr).toBe(0);
    }
    const merged = await seedraft(folder, 'corpus', 'merge', '1.ndjson', '2.ndjson');
    expect(merged.stdout).toContain(
      'never exercised: no member ever handled a message of type Cancel',
    );
    expect(merged.code).toBe(14);
  });

  test('fails for a broken rule with its definition; lines and the shrunk test name the config', {
    timeout: 120_000,
  }, async () => {
    const folder = booking('hasty', {
      "return { persist: { records: { [tx]: 'commit' }, tag: tx } };":
        "return { ...commit(tx), persist: { records: { [tx]: 'commit' } } };",
    });
    const flags = ['--seeds', '13..13', '--results', '13.ndjson', '--config', CONFIG];
    expect((await seedraft(folder, 'fuzz', 'swarm', ...flags)).code).toBe(10);
    const small = ['--config', CONFIG, '--runs', '20'];
    const shrunk = await seedraft(folder, 'shrink', 'runs/swarm-seed-13', ...small);
    const [, told = ''] = /^As a test: +(\S+) /m.exec(shrunk.stdout) ?? [];
    expect(told).toBe('runs/swarm-seed-13/shrunk/swarm-atomicity.test.ts');
    const written = readFileSync(path.join(folder, told), 'utf8');
    const [, imported = ''] = /^import config from "(.*)";$/m.exec(written) ?? [];
    expect(path.resolve(folder, path.dirname(told), imported)).toBe(path.join(folder, CONFIG));
    const merged = await seedraft(folder, 'corpus', 'merge', '13.ndjson');
    expect([merged.code, merged.stderr]).toEqual([10, '']);
    expect(merged.stdout).toContain('No participant is told to commit what another');
    expect(merged.stdout).toMatch(
      /^Replay it: .* run swarm --seed 13 --config booking\.config\.ts$/m,
    );
  });
});

describe('a mistake in a config is exit 64 and has a place', () => {
  const wrong = (name: string, config: string): string => {
    const folder = project(name, 'counter', {});
    writeFileSync(path.join(folder, 'seedraft.config.ts'), config);
    return folder;
  };
  const HEAD =
    "import { defineModel } from 'seedraft/check';\nimport { Counter } from './counter.ts';\n" +
    "const model = defineModel({ name: 'm', initial: 0, operations: {} });\n" +
    'const machine = () => new Counter();\n';
  const cases: readonly [string, string, RegExp][] = [
    ['syntax', 'export default {\n  machine: (\n};\n', /seedraft\.config\.ts:3:1: Unexpected "}"/],
    [
      'import',
      "import './gone.ts';\n",
      /seedraft\.config\.ts:1:8: Could not resolve "\.\/gone\.ts"/,
    ],
    ['throws', 'const a = null as any;\n\na.b();\n', /TypeError: .* \(seedraft\.config\.ts:3:3\)/],
    ['nothing', `${HEAD}machine();`, /seedraft\.config\.ts: has no default export/],
    ['shape', `${HEAD}export default { machine, model };`, /workload must be a function/],
    [
      'scenario',
      `${HEAD}export default { machine, model, workload: () => ({}), scenarios: [{ name: 's', faults: [{ at: '1s', crsh: 'n1' }] }] };`,
      /seedraft\.config\.ts: scenario s: .*Did you mean .*crash/,
    ],
    [
      'workload',
      `${HEAD}export default {\n machine, model,\n workload: () => ({\n  next: () => { throw new Error('oh'); } }) };`,
      /next of the workload threw Error: oh \(at seedraft\.config\.ts:8:23\)/,
    ],
  ];
  test.concurrent.each(cases)('%s', { timeout: 120_000 }, async (name, config, message) => {
    const { code, stdout, stderr } = await seedraft(
      wrong(name, config),
      'run',
      name === 'scenario' ? 's' : 'swarm',
      '--seed',
      '1',
    );
    expect([code, stdout + stderr]).toEqual([64, expect.stringMatching(message)]);
  });

  test('an own workload without a config', async () => {
    const folder = wrong('without', '');
    writeFileSync(path.join(folder, 'own.yaml'), 'name: own\nworkload: { kind: own }\n');
    const { code, stderr } = await seedraft(
      folder,
      'run',
      'own.yaml',
      '--seed',
      '1',
      '--no-config',
    );
    expect([code, stderr]).toEqual([
      64,
      expect.stringContaining('own.yaml: its workload is that of a machine of your own'),
    ]);
  });
});
