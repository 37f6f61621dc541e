/**
 * A campaign: every scenario under a range of seeds, on all workers, judged over the longest contiguous finished range. A seed has finished
 * when it has finished under every scenario.
 */
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { Tally } from './tally.ts';
import type { CampaignTask, CampaignTaskResult, ScenarioSource } from './task.ts';
import { isFailure, type SeedRange, type UnitResult } from './unit.ts';

export interface CampaignOptions {
  readonly scenarios: readonly ScenarioSource[];
  readonly root: string;
  readonly seeds: SeedRange;
  /** Stop handing out work after this much wall time; Infinity: run all seeds. */
  readonly forMilliseconds: number;
  readonly workers: number;
  /** One unit in this many runs twice. */
  readonly twiceEvery: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: CampaignProgress) => void;
}

/** Cumulative, over all finished units, contiguous or not. */
export interface CampaignProgress {
  readonly units: number;
  readonly unitsPlanned: number;
  readonly failed: number;
  readonly events: number;
  readonly simulatedMicros: number;
  readonly wallSeconds: number;
}

export interface CampaignResult {
  readonly tally: Tally;
  /** The contiguous finished seeds; last < first when not even one finished. */
  readonly seeds: SeedRange;
  /** Failures of units that finished beyond the contiguous range: not counted, never hidden. */
  readonly beyond: readonly UnitResult[];
  readonly interrupted: boolean;
  readonly wallSeconds: number;
  readonly workers: number;
}

/** Enough units a task to pay for its hand-over, few enough to keep all workers busy to the end. */
const UNITS_PER_TASK = 8;

export const defaultWorkers = (): number => availableParallelism();

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const began = performance.now();
  const seeds = options.seeds.last - options.seeds.first + 1;
  const planned = seeds * options.scenarios.length;
  const pool = new Piscina<CampaignTask, CampaignTaskResult>({
    filename: new URL('./worker.js', import.meta.url).href,
    minThreads: options.workers,
    maxThreads: options.workers,
    concurrentTasksPerWorker: 1,
  });
  const finished = new Map<number, UnitResult>();
  const counts = { units: 0, failed: 0, events: 0, simulatedMicros: 0 };
  let next = 0;

  const stopped = (): boolean =>
    options.signal.aborted || performance.now() - began >= options.forMilliseconds;
  const wallSeconds = (): number => (performance.now() - began) / 1000;

  async function lane(): Promise<void> {
    while (next < planned && !stopped()) {
      const from = next;
      next = Math.min(planned, from + UNITS_PER_TASK);
      const task = {
        scenarios: options.scenarios,
        root: options.root,
        firstSeed: options.seeds.first,
        from,
        to: next,
        twiceEvery: options.twiceEvery,
      };
      for (const result of await pool.run(task)) {
        finished.set(result.unit, result);
        counts.units++;
        counts.events += result.events;
        counts.simulatedMicros += result.simulatedMicros;
        if (isFailure(result)) counts.failed++;
      }
      options.onProgress({ ...counts, unitsPlanned: planned, wallSeconds: wallSeconds() });
    }
  }
  try {
    await Promise.all(Array.from({ length: options.workers }, lane));
  } finally {
    await pool.destroy();
  }

  const tally = new Tally();
  let contiguous = 0;
  while (finished.has(contiguous)) contiguous++;
  const wholeSeeds = Math.floor(contiguous / options.scenarios.length);
  const counted = wholeSeeds * options.scenarios.length;
  for (let unit = 0; unit < counted; unit++) tally.take(finished.get(unit)!);
  const beyond = [...finished.values()]
    .filter((result) => result.unit >= counted && isFailure(result))
    .sort((a, b) => a.unit - b.unit);
  return {
    tally,
    beyond,
    seeds: { first: options.seeds.first, last: options.seeds.first + wholeSeeds - 1 },
    interrupted: options.signal.aborted,
    wallSeconds: wallSeconds(),
    workers: options.workers,
  };
}
