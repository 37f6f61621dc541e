#!/usr/bin/env node
// Builds the page of a run into the one file that the command fills: packages/seedraft/dist/report.html. Passes over the work when nothing
// it is made of has changed since. The page may run its own script and nothing else, whatever stands in it, and ask nobody for anything.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const top = path.join(here, '..', '..');
const target = path.join(top, 'packages/seedraft/dist/report.html');

/** A hash over everything that the page is made of. */
function sources() {
  const hash = createHash('sha256');
  const files = [fileURLToPath(import.meta.url), path.join(here, 'index.html')];
  for (const folder of [path.join(here, 'src'), path.join(top, 'sim/src/recording')]) {
    const inside = readdirSync(folder, { recursive: true, withFileTypes: true });
    files.push(
      ...inside.filter((one) => one.isFile()).map((one) => path.join(one.parentPath, one.name)),
    );
  }
  for (const file of files.sort()) hash.update(path.relative(top, file)).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

const mark = `<!-- of ${sources()} -->`;
if (!existsSync(target) || !readFileSync(target, 'utf8').endsWith(`${mark}\n`)) await build();

async function build() {
  // Whoever asks, a test or a person: the same page.
  process.env.NODE_ENV = 'production';
  const { build: bundle } = await import('vite');
  const { viteSingleFile } = await import('vite-plugin-singlefile');
  const result = await bundle({
    root: here,
    configFile: false,
    logLevel: 'warn',
    resolve: { conditions: ['@seedraft/source', 'module', 'browser', 'production'] },
    plugins: [viteSingleFile({ removeViteModuleLoader: true })],
    build: { write: false, target: 'es2022', modulePreload: false },
  });
  const page = result.output.find(({ fileName }) => fileName === 'index.html').source;
  const scripts = [...page.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)];
  if (scripts.length !== 1)
    throw new Error(`expected one script in the page, found ${scripts.length}`);
  const hash = createHash('sha256').update(scripts[0][1]).digest('base64');
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'`;
  const guarded = page.replace(
    '<meta charset="utf-8" />',
    `$&\n    <meta http-equiv="Content-Security-Policy" content="${policy}" />`,
  );
  if (guarded === page) throw new Error('the page has no place for its policy');
  mkdirSync(path.dirname(target), { recursive: true });
  // Others may read while this is written.
  writeFileSync(`${target}.${process.pid}`, `${guarded.trimEnd()}\n${mark}\n`);
  renameSync(`${target}.${process.pid}`, target);
  console.log(`${path.relative(top, target)} (${Math.round(guarded.length / 1024)} kB)`);
}
