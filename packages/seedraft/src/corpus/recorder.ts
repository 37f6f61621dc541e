/**
 * Appends what a campaign counts to a results file, block by block; a file that already holds results is added to. A block that cannot be written is
 * lost and no reason to stop: the campaign's verdict does not depend on it, and the next block may find room.
 */
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { Tally } from '../campaign/tally.ts';
import type { UnitResult } from '../campaign/unit.ts';
import { UsageError } from '../exit-codes.ts';
import { writeProblem } from '../write-problem.ts';
import { BLOCK, type CampaignLine, CORPUS_FORMAT, type SeedsLine } from './line.ts';

/** Of the seeds in blocks that could not be written. */
interface Lost {
  readonly first: number;
  readonly seeds: number;
  readonly why: string;
}

export class Recorder {
  readonly #file: string;
  readonly #campaign: CampaignLine;
  #began = performance.now();
  #first = -1;
  #last = -1;
  #tally = new Tally();
  #lost: Lost | null = null;

  /** Writes which campaign it is. Throws UsageError when the file cannot be written. */
  constructor(file: string, campaign: CampaignLine) {
    this.#file = file;
    this.#campaign = campaign;
    try {
      appendFileSync(file, `${endOfTornLine(file)}${JSON.stringify(campaign)}\n`);
    } catch (error) {
      throw new UsageError(`--results ${file} ${writeProblem(error)}.`);
    }
  }

  take(seed: number, results: readonly UnitResult[]): void {
    if (this.#first === -1) this.#first = seed;
    this.#last = seed;
    for (const result of results) this.#tally.take({ ...result, divergence: null });
    if ((seed + 1) % BLOCK === 0) this.flush();
  }

  /** What is not in the file and why, in a sentence; null: all of it is there. */
  get problem(): string | null {
    if (this.#lost === null) return null;
    const { first, seeds, why } = this.#lost;
    const count = `${seeds} seed${seeds === 1 ? '' : 's'}, from seed ${first} on`;
    return `--results ${this.#file} ${why}. It lacks ${count}: run them again.`;
  }

  /** Writes the block that is under way, if it holds anything. */
  flush(): void {
    if (this.#first === -1) return;
    const now = performance.now();
    const line: SeedsLine = {
      corpus: CORPUS_FORMAT,
      type: 'seeds',
      id: this.#campaign.id,
      first: this.#first,
      last: this.#last,
      wallSeconds: Math.round(now - this.#began) / 1000,
      tally: this.#tally.record(),
    };
    this.#append(line);
    this.#began = now;
    this.#first = -1;
    this.#tally = new Tally();
  }

  #append(line: SeedsLine): void {
    try {
      const torn = this.#lost === null ? '' : endOfTornLine(this.#file);
      appendFileSync(this.#file, `${torn}${JSON.stringify(line)}\n`);
    } catch (error) {
      const { first = line.first, seeds = 0 } = this.#lost ?? {};
      const more = line.last - line.first + 1;
      this.#lost = { first, seeds: seeds + more, why: writeProblem(error) };
    }
  }
}

/** A line may have been cut off before, by the end of its process or of the disk; ours must not become its end. */
function endOfTornLine(file: string): string {
  // A device has no end.
  if (!existsSync(file) || !statSync(file).isFile()) return '';
  const text = readFileSync(file);
  return text.length === 0 || text.at(-1) === 0x0a ? '' : '\n';
}
