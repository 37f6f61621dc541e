/** Finds scenario files: the shipped ones, and those a user names (a file, a folder, or the name of a shipped one such as `paper/figure-8`). */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Scenario } from '@seedraft/sim';
import type { ScenarioSource } from './campaign/task.ts';
import { UsageError } from './exit-codes.ts';
import { parseScenario } from './scenario-file.ts';

const FILE = /\.(ya?ml|json)$/;

/** Beside the package when installed, at the top of the house in a checkout. */
function shippedFolder(): string {
  for (const up of ['../scenarios', '../../../scenarios']) {
    const folder = fileURLToPath(new URL(up, import.meta.url));
    if (existsSync(folder)) return folder;
  }
  throw new Error('the shipped scenarios are missing from this installation');
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && FILE.test(entry.name) && entry.name !== 'schema.json')
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

/** `paper/figure-8` for a shipped file; null for any other. */
function shippedName(file: string): string | null {
  const relative = path.relative(shippedFolder(), file);
  return relative.startsWith('..') || path.isAbsolute(relative) ? null : relative.replace(FILE, '');
}

function resolveName(name: string): string[] {
  if (existsSync(name)) return statSync(name).isDirectory() ? filesBelow(name) : [name];
  const shipped = shippedFolder();
  const at = path.join(shipped, name);
  for (const candidate of [at, `${at}.yaml`, `${at}.yml`, `${at}.json`]) {
    if (existsSync(candidate))
      return statSync(candidate).isDirectory() ? filesBelow(candidate) : [candidate];
  }
  const near = filesBelow(shipped)
    .map((file) => shippedName(file)!)
    .filter((known) => known.includes(path.basename(name).replace(FILE, '')));
  const all = near.length > 0 ? near : filesBelow(shipped).map((file) => shippedName(file)!);
  throw new UsageError(
    `No scenario ${name}: neither a file, a folder, nor a shipped scenario. ${near.length > 0 ? 'Did you mean' : 'Shipped are'}: ${all.join(', ')}`,
  );
}

/** The files named; all shipped ones when none is named. Throws UsageError with line and column for the first file that is not valid. */
export function findScenarios(names: readonly string[]): ScenarioSource[] {
  const files = names.length === 0 ? filesBelow(shippedFolder()) : names.flatMap(resolveName);
  if (files.length === 0) throw new UsageError(`No scenario files in ${names.join(', ')}.`);
  return [...new Set(files)].map((file) => {
    const source = { file: shippedName(file) ?? file, text: readFileSync(file, 'utf8') };
    loadScenario(source);
    return source;
  });
}

/** Parses; throws UsageError listing every problem as file:line:column. */
export function loadScenario(source: ScenarioSource): Scenario {
  const loaded = parseScenario(source.text);
  if (loaded.ok) return loaded.scenario;
  const lines = loaded.problems.map((problem) => {
    const place = `${source.file}:${problem.line}:${problem.column}`;
    const at = problem.path === '' ? '' : ` ${problem.path}:`;
    const hint = problem.suggestion ? ` Did you mean ${problem.suggestion}?` : '';
    return `${place}:${at} ${problem.message}${hint}`;
  });
  throw new UsageError(lines.join('\n'));
}
