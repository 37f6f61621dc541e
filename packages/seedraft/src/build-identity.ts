/**
 * Which code this is. A seed means something only together with the code that ran it, so every run folder records the version, the commit
 * (when there is one) and a hash over the compiled rooms; a replay under another build is refused.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
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

function compiledFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

function buildHash(): string {
  const hash = createHash('sha256');
  for (const room of ROOMS) {
    const folder = path.dirname(fileURLToPath(import.meta.resolve(`@seedraft/${room}`)));
    for (const file of compiledFiles(folder)) {
      hash.update(`${room}/${path.relative(folder, file)}\0`).update(readFileSync(file));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

function git(...args: string[]): string {
  const cwd = path.dirname(fileURLToPath(import.meta.url));
  try {
    return execFileSync('git', args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return '';
  }
}

let known: BuildIdentity | undefined;

export function buildIdentity(): BuildIdentity {
  if (known !== undefined) return known;
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const commit = git('rev-parse', 'HEAD').trim();
  const changed =
    commit !== '' && git('status', '--porcelain', '--', '.', '../../../sim', '..').trim() !== '';
  known = {
    version: (JSON.parse(manifest) as { version: string }).version,
    commit: changed ? `${commit}+` : commit,
    build: buildHash(),
  };
  return known;
}
