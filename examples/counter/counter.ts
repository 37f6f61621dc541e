/** Counters by name. Everything a replicated machine must be: synchronous, and the same on every member. */
import type { StateMachine } from 'seedraft';

/** `['add', 'visits', 2]` answers the new value. */
export type Command = readonly [type: 'add', name: string, by: number];
/** `['read', 'visits']` answers the value. */
export type Query = readonly [type: 'read', name: string];

export class Counter implements StateMachine {
  #counts = new Map<string, number>();

  apply(command: unknown): number {
    const [, name, by] = command as Command;
    const value = (this.#counts.get(name) ?? 0) + by;
    this.#counts.set(name, value);
    return value;
  }

  query(query: unknown): number {
    const [, name] = query as Query;
    return this.#counts.get(name) ?? 0;
  }

  /** What is pulled later must be the state of now: a copy is taken at once. */
  snapshot(): Iterator<unknown> {
    return [[...this.#counts]].values();
  }

  restore(chunks: Iterable<unknown>): void {
    this.#counts = new Map();
    for (const chunk of chunks) {
      for (const [name, value] of chunk as [string, number][]) this.#counts.set(name, value);
    }
  }
}
