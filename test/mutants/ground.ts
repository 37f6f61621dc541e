/** A hunting ground: a worker that runs the house with bugs planted in it, asked one task at a time. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { buildWith } from './build.ts';
import { HOUSE } from './house.ts';
import type { HuntResult, HuntTask, Place, ShrinkTask, Shrunk } from './hunt.ts';
import type { Planted } from './mutant.ts';

/** A shipped scenario under these seeds. */
export function place(scenario: string, seeds: readonly string[]): Place {
  const file = path.join(HOUSE, 'scenarios', `${scenario}.yaml`);
  return { scenario, text: readFileSync(file, 'utf8'), seeds };
}

/** `count` seeds from `first` on. */
export function seedRange(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, n) => String(first + n));
}

export class Ground {
  readonly #worker: Worker;

  private constructor(file: string) {
    this.#worker = new Worker(file);
  }

  static async plant(mutants: readonly Planted[], folder: string): Promise<Ground> {
    const name = mutants.map(({ id }) => id).join('+') || 'clean';
    const file = path.join(folder, `${name}.mjs`);
    await buildWith(mutants, 'test/mutants/hunt.ts', file);
    return new Ground(file);
  }

  hunt(task: Omit<HuntTask, 'type'>): Promise<HuntResult> {
    return this.#ask({ type: 'hunt', ...task });
  }

  shrink(task: Omit<ShrinkTask, 'type'>): Promise<Shrunk | null> {
    return this.#ask({ type: 'shrink', ...task });
  }

  async leave(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask<T>(task: HuntTask | ShrinkTask): Promise<T> {
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => reject(error);
      worker.once('error', fail);
      worker.once('message', (answer: T) => {
        worker.off('error', fail);
        resolve(answer);
      });
      worker.postMessage(task);
    });
  }
}
