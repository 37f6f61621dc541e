/**
 * `npm run mutants -- [ID...] [--json] [--smoke] [--seeds N]`: plants each bug, hunts it, and demands that it dies by its expected rule
 * within the budget while the clean house passes the killing seed. Exit 1 when one survives. `--plant ID` patches the working tree instead,
 * to fuzz it by hand; `--uproot ID` takes it out again.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { buildHunt, HOUSE } from './build.ts';
import type { HuntResult, HuntTask } from './hunt.ts';
import { applyMutant, type Mutant } from './mutant.ts';
import { MUTANTS, SMOKE } from './mutants.ts';

interface Row {
  readonly id: string;
  readonly expectedRule: string;
  readonly killed: boolean;
  readonly rule: string | null;
  readonly where: string | null;
  readonly seed: string | null;
  readonly seeds: number;
  readonly seconds: number;
  readonly otherRules: Record<string, number>;
  /** The clean house under the killing seed. */
  readonly cleanPasses: boolean | null;
  readonly sentence: string | null;
}

function inWorker(file: string, task: HuntTask): Promise<HuntResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(file, { workerData: task });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

const scenarioText = (name: string): string =>
  readFileSync(path.join(HOUSE, 'scenarios', `${name}.yaml`), 'utf8');

async function judge(mutant: Mutant, folder: string, clean: string, budget: number): Promise<Row> {
  const file = path.join(folder, `${mutant.id}.mjs`);
  await buildHunt(mutant, file);
  const seeds = Array.from({ length: budget }, (_, n) => String(n + 1));
  const hunts = mutant.where.map((scenario) => ({ scenario, text: scenarioText(scenario), seeds }));
  const found = await inWorker(file, { expectedRule: mutant.expectedRule, hunts });
  let cleanPasses: boolean | null = null;
  if (found.where !== null && found.seed !== null) {
    const same = [{ scenario: found.where, text: scenarioText(found.where), seeds: [found.seed] }];
    cleanPasses = !(await inWorker(clean, { expectedRule: null, hunts: same })).killed;
  }
  const { rules, ...rest } = found;
  return {
    id: mutant.id,
    expectedRule: mutant.expectedRule,
    ...rest,
    otherRules: rules,
    cleanPasses,
  };
}

function print(row: Row, mutant: Mutant): void {
  const where = row.killed
    ? `${row.rule} in ${row.where}, seed ${row.seed}`
    : `SURVIVED ${row.seeds} seeds`;
  const others = Object.entries(row.otherRules).map(([rule, count]) => `${rule} x${count}`);
  const clean = row.cleanPasses === false ? '  BUT THE CLEAN HOUSE FAILS THERE TOO' : '';
  console.log(
    `${row.id.padEnd(12)} ${mutant.title.padEnd(52)} ${where} (${row.seconds} s; ${others.join(', ')})${clean}`,
  );
}

function mutantNamed(id: string): Mutant {
  const mutant = MUTANTS.find((known) => known.id.toLowerCase() === id.toLowerCase());
  if (mutant === undefined) {
    console.error(`No mutant ${id}. Known: ${MUTANTS.map((known) => known.id).join(', ')}`);
    process.exit(64);
  }
  return mutant;
}

/** Where nothing is left of the original, the line before or after would have to say where it stood: such a mutant is not for planting. */
const reversed = (mutant: Mutant): Mutant => ({
  ...mutant,
  find: mutant.replace,
  replace: mutant.find,
});

/** Patches the working tree, exactly once or not at all. */
function patch(mutant: Mutant, what: string): number {
  const file = path.join(HOUSE, mutant.file);
  if (mutant.find === '' || mutant.replace === '') {
    console.error(
      `${mutant.id} deletes a line and could not be taken out again: edit ${mutant.file} by hand.`,
    );
    return 64;
  }
  writeFileSync(file, applyMutant(mutant, readFileSync(file, 'utf8')));
  console.log(`${mutant.id} (${mutant.title}) ${what} ${mutant.file}. Now: npm run build`);
  return 0;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      smoke: { type: 'boolean' },
      plant: { type: 'string' },
      uproot: { type: 'string' },
      seeds: { type: 'string', default: '200' },
    },
  });
  if (values.plant !== undefined) return patch(mutantNamed(values.plant), 'planted in');
  if (values.uproot !== undefined)
    return patch(reversed(mutantNamed(values.uproot)), 'taken out of');
  const wanted =
    positionals.length > 0 ? positionals : values.smoke ? SMOKE : MUTANTS.map((m) => m.id);
  const chosen = wanted.map(mutantNamed);
  const folder = mkdtempSync(path.join(tmpdir(), 'seedraft-mutants-'));
  try {
    const clean = path.join(folder, 'clean.mjs');
    await buildHunt(null, clean);
    const rows = new Map<string, Row>();
    const queue = [...chosen];
    const lane = async (): Promise<void> => {
      for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
        const row = await judge(mutant, folder, clean, Number(values.seeds));
        rows.set(mutant.id, row);
        if (!values.json) print(row, mutant);
      }
    };
    await Promise.all([lane(), lane()]);
    const table = chosen.map((mutant) => rows.get(mutant.id)!);
    const dead = table.filter((row) => row.killed && row.cleanPasses === true).length;
    if (values.json) console.log(JSON.stringify({ mutants: table }));
    else console.log(`${dead} of ${table.length} mutants killed by their expected rule`);
    return dead === table.length ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
