/**
 * A config to one self-contained piece of code: bundled once, by esbuild, and loaded by every worker. Its hash says which machine,
 * workload and model a run was of; it does not depend on where the files lie or where seedraft is installed.
 *
 * A bundle that a run folder kept is a config too, and has the hash it was kept under: it is never bundled anew.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BuildOptions, Message, Plugin } from 'esbuild';
import { UsageError } from '../exit-codes.ts';
import { fileProblem } from '../read-input.ts';
import { sha256 } from '../run-folder/record.ts';
import { shownPath } from '../shell.ts';

export interface Bundle {
  /** As shown to people. */
  readonly file: string;
  /** The same on every machine; imports of seedraft are left as they were written. */
  readonly text: string;
  /** 16 hex digits of the text. */
  readonly hash: string;
  /** A file of the same code, whose imports are this program's own modules, with a source map. Gone when the process ends. */
  readonly module: string;
}

/** First line of a kept bundle. */
const HEADER = '// A seedraft.config as it was bundled for a run; its hash is in run.json.';

/** Throws UsageError with file, line and column of what does not compile. */
export async function bundleConfig(file: string): Promise<Bundle> {
  const source = read(file);
  const isKept = source.startsWith(HEADER);
  const text = isKept
    ? source
    : `${HEADER}\n${await build(file, { plugins: [seedraftOutside((name) => name)], minifyWhitespace: true })}`;
  const module = path.join(temporaryFolder(), 'seedraft.config.mjs');
  await build(file, {
    plugins: [seedraftOutside((name) => import.meta.resolve(name))],
    sourcemap: 'inline',
    outfile: module,
    write: true,
  });
  return { file: shownPath(file), text, hash: sha256(text).slice(0, 16), module };
}

/** Stacks name the user's own files only where the code is a file with a map. */
function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'seedraft-config-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--config ${file} ${fileProblem(error)}.`);
  }
}

async function build(file: string, options: BuildOptions): Promise<string> {
  const esbuild = await import('esbuild');
  try {
    const { outputFiles } = await esbuild.build({
      entryPoints: [path.resolve(file)],
      absWorkingDir: path.dirname(path.resolve(file)),
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      legalComments: 'none',
      logLevel: 'silent',
      ...options,
    });
    return outputFiles?.[0]?.text ?? '';
  } catch (error) {
    const { errors } = error as { errors?: readonly Message[] };
    if (errors === undefined) throw error;
    throw new UsageError(errors.map((message) => placed(file, message)).join('\n'));
  }
}

/** `file:line:column: what`; lines from 1, columns from 1. */
function placed(file: string, { location, text }: Message): string {
  if (location === null) return `${shownPath(file)}: ${text}`;
  const at = path.resolve(path.dirname(path.resolve(file)), location.file);
  return `${shownPath(at)}:${location.line}:${location.column + 1}: ${text}`;
}

/** One copy of seedraft in a process: what a config imports of it is this very program. */
function seedraftOutside(pathOf: (name: string) => string): Plugin {
  return {
    name: 'seedraft outside',
    setup(build) {
      build.onResolve({ filter: /^(seedraft|@seedraft\/[a-z]+)(\/|$)/ }, ({ path: name }) => {
        try {
          return { path: pathOf(name), external: true };
        } catch {
          return { errors: [{ text: `seedraft has no ${name}` }] };
        }
      });
    },
  };
}
