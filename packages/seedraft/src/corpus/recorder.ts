/** Appends what a campaign counts to a results file, block by block; a file that already holds results is added to. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { Tally } from '../campaign/tally.ts';
import type { UnitResult } from '../campaign/unit.ts';
import { UsageError } from '../exit-codes.ts';
import { fileProblem } from '../read-input.ts';
import { BLOCK, type CampaignLine, CORPUS_FORMAT, type SeedsLine } from './line.ts';

export class Recorder {
  readonly #file: string;
  readonly #campaign: CampaignLine;
  #began = performance.now();
  #first = -1;
  #last = -1;
  #tally = new Tally();

  /** Writes which campaign it is. Throws UsageError when the file cannot be written. */
  constructor(file: string, campaign: CampaignLine) {
    this.#file = file;
    this.#campaign = campaign;
    try {
      appendFileSync(file, `${endOfTornLine(file)}${JSON.stringify(campaign)}\n`);
    } catch (error) {
      throw new UsageError(`--results ${file} ${fileProblem(error)}.`);
    }
  }

  take(seed: number, results: readonly UnitResult[]): void {
    if (this.#first === -1) this.#first = seed;
    this.#last = seed;
    for (const result of results) this.#tally.take({ ...result, divergence: null });
    if ((seed + 1) % BLOCK === 0) this.flush();
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
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
    this.#began = now;
    this.#first = -1;
    this.#tally = new Tally();
  }
}

/** Whoever wrote the file before may have been killed in the middle of a line; ours must not become its end. */
function endOfTornLine(file: string): string {
  if (!existsSync(file)) return '';
  const text = readFileSync(file);
  return text.length === 0 || text.at(-1) === 0x0a ? '' : '\n';
}
