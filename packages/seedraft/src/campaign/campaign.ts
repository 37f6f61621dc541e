/**
 * A campaign: every scenario under a range of seeds, on all workers, judged over the longest contiguous finished range. A seed has finished
 * when it has finished under every scenario, and is then added up and forgotten: memory does not grow with the number of seeds.
 */
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { failedUnit } from './runner.ts';
import { type SeedRange, seedsIn } from './seeds.ts';
import { Tally } from './tally.ts';
import type { CampaignTask, CampaignWork, ScenarioSource, WatchedWork } from './task.ts';
import { isFailure, type UnitResult } from './unit.ts';
import { UnitWatch, type WatchedTask, type WatchOptions } from './watch.ts';

export interface CampaignOptions extends Pick<WatchOptions, 'unitMilliseconds' | 'onLong'> {
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
  /** A seed was counted, with its results under every scenario; seeds come in order. */
  readonly onSeed?: (seed: number, results: readonly UnitResult[]) => void;
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
  /** Failures beyond the contiguous range, and a unit that was given up: not counted, never hidden. */
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
  /** Units [first, end) are asked for. */
  readonly #first: number;
  readonly #end: number;
  readonly #unitsPerTask: number;
  readonly #lanes: number;
  readonly #pool: Piscina<WatchedWork, UnitResult[]>;
  readonly #watch: UnitWatch;
  readonly #tally = new Tally();
  /** Finished, but not yet counted: a unit before them, or of the same seed, is still under way. */
  readonly #finished = new Map<number, UnitResult>();
  /** Given up. They end the campaign: each costs a worker all the time that a unit may take, and no range of seeds could go beyond them. */
  readonly #unfinished: UnitResult[] = [];
  readonly #counts = { units: 0, failed: 0, events: 0, simulatedMicros: 0 };
  /** The first unit not handed out; the first not finished; the first not counted. */
  #next: number;
  #contiguous: number;
  #counted: number;

  constructor(options: CampaignOptions) {
    const { scenarios, root, seeds, workers, config } = options;
    this.#options = options;
    this.#work = { scenarios, root, ...(config && { config }) };
    this.#first = seeds.first * scenarios.length;
    this.#end = (seeds.last + 1) * scenarios.length;
    this.#next = this.#first;
    this.#contiguous = this.#first;
    this.#counted = this.#first;
    const planned = seedsIn(seeds) * scenarios.length;
    this.#unitsPerTask = Math.max(1, Math.min(UNITS_PER_TASK, Math.floor(planned / workers)));
    this.#lanes = Math.min(workers, Math.ceil(planned / this.#unitsPerTask));
    this.#pool = new Piscina<WatchedWork, UnitResult[]>({
      filename: new URL('./worker.js', import.meta.url).href,
      minThreads: this.#lanes,
      maxThreads: this.#lanes,
      workerData: this.#work,
    });
    this.#watch = new UnitWatch({ ...options, isOver: () => this.#isOver });
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    const interrupt = (): void => this.#watch.interrupt();
    signal.addEventListener('abort', interrupt);
    try {
      await Promise.all(Array.from({ length: this.#lanes }, () => this.#lane()));
    } finally {
      signal.removeEventListener('abort', interrupt);
    }
  }

  close(): Promise<void> {
    this.#watch.close();
    return this.#pool.destroy();
  }

  result(): CampaignResult {
    const { seeds, signal, scenarios } = this.#options;
    const finished = [...this.#finished.values()].filter(isFailure);
    return {
      tally: this.#tally,
      seeds: { first: seeds.first, last: this.#counted / scenarios.length - 1 },
      beyond: [...finished, ...this.#unfinished].sort((a, b) => a.unit - b.unit),
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
    const hasOne = this.#next - this.#first >= scenarios.length;
    const isLate = this.#wallSeconds * 1000 >= forMilliseconds && hasOne;
    return signal.aborted || isLate || this.#unfinished.length > 0;
  }

  /** Keeps one worker busy. */
  async #lane(): Promise<void> {
    while (this.#next < this.#end && !this.#isOver) {
      const from = this.#next;
      this.#next = Math.min(this.#end, from + this.#unitsPerTask);
      for (const result of await this.#perform({ from, to: this.#next })) this.#finish(result);
      this.#count();
      this.#options.onProgress({ ...this.#counts, wallSeconds: this.#wallSeconds });
    }
  }

  /** A worker that dies (out of memory) takes its task with it: then unit by unit, until the one that kills it is found. */
  async #perform(task: CampaignTask): Promise<readonly UnitResult[]> {
    const { signal } = this.#options;
    if (signal.aborted) return [];
    const watched = this.#watch.begin(task);
    try {
      const { pulse } = watched;
      return await this.#pool.run({ ...task, pulse }, { signal: watched.signal });
    } catch (error) {
      if (signal.aborted) return [];
      if (watched.overdue !== null) return await this.#giveUp(watched, watched.overdue);
      if (task.to - task.from === 1) {
        return [failedUnit(this.#work, task.from, `its worker died: ${String(error)}`)];
      }
      const units = Array.from({ length: task.to - task.from }, (_, place) => task.from + place);
      return await this.#oneByOne(units);
    } finally {
      this.#watch.end(watched);
    }
  }

  /** What had ended before it in its task is run again: its results went with the worker, and may be failures. */
  #giveUp({ ended, seconds }: WatchedTask, unit: number): Promise<readonly UnitResult[]> {
    const sentence = `it had not ended after ${seconds} s of wall time, and was given up`;
    this.#unfinished.push(failedUnit(this.#work, unit, sentence, 'unfinished'));
    this.#counts.failed++;
    return this.#oneByOne(ended);
  }

  async #oneByOne(units: readonly number[]): Promise<readonly UnitResult[]> {
    const results: UnitResult[] = [];
    for (const unit of units) results.push(...(await this.#perform({ from: unit, to: unit + 1 })));
    return results;
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
    const { onSeed, scenarios } = this.#options;
    while (this.#finished.has(this.#contiguous)) this.#contiguous++;
    while (this.#contiguous - this.#counted >= scenarios.length) {
      const results = scenarios.map((_, place) => this.#finished.get(this.#counted + place)!);
      for (const result of results) {
        this.#tally.take(result);
        this.#finished.delete(result.unit);
      }
      onSeed?.(this.#counted / scenarios.length, results);
      this.#counted += scenarios.length;
    }
  }
}
