/**
 * A campaign: every scenario under a range of seeds, on all workers, judged over the longest contiguous finished range. A seed has finished
 * when it has finished under every scenario, and is then added up and forgotten: memory does not grow with the number of seeds.
 */
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { failedUnit } from './runner.ts';
import { type SeedRange, seedsIn } from './seeds.ts';
import { Tally } from './tally.ts';
import type { CampaignTask, CampaignWork, ScenarioSource } from './task.ts';
import { isFailure, type UnitResult } from './unit.ts';

export interface CampaignOptions {
  readonly scenarios: readonly ScenarioSource[];
  /** The user's machine, for the scenarios to be about. */
  readonly config?: CampaignWork['config'];
  readonly root: string;
  readonly seeds: SeedRange;
  /** Stop handing out work after this much wall time, but not before the first seed; Infinity: run all seeds. */
  readonly forMilliseconds: number;
  readonly workers: number;
  /** Aborted: stop at once; what had finished is the result. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: CampaignProgress) => void;
}

/** Cumulative, over all finished units, contiguous or not. */
export interface CampaignProgress {
  readonly units: number;
  readonly failed: number;
  readonly events: number;
  readonly simulatedMicros: number;
  readonly wallSeconds: number;
}

export interface CampaignResult {
  readonly tally: Tally;
  /** The contiguous finished seeds; empty when not even one finished. */
  readonly seeds: SeedRange;
  /** Failures of units that finished beyond the contiguous range: not counted, never hidden. */
  readonly beyond: readonly UnitResult[];
  readonly interrupted: boolean;
  readonly wallSeconds: number;
  readonly workers: number;
}

/** Few enough to keep all workers busy to the end; more than one, so that other runs come between the two of a unit that runs twice. */
const UNITS_PER_TASK = 4;

export const defaultWorkers = (): number => availableParallelism();

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const campaign = new Campaign(options);
  try {
    await campaign.run();
  } finally {
    await campaign.close();
  }
  return campaign.result();
}

class Campaign {
  readonly #options: CampaignOptions;
  readonly #work: CampaignWork;
  readonly #began = performance.now();
  readonly #planned: number;
  readonly #unitsPerTask: number;
  readonly #lanes: number;
  readonly #pool: Piscina<CampaignTask, UnitResult[]>;
  readonly #tally = new Tally();
  /** Finished, but not yet counted: a unit before them, or of the same seed, is still under way. */
  readonly #finished = new Map<number, UnitResult>();
  readonly #counts = { units: 0, failed: 0, events: 0, simulatedMicros: 0 };
  /** The first unit not handed out; the first not finished; the first not counted. */
  #next = 0;
  #contiguous = 0;
  #counted = 0;

  constructor(options: CampaignOptions) {
    const { scenarios, root, seeds, workers, config } = options;
    this.#options = options;
    this.#work = { scenarios, root, firstSeed: seeds.first, ...(config && { config }) };
    this.#planned = seedsIn(seeds) * scenarios.length;
    this.#unitsPerTask = Math.max(1, Math.min(UNITS_PER_TASK, Math.floor(this.#planned / workers)));
    this.#lanes = Math.min(workers, Math.ceil(this.#planned / this.#unitsPerTask));
    this.#pool = new Piscina<CampaignTask, UnitResult[]>({
      filename: new URL('./worker.js', import.meta.url).href,
      minThreads: this.#lanes,
      maxThreads: this.#lanes,
      workerData: this.#work,
    });
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.#lanes }, () => this.#lane()));
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  result(): CampaignResult {
    const { seeds, signal, scenarios } = this.#options;
    return {
      tally: this.#tally,
      seeds: { first: seeds.first, last: seeds.first + this.#counted / scenarios.length - 1 },
      beyond: [...this.#finished.values()].filter(isFailure).sort((a, b) => a.unit - b.unit),
      interrupted: signal.aborted,
      wallSeconds: this.#wallSeconds,
      workers: this.#lanes,
    };
  }

  get #wallSeconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  get #isOver(): boolean {
    const { signal, forMilliseconds, scenarios } = this.#options;
    // Less than one seed would be no result at all.
    const isLate = this.#wallSeconds * 1000 >= forMilliseconds && this.#next >= scenarios.length;
    return signal.aborted || isLate;
  }

  /** Keeps one worker busy. */
  async #lane(): Promise<void> {
    while (this.#next < this.#planned && !this.#isOver) {
      const from = this.#next;
      this.#next = Math.min(this.#planned, from + this.#unitsPerTask);
      for (const result of await this.#perform({ from, to: this.#next })) this.#finish(result);
      this.#count();
      this.#options.onProgress({ ...this.#counts, wallSeconds: this.#wallSeconds });
    }
  }

  /** A worker that dies (out of memory) takes its task with it: then unit by unit, until the one that kills it is found. */
  async #perform(task: CampaignTask): Promise<readonly UnitResult[]> {
    const { signal } = this.#options;
    try {
      return await this.#pool.run(task, { signal });
    } catch (error) {
      if (signal.aborted) return [];
      if (task.to - task.from === 1) {
        return [failedUnit(this.#work, task.from, `its worker died: ${String(error)}`)];
      }
      const results: UnitResult[] = [];
      for (let unit = task.from; unit < task.to; unit++) {
        results.push(...(await this.#perform({ from: unit, to: unit + 1 })));
      }
      return results;
    }
  }

  #finish(result: UnitResult): void {
    this.#finished.set(result.unit, result);
    this.#counts.units++;
    this.#counts.events += result.events;
    this.#counts.simulatedMicros += result.simulatedMicros;
    if (isFailure(result)) this.#counts.failed++;
  }

  /** Adds up the seeds that have now finished under every scenario. */
  #count(): void {
    while (this.#finished.has(this.#contiguous)) this.#contiguous++;
    const whole = this.#contiguous - (this.#contiguous % this.#options.scenarios.length);
    for (; this.#counted < whole; this.#counted++) {
      this.#tally.take(this.#finished.get(this.#counted)!);
      this.#finished.delete(this.#counted);
    }
  }
}
