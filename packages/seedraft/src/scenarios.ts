/** Finds scenario files: the shipped ones, and those a user names (a file, a folder, or the name of a shipped one such as `paper/figure-8`). */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Scenario } from '@seedraft/sim';
import type { ScenarioSource } from './campaign/task.ts';
import type { Config } from './config/define.ts';
import { type ConfigInForce, NO_CONFIG } from './config/load.ts';
import { UsageError } from './exit-codes.ts';
import { nearestNames } from './nearest-names.ts';
import { fileProblem, readInput } from './read-input.ts';
import { parseScenario } from './scenario-file.ts';
import { commandLine, shownPath } from './shell.ts';

const FILE = /\.(ya?ml|json)$/;
const LARGEST_MEBIBYTES = 1;
const PROBLEMS_SHOWN = 10;

/** Within the package when installed; at the top of the house in a checkout, and never in what happens to lie around an installation. */
function shippedFolder(): string {
  const at = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
  const isCheckout = existsSync(at('../../../packages/seedraft/package.json'));
  const folder = at(isCheckout ? '../../../scenarios' : '../scenarios');
  if (existsSync(folder)) return folder;
  throw new Error('the shipped scenarios are missing from this installation');
}

/** Sorted; nothing hidden, nothing of a dependency, not the JSON Schema. */
function filesBelow(folder: string): string[] {
  const files: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const at = path.join(folder, entry.name);
    if (entry.isDirectory()) files.push(...filesBelow(at));
    else if (FILE.test(entry.name) && entry.name !== 'schema.json') files.push(at);
  }
  return files.sort();
}

/** `paper/figure-8` for a shipped file, else its path as people would write it. */
function nameOf(file: string): string {
  const relative = path.relative(shippedFolder(), path.resolve(file));
  const isShipped = !relative.startsWith('..') && !path.isAbsolute(relative);
  return isShipped ? relative.replace(FILE, '') : shownPath(file);
}

function filesAt(place: string): string[] {
  if (!existsSync(place)) return [];
  return statSync(place).isDirectory() ? filesBelow(place) : [place];
}

/** What exists as written wins over a shipped name, except a folder that holds no scenario. */
function resolveName(name: string): string[] {
  const shipped = path.join(shippedFolder(), name);
  for (const place of [name, shipped, `${shipped}.yaml`, `${shipped}.yml`, `${shipped}.json`]) {
    const files = filesAt(place);
    if (files.length > 0) return files;
  }
  if (existsSync(name)) throw new UsageError(`No scenario files (.yaml, .yml, .json) in ${name}.`);
  const all = filesBelow(shippedFolder()).map(nameOf);
  const near = nearestNames(name.replace(FILE, ''), all);
  throw new UsageError(
    `No scenario ${name}: neither a file, a folder, nor a shipped scenario. ${near.length > 0 ? 'Did you mean' : 'Shipped are'}: ${(near.length > 0 ? near : all).join(', ')}`,
  );
}

/** The files named, or scenarios of the config; when none is named those of the config, or else all shipped ones. Throws UsageError with line and column for every file that is not valid. */
export function findScenarios(
  names: readonly string[],
  { config, bundle }: ConfigInForce = NO_CONFIG,
): ScenarioSource[] {
  const written = config === null ? [] : writtenIn(config, bundle?.file ?? 'the config');
  const asked = names.length > 0 ? names : askedBy(config, bundle);
  const found = asked.flatMap((name): ScenarioSource[] => {
    const own = written.find(({ file }) => file === name);
    return own === undefined ? filesOf(name).map(sourceAt) : [own];
  });
  const sources = new Map<string, ScenarioSource>();
  const wrong: string[] = [];
  for (const source of found) {
    if (sources.has(source.file)) continue;
    sources.set(source.file, source);
    wrong.push(...problemsOf(source, config !== null));
  }
  if (wrong.length > 0) throw new UsageError(wrong.join('\n'));
  return [...sources.values()];
}

const sourceAt = (file: string): ScenarioSource => ({
  file: nameOf(file),
  text: readScenarioText(file),
});

/** The scenarios that stand in the config itself, under their names. */
function writtenIn({ scenarios = [] }: Config, origin: string): ScenarioSource[] {
  return scenarios.flatMap((one, place) => {
    if (typeof one === 'string') return [];
    const file = typeof one?.name === 'string' ? one.name : `scenarios[${place}]`;
    const text = JSON.stringify(one) ?? '';
    return [{ file, text, origin: `${origin}: scenario ${file}` }];
  });
}

/** What runs when nothing is named. Files are looked for beside the config. */
function askedBy(config: Config | null, bundle: ConfigInForce['bundle']): string[] {
  if (config === null) return [shippedFolder()];
  const beside = path.dirname(bundle?.file ?? '.');
  const { scenarios = ['swarm'] } = config;
  return scenarios.map((one, place) => {
    if (typeof one !== 'string') return one?.name ?? `scenarios[${place}]`;
    const file = path.join(beside, one);
    return existsSync(file) ? file : one;
  });
}

function filesOf(name: string): string[] {
  try {
    return resolveName(name);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${name} ${fileProblem(error)}.`);
  }
}

function readScenarioText(file: string): string {
  return readInput(file, LARGEST_MEBIBYTES).toString('utf8');
}

/** `file:line:column: path: message` of each problem; empty when the scenario is valid. */
function problemsOf(source: ScenarioSource, hasConfig: boolean): string[] {
  const loaded = parseScenario(source.text);
  if (loaded.ok) {
    const { kind } = loaded.scenario.workload;
    if ((kind !== 'own' && kind !== 'protocol') || hasConfig) return [];
    const what = kind === 'own' ? 'machine' : 'protocol';
    return [
      `${source.file}: its workload is that of a ${what} of your own (kind: ${kind}), and there is no seedraft.config.ts here. ` +
        `Write one (${commandLine('init')}), or name it with --config.`,
    ];
  }
  const lines = loaded.problems.slice(0, PROBLEMS_SHOWN).map((problem) => {
    const place = source.origin ?? `${source.file}:${problem.line}:${problem.column}`;
    const at = problem.path === '' ? '' : ` ${problem.path}:`;
    const hint = problem.suggestion === null ? '' : `. Did you mean ${problem.suggestion}?`;
    return `${place}:${at} ${problem.message}${hint}`;
  });
  const more = loaded.problems.length - lines.length;
  return more > 0 ? [...lines, `${source.file}: and ${more} more problems`] : lines;
}

/** Parses what `findScenarios` gave. Throws UsageError like it. */
export function loadScenario(source: ScenarioSource): Scenario {
  const loaded = parseScenario(source.text);
  if (loaded.ok) return loaded.scenario;
  throw new UsageError(problemsOf(source, true).join('\n'));
}
