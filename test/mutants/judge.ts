/**
 * The trial of one mutant: hunted in the swarm with every rule watching, in the scenarios that tell its story, and once more in the swarm
 * with only those rules that look from outside. Under several roots (disjoint ranges of seeds) the figures are medians.
 */
import { Ground, place, seedRange } from './ground.ts';
import type { HuntResult, Place, Shrunk } from './hunt.ts';
import { type Mutant, SEEDS } from './mutant.ts';

/** What needs no theory of Raft; linearizability and the liveness phase judge from outside as well. */
const OUTSIDE: readonly string[] = ['S1', 'S5', 'S16', 'S21'];
const FROM_OUTSIDE = [...OUTSIDE, 'LIN', 'L1', 'L2', 'L3', 'L4', 'L5', 'L6', 'L7'];
/** Seeds of each scenario, a root; a story is scripted, so few differ. */
const SEEDS_PER_SCENARIO = 20;

export interface TrialOptions {
  readonly roots: number;
  /** Seeds of the swarm, a root. Absent: the mutant's own budget. */
  readonly seeds: number | null;
  readonly columns: ReadonlySet<'swarm' | 'scenarios' | 'outside'>;
  /** Milliseconds to shrink for; 0: not at all. */
  readonly patience: number;
}

/** One way of hunting. */
export interface Column {
  /** Roots under which it was killed. */
  readonly killed: number;
  readonly roots: number;
  readonly rule: string | null;
  readonly where: string | null;
  readonly seed: string | null;
  /** Medians over the roots; of a root without a kill, all that was spent. */
  readonly seeds: number;
  readonly seconds: number;
  /** Rules that were not looked for and fired on the way. */
  readonly others: Readonly<Record<string, number>>;
  readonly sentence: string | null;
}

export interface Row {
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly expectedRule: string;
  readonly killed: boolean;
  readonly rule: string | null;
  readonly where: string | null;
  readonly seed: string | null;
  readonly seeds: number;
  readonly seconds: number;
  readonly sentence: string | null;
  readonly otherRules: Readonly<Record<string, number>>;
  /** The clean house under the killing seeds, and in the shrunk failure; null: nothing to compare. */
  readonly cleanPasses: boolean | null;
  readonly swarm: Column | null;
  readonly scenarios: Column | null;
  /** Swarm with S1, S5, S16, S21, linearizability and liveness only. */
  readonly outside: Column | null;
  /** The smaller of the failures of swarm and scenario. */
  readonly shrunk: Shrunk | null;
}

export async function tryMutant(
  mutant: Mutant,
  clean: Ground,
  folder: string,
  options: TrialOptions,
): Promise<Row> {
  const ground = await Ground.plant([mutant], folder);
  try {
    const { columns } = options;
    const swarm = columns.has('swarm') ? await huntSwarm(ground, mutant, options) : null;
    const scenarios = columns.has('scenarios')
      ? await huntScenarios(ground, mutant, options)
      : null;
    const outside = columns.has('outside')
      ? await huntSwarm(ground, mutant, options, FROM_OUTSIDE)
      : null;
    const best = [swarm, scenarios].find((column) => column !== null && column.killed > 0) ?? null;
    const shown = best ?? swarm ?? scenarios;
    const shrunk = await shrinkLeast(ground, mutant, [scenarios, swarm], options.patience);
    const kept = shrunk === null ? [] : [shrunk.kept];
    return {
      id: mutant.id,
      title: mutant.title,
      source: mutant.source,
      expectedRule: mutant.expectedRule,
      killed: best !== null,
      rule: best?.rule ?? null,
      where: best?.where ?? null,
      seed: best?.seed ?? null,
      seeds: shown?.seeds ?? 0,
      seconds: shown?.seconds ?? 0,
      sentence: best?.sentence ?? null,
      otherRules: shown?.others ?? {},
      cleanPasses: await passesClean(clean, [swarm, scenarios], kept),
      swarm,
      scenarios,
      outside,
      shrunk,
    };
  } finally {
    await ground.leave();
  }
}

async function huntSwarm(
  ground: Ground,
  mutant: Mutant,
  { roots, seeds }: TrialOptions,
  outside?: readonly string[],
): Promise<Column> {
  const budget = seeds ?? mutant.budget ?? SEEDS;
  const results: HuntResult[] = [];
  for (let root = 0; root < roots; root++) {
    const places = [place('swarm', seedRange(root * budget + 1, budget))];
    const task =
      outside === undefined
        ? { rules: [mutant.expectedRule], places }
        : { rules: outside, only: OUTSIDE, places };
    results.push(await ground.hunt(task));
  }
  return columnOf(results);
}

async function huntScenarios(
  ground: Ground,
  { expectedRule, scenarios }: Mutant,
  { roots }: TrialOptions,
): Promise<Column> {
  const results: HuntResult[] = [];
  for (let root = 0; root < roots; root++) {
    const seeds = seedRange(root * SEEDS_PER_SCENARIO + 1, SEEDS_PER_SCENARIO);
    const places = scenarios.map((name) => place(name, seeds));
    results.push(await ground.hunt({ rules: [expectedRule], places }));
  }
  return columnOf(results);
}

function columnOf(results: readonly HuntResult[]): Column {
  const kills = results.filter(({ found }) => found !== null);
  const first = kills[0]?.found ?? null;
  const others: Record<string, number> = {};
  for (const result of results) {
    for (const [rule, count] of Object.entries(result.others)) {
      others[rule] = (others[rule] ?? 0) + count;
    }
  }
  return {
    killed: kills.length,
    roots: results.length,
    rule: first?.rule ?? null,
    where: first?.where ?? null,
    seed: first?.seed ?? null,
    seeds: median(results.map(({ seeds }) => seeds)),
    seconds: median(results.map(({ seconds }) => seconds)),
    others,
    sentence: first?.sentence ?? null,
  };
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.slice().sort((one, other) => one - other);
  return sorted[(sorted.length - 1) >> 1] ?? 0;
}

/** Whatever kills a mutant must not kill the house without it. */
async function passesClean(
  clean: Ground,
  columns: readonly (Column | null)[],
  kept: readonly Place[],
): Promise<boolean | null> {
  const killing = columns.flatMap((column) =>
    column === null || column.where === null || column.seed === null
      ? []
      : [place(column.where, [column.seed])],
  );
  const places = [...killing, ...kept];
  if (places.length === 0) return null;
  return (await clean.hunt({ rules: null, places })).found === null;
}

/** What a user would keep of the kills. Null: nobody asked, or there was no kill. */
async function shrinkLeast(
  ground: Ground,
  mutant: Mutant,
  columns: readonly (Column | null)[],
  patience: number,
): Promise<Shrunk | null> {
  let least: Shrunk | null = null;
  for (const column of columns) {
    if (patience === 0 || column === null || column.where === null || column.seed === null)
      continue;
    const { scenario, text } = place(column.where, []);
    const shrunk = await ground.shrink({ scenario, text, seed: column.seed, patience });
    if (shrunk === null) continue;
    await assertFails(ground, mutant, shrunk);
    if (least === null || shrunk.events < least.events) least = shrunk;
  }
  return least;
}

/** As a scenario file like any other, by the same rule. That it passes without the bug is the clean house's to say. */
async function assertFails(ground: Ground, mutant: Mutant, { kept }: Shrunk): Promise<void> {
  const { found } = await ground.hunt({ rules: [mutant.expectedRule], places: [kept] });
  if (found === null)
    throw new Error(`${mutant.id}: what is left of ${kept.scenario} does not break its rule`);
}
