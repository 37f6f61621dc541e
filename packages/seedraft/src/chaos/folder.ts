/**
 * What a run against real processes leaves: the plan and what the clients saw always, so that anybody can judge it again; logs and data
 * directories (with the members' last-stop reports) when something was wrong, or when asked for.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type HistoryEvent, printHistory } from '@seedraft/check';
import type { Plan } from '@seedraft/sim';
import { UsageError } from '../exit-codes.ts';
import { createFolder, runFolderName } from '../run-folder/write.ts';
import { writeProblem } from '../write-problem.ts';
import { histories } from './judge.ts';

export class ChaosFolder {
  readonly path: string;
  readonly data: string;
  /** With the model that each is judged by. */
  readonly histories: { readonly file: string; readonly model: 'kv' | 'ring' }[] = [];
  readonly #ownsData: boolean;

  /** `data`: where the members' directories are, if not in the folder. Throws UsageError. */
  constructor(parent: string, plan: Plan, data: string | null) {
    try {
      this.path = createFolder(parent, runFolderName(plan.scenario, plan.seed));
      this.data = data ?? path.join(this.path, 'data');
      this.#ownsData = data === null;
      mkdirSync(this.data, { recursive: true });
      this.#write('plan.json', `${JSON.stringify(plan, null, 1)}\n`);
    } catch (error) {
      throw new UsageError(`the run folder below ${parent} ${writeProblem(error)}.`);
    }
  }

  get logs(): string {
    return path.join(this.path, 'logs');
  }

  writeHistory(events: readonly HistoryEvent[]): void {
    const { store, ring } = histories(events);
    this.#writeOne('history', store, 'kv');
    if (ring.length > 0) this.#writeOne('ring-history', ring, 'ring');
  }

  #writeOne(name: string, events: readonly HistoryEvent[], model: 'kv' | 'ring'): void {
    this.#write(`${name}.json`, printHistory(events, 'json'));
    this.#write(`${name}.edn`, printHistory(events, 'edn'));
    this.histories.push({ file: path.join(this.path, `${name}.json`), model });
  }

  writeEnd(result: Record<string, unknown>, story: readonly string[]): void {
    this.#write('story.txt', `${story.join('\n')}\n`);
    this.#write('result.json', `${JSON.stringify(result, null, 1)}\n`);
  }

  /** Nothing was wrong: what only helps to find out why is not kept. */
  dropEvidence(): void {
    rmSync(this.logs, { recursive: true, force: true });
    if (this.#ownsData) rmSync(this.data, { recursive: true, force: true });
  }

  #write(name: string, text: string): void {
    writeFileSync(path.join(this.path, name), text);
  }
}
