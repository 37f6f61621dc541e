#!/usr/bin/env node
// `npm run check`: never writes. Format, lint, types, boundaries, dead code, tests; stops at nothing, fails if any failed.
import { spawnSync } from 'node:child_process';

const steps = [
  ['format and lint', 'biome', 'check', '--error-on-warnings', '.'],
  ['types', 'tsc', '-b'],
  ['purity and typed rules', 'eslint', '-c', '.config/eslint.config.js', 'packages', 'sim', 'test'],
  ['boundaries', 'depcruise', '-c', '.config/dependency-cruiser.mjs', 'packages', 'sim'],
  ['dead code', 'knip', '-c', '.config/knip.json'],
  ['tests', 'vitest', 'run', '-c', '.config/vitest.config.ts'],
];
const only = process.argv.slice(2);
const failed = [];
for (const [name, command, ...args] of steps) {
  if (only.length > 0 && !only.some((word) => name.includes(word))) continue;
  const began = performance.now();
  const { status } = spawnSync('npx', ['--no-install', command, ...args], { stdio: 'inherit' });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`check failed: ${failed.join(', ')}. \`npm run fix\` repairs formatting.`);
  process.exit(1);
}
