/**
 * `npm run mutants -- [ID...]`: plants each bug, hunts it, and demands that it dies by its expected rule within its budget while the clean
 * house passes the killing seeds; and that each bug planted in a judge (CHECK-...) is caught. Exit 1 when one gets away. See README.md here.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CHECKER_IDS, type Sentence, tryChecker } from './checkers.ts';
import { Ground } from './ground.ts';
import { HOUSE } from './house.ts';
import { type Row, type TrialOptions, tryMutant } from './judge.ts';
import { applyMutant, type Mutant, patchesOf, reversed } from './mutant.ts';
import { MUTANTS, SMOKE } from './mutants.ts';
import { jsonOf, lineOf, lineOfChecker, saveTable } from './table.ts';

const USAGE = `npm run mutants -- [ID...] [options]

  IDs               mutants (M1, LEASE-RESTART, ...) and bugs of judges (CHECK-S10, ...); none: all of them
  --smoke           the few that CI plants on every run, in the swarm only
  --only COLUMNS    of swarm,scenarios,outside (default: all three; outside: only S1, S5, S16, S21, linearizability, liveness)
  --seeds N         seeds of the swarm within which a mutant must die (default: its own budget)
  --roots N         that many disjoint ranges of seeds; figures are medians (default 1)
  --shrink S        shrink each failure for up to S seconds (default 0: not at all)
  --workers N       hunts at a time (default 2)
  --json            one object on standard output
  --save FILE       the table in Markdown, line by line between its marks if FILE has them; may be given again for another file
  --plant ID        patch the working tree instead, to fuzz it by hand (any mutant); --uproot ID takes it out again
`;

function fail(message: string): never {
  console.error(message);
  process.exit(64);
}

function mutantNamed(id: string): Mutant {
  const mutant = MUTANTS.find((known) => known.id.toLowerCase() === id.toLowerCase());
  if (mutant !== undefined) return mutant;
  fail(
    `No mutant ${id}. Known: ${[...MUTANTS.map((known) => known.id), ...CHECKER_IDS].join(', ')}`,
  );
}

/** Patches the working tree, each place exactly once, or nothing at all. */
function patch(mutant: Mutant, what: string): number {
  const files = [...new Set(patchesOf(mutant).map(({ file }) => file))];
  let texts: string[];
  try {
    texts = files.map((file) =>
      applyMutant(mutant, file, readFileSync(path.join(HOUSE, file), 'utf8')),
    );
  } catch (error) {
    fail(
      `${(error as Error).message}\nNothing was ${what} ${files.join(', ')}; git diff shows whether that was done before.`,
    );
  }
  for (const [at, file] of files.entries()) {
    writeFileSync(path.join(HOUSE, file), texts[at] as string);
  }
  console.log(`${mutant.id} (${mutant.title}) ${what} ${files.join(', ')}. Now: npm run build`);
  return 0;
}

/** Of the command line: only what is to be found is planted by hand. */
function plantable(id: string): Mutant {
  if (!CHECKER_IDS.includes(id.toUpperCase())) return mutantNamed(id);
  fail(`${id} is a bug of a judge: npm run mutants -- ${id} tries it; it is not for planting.`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    fail(`--${name} wants a number from 1 on, not ${text}`);
  return value;
}

type ColumnName = 'swarm' | 'scenarios' | 'outside';
const COLUMNS: readonly ColumnName[] = ['swarm', 'scenarios', 'outside'];

function columnsOf(text: string | undefined, smoke: boolean): ReadonlySet<ColumnName> {
  if (text === undefined) return new Set(smoke ? ['swarm'] : COLUMNS);
  const names = text.split(',');
  const columns = COLUMNS.filter((name) => names.includes(name));
  if (columns.length !== names.length)
    fail(`--only wants some of ${COLUMNS.join(',')}, not ${text}`);
  return new Set(columns);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean' },
    json: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    only: { type: 'string' },
    seeds: { type: 'string' },
    roots: { type: 'string', default: '1' },
    shrink: { type: 'string' },
    workers: { type: 'string', default: '2' },
    save: { type: 'string', multiple: true, default: [] },
    plant: { type: 'string' },
    uproot: { type: 'string' },
  },
});

interface Chosen {
  readonly mutants: readonly Mutant[];
  readonly checkers: readonly string[];
}

function choose(): Chosen {
  if (positionals.length === 0) {
    if (values.smoke) return { mutants: SMOKE.map(mutantNamed), checkers: [] };
    return { mutants: MUTANTS, checkers: CHECKER_IDS };
  }
  const ids = positionals.map((id) => id.toUpperCase());
  const checkers = CHECKER_IDS.filter((id) => ids.includes(id));
  return { mutants: ids.filter((id) => !checkers.includes(id)).map(mutantNamed), checkers };
}

function trialOptions(): TrialOptions {
  return {
    roots: positive('roots', values.roots),
    seeds: values.seeds === undefined ? null : positive('seeds', values.seeds),
    columns: columnsOf(values.only, values.smoke),
    patience: values.shrink === undefined ? 0 : positive('shrink', values.shrink) * 1000,
  };
}

/** Runs `each` over the list, `lanes` at a time; the results in the order of the list. */
async function inLanes<T, R>(
  list: readonly T[],
  lanes: number,
  each: (one: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < list.length) {
      const at = next++;
      results[at] = await each(list[at] as T);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

async function hold(chosen: Chosen, folder: string): Promise<number> {
  const options = trialOptions();
  const lanes = positive('workers', values.workers);
  const say = values.json ? console.error : console.log;
  const sentences = await inLanes(chosen.checkers, lanes, async (id) => {
    const sentence = await tryChecker(id, folder);
    say(lineOfChecker(sentence));
    save([], [sentence]);
    return sentence;
  });
  const clean = await Ground.plant([], folder);
  const rows = await inLanes(chosen.mutants, lanes, async (mutant) => {
    const row = await tryMutant(mutant, clean, folder, options);
    say(lineOf(row));
    save([row], []);
    return row;
  });
  await clean.leave();
  return tell(rows, sentences);
}

/** At once: a hunt over all of them takes hours, and may be cut short. */
function save(rows: readonly Row[], sentences: readonly Sentence[]): void {
  for (const file of values.save) saveTable(file, rows, sentences);
}

function tell(rows: readonly Row[], sentences: readonly Sentence[]): number {
  // What was looked at from outside alone need not be found there.
  const hunted = rows.filter((row) => row.swarm !== null || row.scenarios !== null);
  const dead = hunted.filter((row) => row.killed && row.cleanPasses === true).length;
  const outside = rows.filter((row) => row.outside !== null);
  const seen = outside.filter((row) => row.outside?.killed !== 0).length;
  const caught = sentences.filter((sentence) => sentence.caught).length;
  const lines = [
    [dead, hunted.length, 'mutants killed by their expected rule'],
    [seen, outside.length, 'mutants found from outside'],
    [caught, sentences.length, 'bugs of judges caught'],
  ] as const;
  if (values.json) console.log(jsonOf(rows, sentences));
  else {
    for (const [found, of, what] of lines) if (of > 0) console.log(`${found} of ${of} ${what}`);
  }
  return dead === hunted.length && caught === sentences.length ? 0 : 1;
}

async function main(): Promise<number> {
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (values.plant !== undefined) return patch(plantable(values.plant), 'planted in');
  if (values.uproot !== undefined) return patch(reversed(plantable(values.uproot)), 'taken out of');
  const folder = mkdtempSync(path.join(tmpdir(), 'seedraft-mutants-'));
  try {
    return await hold(choose(), folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
