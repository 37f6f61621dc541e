/** A queue of jobs: a job is taken by one worker at a time, and belongs to nobody else until that worker finishes or returns it. */
import type { StateMachine } from 'seedraft';

export type Command =
  | readonly [type: 'add', job: string]
  | readonly [type: 'take', worker: string]
  | readonly [type: 'finish' | 'return', worker: string, job: string];

export class JobQueue implements StateMachine {
  #waiting: string[] = [];
  /** Job -> worker. */
  #taken = new Map<string, string>();

  apply(command: unknown): string | boolean | null {
    const [type, subject, job = ''] = command as Command;
    if (type === 'add') {
      this.#waiting.push(subject);
      return true;
    }
    if (type === 'take') {
      const next = this.#waiting.shift() ?? null;
      if (next !== null) this.#taken.set(next, subject);
      return next;
    }
    if (this.#taken.get(job) !== subject) return false;
    this.#taken.delete(job);
    if (type === 'return') this.#waiting.push(job);
    return true;
  }

  /** `['length']`: how many jobs wait. */
  query(): number {
    return this.#waiting.length;
  }

  snapshot(): Iterator<unknown> {
    return [[...this.#waiting], [...this.#taken]].values();
  }

  restore(chunks: Iterable<unknown>): void {
    const [waiting, taken] = [...chunks];
    this.#waiting = waiting as string[];
    this.#taken = new Map(taken as [string, string][]);
  }
}
