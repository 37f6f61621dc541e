/**
 * Bugs planted in what judges. A wrong judge of histories must contradict a golden history or claim (test/check), a person's verdict; a
 * blinded rule must miss the bug that it has caught before. A judge that passes what is bad would make every other test worthless.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Check from '@seedraft/check';
import type { Operation } from '@seedraft/check';
import type * as Sim from '@seedraft/sim';
import { type Golden, readGoldens } from '../check/golden.ts';
import { CHECKERS } from '../check/mutants.ts';
import { buildWith } from './build.ts';
import { Ground, place } from './ground.ts';
import { HOUSE } from './house.ts';
import type { Planted } from './mutant.ts';
import { MUTANTS } from './mutants.ts';
import { BLINDINGS, type Blinding } from './planted/rules.ts';

/** What became of a bug in a judge. */
export interface Sentence {
  readonly id: string;
  readonly title: string;
  readonly caught: boolean;
  /** Golden histories that it contradicts, or the mutant and the seed that it overlooks. */
  readonly by: readonly string[];
  readonly seconds: number;
}

/** What judges histories (test/check/court.ts), maybe with a bug in it. */
type Court = typeof Check & Pick<typeof Sim, 'judgeHistory'>;

interface Claim {
  readonly story: string;
  readonly expect: 'linearizable' | 'inconclusive' | 'LIN';
  readonly maxSteps?: number;
  readonly history: readonly Operation[];
}

export const CHECKER_IDS: readonly string[] = [...CHECKERS, ...BLINDINGS].map(({ id }) => id);

export async function tryChecker(id: string, folder: string): Promise<Sentence> {
  const began = performance.now();
  const blinding = BLINDINGS.find((known) => known.id === id);
  const judge = blinding ?? CHECKERS.find((known) => known.id === id);
  if (judge === undefined) throw new Error(`no bug of a judge is called ${id}`);
  const by = blinding
    ? await overlooked(blinding, folder)
    : contradicted(await court([judge], folder));
  const seconds = Math.round(performance.now() - began) / 1000;
  return { id, title: judge.title, caught: by.length > 0, by, seconds };
}

// ------------------------------------------------------------------------------------------------------- judges of histories

export async function court(planted: readonly Planted[], folder: string): Promise<Court> {
  const file = path.join(folder, `${planted[0]?.id ?? 'clean'}.mjs`);
  await buildWith(planted, 'test/check/court.ts', file);
  return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Court;
}

/** The golden histories and claims on which this court does not say what it should; to throw is not to say it. */
export function contradicted(judges: Court): string[] {
  const histories = readGoldens().filter((golden) => !agreesOn(judges, golden));
  const claims = readClaims().filter(([, claim]) => verdictOn(judges, claim) !== claim.expect);
  return [...histories.map(({ name }) => name), ...claims.map(([name]) => name)];
}

function agreesOn(judges: Court, golden: Golden): boolean {
  const parsed = judges.parseOperations(golden.text, golden.format);
  if (!parsed.ok) return false;
  const models = [judges.register(), judges.casRegister(), judges.kv(), judges.namespacedKv()];
  const model = models.find(({ name }) => name === golden.model);
  if (model === undefined) return false;
  return (['depth-first', 'sweep'] as const).every((strategy) => {
    const options = { maxSteps: 10_000, windowSteps: 0, strategy };
    try {
      const { verdict } = judges.checkLinearizability(parsed.operations, model, options);
      return verdict === golden.expect;
    } catch {
      return false;
    }
  });
}

function readClaims(): [name: string, claim: Claim][] {
  const folder = path.join(HOUSE, 'test/check/claims');
  const names = readdirSync(folder).sort();
  return names.map((name) => {
    const claim = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Claim;
    return [name, claim];
  });
}

function verdictOn(judges: Court, { history, maxSteps }: Claim): string {
  const operations = history.map((operation) => ({ ...operation }));
  try {
    const options = { blackBox: false, ...(maxSteps !== undefined && { maxSteps }) };
    return judges.judgeHistory(operations, options).outcome;
  } catch (thrown) {
    return (thrown as { rule?: string }).rule ?? 'error';
  }
}

// ------------------------------------------------------------------------------------------------------------- blinded rules

/** With its judge blinded, the planted bug must not be found where it was found: else the patch blinds nothing. */
async function overlooked(blinding: Blinding, folder: string): Promise<string[]> {
  const { mutant: id, rule, scenario, seed } = blinding.golden;
  const mutant = MUTANTS.find((known) => known.id === id);
  if (mutant === undefined) throw new Error(`${blinding.id} is about ${id}, which is no mutant`);
  const task = { rules: [rule], places: [place(scenario, [seed])] };
  const found = async (planted: readonly Planted[]): Promise<boolean> => {
    const ground = await Ground.plant(planted, folder);
    try {
      return (await ground.hunt(task)).found !== null;
    } finally {
      await ground.leave();
    }
  };
  if (!(await found([mutant]))) {
    throw new Error(
      `${blinding.id}: ${rule} does not find ${id} in ${scenario}, seed ${seed}: look for another golden run`,
    );
  }
  return (await found([mutant, blinding])) ? [] : [`${id} in ${scenario}, seed ${seed}`];
}
