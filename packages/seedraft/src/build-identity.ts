/**
 * Which code this is. A seed means something only together with the code that ran it, so every run folder records the version, the commit
 * (when there is one) and a hash over the compiled rooms; a replay under another build is refused.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export interface BuildIdentity {
  readonly version: string;
  /** 40 hex digits, or '' outside a checkout; `+` appended when files differ from it. */
  readonly commit: string;
  /** 16 hex digits over the compiled code of every room. */
  readonly build: string;
}

/** The rooms whose code decides what a seed does. */
const ROOMS = ['core', 'codec', 'replica', 'kv', 'check', 'wire', 'store', 'sim'];

/** This package, in a checkout or in node_modules. */
const HERE = fileURLToPath(new URL('..', import.meta.url));

/** Sorted. What a former build left behind has no source any more and does not count. */
function compiledFiles(dist: string): string[] {
  const source = path.join(dist, '..', 'src');
  return readdirSync(dist, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
    .map((entry) => path.relative(dist, path.join(entry.parentPath, entry.name)))
    .filter(
      (file) => !existsSync(source) || existsSync(path.join(source, `${file.slice(0, -3)}.ts`)),
    )
    .sort();
}

function buildHash(): string {
  const hash = createHash('sha256');
  for (const room of ROOMS) {
    const dist = path.dirname(fileURLToPath(import.meta.resolve(`@seedraft/${room}`)));
    for (const file of compiledFiles(dist)) {
      hash.update(`${room}/${file}\0`).update(readFileSync(path.join(dist, file)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

function git(folder: string, ...args: string[]): string {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as ('ignore' | 'pipe')[];
    return execFileSync('git', args, { cwd: folder, encoding: 'utf8', stdio }).trim();
  } catch {
    return '';
  }
}

/** Of our own repository only: installed, this package lies within somebody else's. */
function commitOfCheckout(): string {
  const top = git(HERE, 'rev-parse', '--show-toplevel');
  const ours = top !== '' && path.join(top, 'packages', 'seedraft');
  if (!ours || !existsSync(ours) || realpathSync(ours) !== realpathSync(HERE)) return '';
  const commit = git(top, 'rev-parse', 'HEAD');
  return git(top, 'status', '--porcelain', '--', 'packages', 'sim') === '' ? commit : `${commit}+`;
}

let known: BuildIdentity | undefined;

export function buildIdentity(): BuildIdentity {
  if (known !== undefined) return known;
  const manifest = readFileSync(path.join(HERE, 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  known = { version, commit: commitOfCheckout(), build: buildHash() };
  return known;
}
