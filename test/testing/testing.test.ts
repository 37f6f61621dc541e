/** What other people's tests use: scenarios as tests, matchers, arbitraries. Each is seen to fail over a planted bug, and to say what is needed. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { type MachineConfig, type StateMachine, simulate } from 'seedraft';
import { type Operation, register } from 'seedraft/check';
import { machineCommands, runCommands, scenarios } from 'seedraft/fast-check';
import { defineScenario, type RunResult, run, scenarioToPlan } from 'seedraft/sim';
import { assertPass, describeRun, testScenario } from 'seedraft/vitest';
import { afterAll, describe, expect, test } from 'vitest';
import { Counter } from '../../examples/counter/counter.ts';
import counter from '../../examples/counter/seedraft.config.ts';

const TOP = fileURLToPath(new URL('../..', import.meta.url));
const place = mkdtempSync(path.join(tmpdir(), 'seedraft-testing-'));
afterAll(() => rmSync(place, { recursive: true }));

const SHORT = { name: 'short', cluster: { voters: 3 }, workload: { for: '2s' } } as const;
const short = run(scenarioToPlan(defineScenario(SHORT), '1'));

describe('declared by testScenario', () => {
  testScenario(SHORT, { seeds: '3..4' });
  testScenario('paper/figure-8', { seeds: 1, root: 'other' });
  testScenario({ ...SHORT, name: 'own machine' }, { seeds: 2, config: counter });
});

test('testScenario refuses at once what cannot run', () => {
  expect(() => testScenario('paper/figure-88')).toThrow(/Did you mean.*paper\/figure-8/);
  expect(() => testScenario(SHORT, { seeds: '9..1' })).toThrow(/seeds: 9\.\.1: give a number/);
});

test('a bug in a machine fails the test of its seed, with the lines to paste', {
  timeout: 60_000,
}, async () => {
  const folder = path.join(place, 'planted');
  cpSync(path.join(TOP, 'examples/job-queue'), folder, { recursive: true });
  symlinkSync(path.join(TOP, 'node_modules'), path.join(folder, 'node_modules'));
  const file = path.join(folder, 'job-queue.ts');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('this.#waiting.shift()', 'this.#waiting[0]'));
  writeFileSync(path.join(folder, 'short.yaml'), 'name: short\nworkload: { for: 3s }\n');
  const use = `import { testScenario } from 'seedraft/vitest';\nimport config from './seedraft.config.ts';\ntestScenario('short.yaml', { config, seeds: 2 });\n`;
  rmSync(path.join(folder, 'job-queue.test.ts'));
  writeFileSync(path.join(folder, 'short.test.ts'), use);
  writeFileSync(
    path.join(folder, 'vitest.config.mjs'),
    "export default { resolve: { conditions: ['@seedraft/source'] }, ssr: { resolve: { conditions: ['@seedraft/source'] } }, test: { pool: 'threads' } };\n",
  );
  const told = await vitest(folder);
  expect(told.code, told.text).toBe(1);
  expect(told.text).toMatch(/short\.yaml > seed 1\b/);
  expect(told.text).toMatch(/short\.yaml, seed 1: violation at t=/);
  expect(told.text).toMatch(/LIN Linearizability: /);
  expect(told.text).toMatch(/Run it again: .*seedraft.* run short\.yaml --seed 1/);
  expect(told.text).toMatch(/Make it small: .*seedraft.* shrink short\.yaml --seed 1/);
  expect(told.text).toMatch(/seed 1, hash [0-9a-f]{16}/);
});

function vitest(cwd: string): Promise<{ code: number; text: string }> {
  const env = { ...process.env, NO_COLOR: '1', VITEST: '', CI: '' };
  const bin = path.join(TOP, 'node_modules/vitest/vitest.mjs');
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [bin, 'run'], { cwd, env }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, text: stdout + stderr });
    });
  });
}

describe('matchers', () => {
  const broken: RunResult = { ...short, verdict: 'violation', rule: 'S3', sentence: 'no' };
  const undecided: RunResult = { ...short, verdict: 'inconclusive', rule: null, reason: 'why' };

  test('toPass', () => {
    expect(short).toPass();
    expect(broken).not.toPass();
    expect(() => expect(broken).toPass()).toThrow(
      /the run: violation at .*: no\n\nS3 Log matching/i,
    );
    expect(() => expect(short).not.toPass()).toThrow(/acknowledged operations/);
  });

  test('names the last event by its number, and shows no control characters', () => {
    const loud = { ...broken, sentence: 'no\n::error::x\u0007' };
    const at = `at t=${(short.simulatedMicros / 1e6).toFixed(3)} s, event #${short.events - 1}`;
    expect(describeRun(loud)).toContain(`the run: violation ${at}: no\n  \\::error::x\\u0007\n`);
    expect(describeRun({ ...broken, events: 0 })).toMatch(/violation at t=[\d.]+ s: no\n/);
  });

  test('toBreak', () => {
    expect(broken).toBreak('S3');
    expect(broken).not.toBreak('S5');
    expect(() => expect(short).toBreak('S3')).toThrow(/expected S3 to be broken/);
    expect(() => expect(broken).not.toBreak('S3')).toThrow(/expected anything but S3/);
  });

  test('what was not decided satisfies nothing', () => {
    expect(() => expect(undecided).toPass()).toThrow(/inconclusive .*: why/);
    expect(() => expect(undecided).not.toPass()).toThrow(/inconclusive/);
    expect(() => expect(undecided).not.toBreak('S3')).toThrow(/inconclusive/);
    expect(() => assertPass(undecided)).toThrow(/inconclusive/);
  });

  test('toBeLinearizable', () => {
    const model = register();
    const operation = (f: string, input: unknown, output: unknown, at: number): Operation => ({
      process: 0,
      f,
      input,
      output,
      invoked: at,
      returned: at + 1,
    });
    const write = operation('write', 1, 1, 0);
    expect([write, operation('read', null, 1, 2)]).toBeLinearizable(model);
    const stale = [write, operation('read', null, null, 2)];
    expect(stale).not.toBeLinearizable(model);
    expect(() => expect(stale).toBeLinearizable(model)).toThrow(/not linearizable/);
    const strange = [operation('fly', 1, 1, 0)];
    expect(() => expect(strange).toBeLinearizable(model)).toThrow(/not decided/);
    expect(() => expect(strange).not.toBeLinearizable(model)).toThrow(/not decided/);
  });

  test('a run that passed says what was looked at', () => {
    expect(describeRun(short, { scenario: 'short', seed: '1' })).toMatch(
      /^short, seed 1: \d+ events, \d+ acknowledged operations, \d+ rule checks$/,
    );
  });
});

describe('arbitraries', () => {
  test('every generated scenario can run', () => {
    fc.assert(
      fc.property(scenarios({ seconds: 3 }), (scenario) => {
        defineScenario(scenario);
      }),
      { numRuns: 300 },
    );
  });

  test('generated scenarios pass on the built-in machine', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(scenarios({ seconds: 2, maxFaults: 3 }), fc.nat(99), (scenario, seed) => {
        expect(run(scenarioToPlan(defineScenario(scenario), String(seed)))).toPass();
      }),
      { numRuns: 12, seed: 7 },
    );
  });

  test('a correct machine follows its model', () => {
    let asked = 0;
    fc.assert(
      fc.property(machineCommands(), (commands) => {
        asked += runCommands(counter, commands).length;
      }),
    );
    expect(asked).toBeGreaterThan(500);
  });

  test('a wrong answer shrinks to the commands it needs', () => {
    class Forgets extends Counter {
      override apply(command: unknown): number {
        const value = super.apply(command);
        return Math.min(value, 12);
      }
    }
    const told = shrunk({ ...counter, machine: () => new Forgets() });
    expect(told).toMatch(/not linearizable/);
    expect(told.match(/process \d+ {2}add/g)!.length).toBeLessThanOrEqual(4);
  });

  test('a snapshot that forgets is found', () => {
    class Leaky extends Counter {
      override snapshot(): Iterator<unknown> {
        return [].values();
      }
    }
    expect(shrunk({ ...counter, machine: () => new Leaky() })).toMatch(/not linearizable/);
  });

  test('a machine that changes what it is asked is told so, and what it was asked', () => {
    class Greedy extends Counter {
      override apply(command: unknown): number {
        const value = super.apply(command);
        (command as [string, string, number])[2] = 0;
        return value;
      }
    }
    const machine = (): StateMachine => new Greedy();
    expect(shrunk({ ...counter, machine })).toMatch(
      /the machine changed the command of add: it was given \["add","k0",[1-9]\], and left \["add","k0",0\]/,
    );
    class Asked extends Counter {
      override query(query: unknown): number {
        (query as unknown[]).pop();
        return 0;
      }
    }
    expect(shrunk({ ...counter, machine: () => new Asked() })).toMatch(
      /the machine changed the query of read: it was given \["read","k0"\], and left \["read"\]/,
    );
  });

  test('an answer that cannot be carried is found', () => {
    class Strange extends Counter {
      override apply(): number {
        return Number.NaN;
      }
    }
    expect(shrunk({ ...counter, machine: () => new Strange() })).toMatch(
      /the answer to add cannot be carried: /,
    );
  });
});

/** What fast-check says at the end about the shortest commands that fail. */
function shrunk(config: MachineConfig): string {
  const details = fc.check(
    fc.property(machineCommands(), (commands) => void runCommands(config, commands)),
    { seed: 1 },
  );
  expect(details.failed).toBe(true);
  return (details.errorInstance as Error).message;
}

test('simulate speaks of the same machine', () => {
  const machine: () => StateMachine = () => new Counter();
  expect(simulate({ ...counter, machine }, SHORT, 1)).toPass();
});
