/** The scripts of the GitHub Action and of the Indexed Job, as they stand in their files: run over a few seeds, their results add up. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { EXIT } from '../../packages/seedraft/src/exit-codes.ts';

const house = fileURLToPath(new URL('../..', import.meta.url));
const place = mkdtempSync(path.join(tmpdir(), 'seedraft-campaigns-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const bin = path.join(house, 'packages/seedraft/bin/seedraft.js');

function bash(script: string, cwd: string, env: Record<string, string>): string {
  return execFileSync('bash', ['-euo', 'pipefail', '-c', script], {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

function merged(...files: string[]): unknown {
  const text = execFileSync(process.execPath, [bin, 'corpus', 'merge', ...files, '--json'], {
    encoding: 'utf8',
  });
  return JSON.parse(text);
}

test('the Action: inputs become arguments, shards add up, and the summary is there', () => {
  const file = readFileSync(path.join(house, 'deploy/github-action/action.yml'), 'utf8');
  const [{ run, env }] = parse(file).runs.steps as [{ run: string; env: Record<string, string> }];
  const inputs = Object.keys(parse(file).inputs);
  const used = Object.values(env).map((value) => /inputs\.(\S+)/.exec(value)![1]!);
  expect(inputs).toEqual(expect.arrayContaining(used));
  symlinkSync(path.join(house, 'node_modules'), path.join(place, 'node_modules'));
  const results = ['1/2', '2/2'].map((shard) => {
    const cwd = path.join(place, shard[0]!);
    mkdirSync(cwd);
    const summary = path.join(cwd, 'summary.md');
    const none = Object.fromEntries(Object.keys(env).map((name) => [name, '']));
    const inputsGiven = { SCENARIOS: 'paper/figure-8 paper/figure-7', SEEDS: '2', SHARD: shard };
    const github = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary };
    bash(run, cwd, { ...none, ...inputsGiven, ...github });
    expect(readFileSync(summary, 'utf8')).toContain('seedraft: passed');
    expect(existsSync(path.join(cwd, 'seedraft-artifact/junit.xml'))).toBe(true);
    return path.join(cwd, 'seedraft-artifact/results.ndjson');
  });
  expect(merged(...results)).toMatchObject({ seeds: '1..2', runs: 4, missing: null, failed: 0 });
}, 120_000);

test('the Indexed Job: as many shards as completions, each with results of its own', () => {
  const { spec } = parse(readFileSync(path.join(house, 'deploy/fuzz-job.yaml'), 'utf8'));
  const pod = spec.template.spec;
  // The user of the image, who could not write to a volume of root's.
  expect(pod.securityContext).toEqual({ runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000 });
  // What would come again: all but a failure of ours and an interruption.
  const [rule] = spec.podFailurePolicy.rules;
  const { safety, liveness, nondeterminism, inconclusive, vacuity, unfinished, usage } = EXIT;
  expect(rule.onExitCodes.values).toEqual([
    ...[safety, liveness, nondeterminism, inconclusive, vacuity, unfinished, usage],
  ]);
  const [container] = pod.containers;
  const [script] = container.args as [string];
  expect(container.command).toEqual(['sh', '-c']);
  expect(/--shard "\$\(\(JOB_COMPLETION_INDEX \+ 1\)\)\/(\d+)"/.exec(script)![1]).toBe(
    String(spec.completions),
  );
  const folder = path.join(place, 'job');
  mkdirSync(folder);
  // One seed a shard of one story instead of ten thousand of the swarm; all else as it stands.
  const small = script
    .replace('exec node', `cd ${house} && exec node`)
    .replace('fuzz swarm', 'fuzz paper/figure-8')
    .replace('--seeds 160000', '--seeds 16')
    .replaceAll('/results', folder);
  for (const index of ['0', '15']) bash(small, house, { JOB_COMPLETION_INDEX: index });
  expect(merged(path.join(folder, '0.ndjson'))).toMatchObject({ seeds: '1..1' });
  expect(merged(path.join(folder, '15.ndjson'))).toMatchObject({ seeds: '16..16' });
}, 120_000);
