#!/usr/bin/env node
// What users get: every package is packed, looked at by publint and attw, and installed from its tarball into an empty project. There `seedraft
// init` must give a vitest test that passes, types that check and a config that fuzzes; shipped scenarios must be found; and the README's
// snippet must run. Needs a registry (or npm's cache) for the packages of others. `--keep DIR` leaves the tarballs that were tried, to be published.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const top = fileURLToPath(new URL('../..', import.meta.url));
const place = mkdtempSync(path.join(tmpdir(), 'seedraft-packing-'));
const tarballs = path.join(place, 'tarballs');
const project = path.join(place, 'project');
const env = { ...process.env, NO_COLOR: '1', npm_config_loglevel: 'error' };

/** Its output; a failure shows all of it and ends everything. */
function run(cwd, program, ...args) {
  try {
    return execFileSync(program, args, { cwd, env, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    console.error(`FAIL ${program} ${args.join(' ')}\n${error.stdout}${error.stderr}`);
    throw error;
  }
}

/** As `run`, for what must end with this exit code. */
function runFailing(code, cwd, program, ...args) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: 'utf8' });
  if (status === code) return stdout + stderr;
  throw new Error(
    `${program} ${args.join(' ')} ended with ${status}, not ${code}:\n${stdout}${stderr}`,
  );
}

function step(name, action) {
  const began = performance.now();
  action();
  console.log(`ok   ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
}

function expectText(text, pattern) {
  if (!pattern.test(text)) throw new Error(`expected ${pattern} in:\n${text}`);
}

const rooms = ['sim', ...readdirSync(path.join(top, 'packages')).map((name) => `packages/${name}`)];
const isPrivate = (room) =>
  JSON.parse(readFileSync(path.join(top, room, 'package.json'), 'utf8')).private === true;
const manifest = JSON.parse(readFileSync(path.join(top, 'package.json'), 'utf8'));
const pinned = (name) => `${name}@${manifest.devDependencies[name]}`;

try {
  mkdirSync(tarballs);
  mkdirSync(project);
  step('pack', () => {
    for (const room of rooms.filter((one) => !isPrivate(one))) {
      // Scripts are off in this house; the one that ships the scenarios is ours.
      const flags = ['--silent', '--ignore-scripts=false', '--pack-destination', tarballs];
      run(path.join(top, room), 'npm', 'pack', ...flags);
    }
  });
  const packed = readdirSync(tarballs).map((name) => path.join(tarballs, name));
  step('publint', () => {
    for (const file of packed) run(top, 'npx', '--no-install', 'publint', file, '--strict');
  });
  step('types resolve (attw)', () => {
    for (const file of packed) {
      run(top, 'npx', '--no-install', 'attw', file, '--profile', 'esm-only', '--no-emoji');
    }
  });
  step('install into an empty project', () => {
    writeFileSync(
      path.join(project, 'package.json'),
      '{ "name": "empty", "private": true, "type": "module" }\n',
    );
    const others = ['vitest', 'fast-check', 'typescript'].map(pinned);
    const quiet = ['--prefer-offline', '--no-audit', '--no-fund'];
    run(project, 'npm', 'install', ...quiet, ...packed, ...others);
  });
  step('init, the vitest test, types, fuzz, a shipped scenario', () => {
    expectText(run(project, 'npx', 'seedraft', 'init'), /npx seedraft fuzz --for 20s/);
    expectText(run(project, 'npx', 'vitest', 'run'), /6 passed/);
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023'];
    const files = ['seedraft.config.ts', 'seedraft.test.ts', '--allowImportingTsExtensions'];
    // Whoever checks libraries too, and has asked for no types of Node's, finds all that ours need.
    run(project, 'npx', 'tsc', ...flags, '--skipLibCheck', 'false', ...files);
    expectText(run(project, 'npx', 'seedraft', 'fuzz', '--seeds', '2'), /4 passed, 0 failed/);
    const shipped = run(project, 'npx', 'seedraft', 'run', 'paper/figure-8', '--seed', '1');
    expectText(shipped, /^pass/);
    expectText(run(project, 'npx', 'seedraft', '--help'), /fuzz/);
  });
  step("the example's bug: planted, found, shrunk, explained and drawn", () => {
    const file = path.join(project, 'seedraft.config.ts');
    const text = readFileSync(file, 'utf8');
    const planted = text.replace('[[...this.#counts]].values()', '[].values()');
    if (planted === text) throw new Error('the bug has no place in the config any more');
    writeFileSync(file, planted);
    const found = runFailing(
      10,
      project,
      'npx',
      'seedraft',
      'fuzz',
      'scenarios',
      '--seeds',
      '1',
      '--shrink',
    );
    expectText(found, /SAFETY VIOLATION: leader crashes, seed 1/);
    expectText(found, /Explain it: /);
    const folder = 'runs/leader-crashes-seed-1';
    const raw = readFileSync(path.join(project, folder, 'run.json'), 'utf8');
    const small = readFileSync(path.join(project, folder, 'shrunk/run.json'), 'utf8');
    const [before, after] = [raw, small].map((record) => JSON.parse(record).events);
    if (!(after < before)) throw new Error(`shrunk from ${before} events to ${after}`);
    console.log(`     ${before} events became ${after}`);
    runFailing(10, project, 'npx', 'seedraft', 'explain', `${folder}/shrunk`);
    const page = readFileSync(path.join(project, folder, 'report.html'), 'utf8');
    if (page.length > 1_000_000) throw new Error(`report.html has ${page.length} characters`);
    const failing = runFailing(1, project, 'npx', 'vitest', 'run', 'shrunk');
    expectText(failing, /leader-crashes-\w+\.test\.ts/);
    writeFileSync(file, text);
    expectText(run(project, 'npx', 'vitest', 'run', 'shrunk'), /1 passed/);
  });
  step("the README's snippet", () => {
    const readme = readFileSync(path.join(project, 'node_modules/seedraft/README.md'), 'utf8');
    const [, snippet] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
    writeFileSync(path.join(project, 'snippet.ts'), snippet);
    const flags = ['--bundle', '--packages=external', '--platform=node', '--format=esm'];
    run(project, 'npx', 'esbuild', 'snippet.ts', ...flags, '--outfile=snippet.mjs');
    expectText(run(project, 'node', 'snippet.mjs'), /^2\n$/);
  });
  const keep = process.argv.indexOf('--keep');
  if (keep > 0) cpSync(tarballs, path.resolve(process.argv[keep + 1]), { recursive: true });
} finally {
  rmSync(place, { recursive: true, force: true });
}
