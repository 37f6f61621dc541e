#!/usr/bin/env node
// Only finds the compiled command. Whatever goes wrong on the way is our own failure (70), never a finding.
import { existsSync } from 'node:fs';

const main = new URL('../dist/main.js', import.meta.url);

function fail(sentence) {
  console.error(sentence);
  process.exit(70);
}

if (!existsSync(main)) fail('seedraft is not built yet. Run: npm run build');
try {
  await import(main.href);
} catch (error) {
  fail(`seedraft cannot start: ${error?.stack ?? error}`);
}
