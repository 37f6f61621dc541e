/** Proves that the simulator is pure: it bundles for a browser, with nothing of Node in it, and the bundle runs a seed. */
import vm from 'node:vm';
import { defineScenario, run, scenarioToPlan } from '@seedraft/sim';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const bundle = (contents: string): Promise<string> =>
  build({
    stdin: { contents, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'answer',
    platform: 'browser',
    target: 'es2022',
    conditions: ['@seedraft/source'],
    logLevel: 'silent',
  }).then((result) => result.outputFiles[0]!.text);

test('sim bundles for a browser and gives the same hash there', async () => {
  const code = await bundle(`
    import { defineScenario, run, scenarioToPlan } from '@seedraft/sim';
    const scenario = defineScenario({ name: 'browser', story: 'anything', swarm: 'all' });
    export const hash = run(scenarioToPlan(scenario, '7')).hash;
  `);
  // A context with the language and text codecs only: no process, no require, no timers, no Date to lean on.
  const context = vm.createContext({ TextEncoder, TextDecoder });
  vm.runInContext(`${code};globalThis.hash = answer.hash;`, context);
  const scenario = defineScenario({ name: 'browser', story: 'anything', swarm: 'all' });
  const here = run(scenarioToPlan(scenario, '7'));
  expect((context as { hash: string }).hash).toBe(here.hash);
});

test('a room that reaches for Node does not bundle', async () => {
  await expect(bundle(`import fs from 'node:fs'; export const x = fs;`)).rejects.toThrow('node:fs');
});
