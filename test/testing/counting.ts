/** A counter as a config: right, so that what extends it wrongly must be found. */
import { defineConfig, type StateMachine } from 'seedraft';
import { defineModel } from 'seedraft/check';

export class Counting implements StateMachine {
  #counts = new Map<string, number>();

  apply(command: unknown): number {
    const [, name, by] = command as ['add', string, number];
    const value = (this.#counts.get(name) ?? 0) + by;
    this.#counts.set(name, value);
    return value;
  }

  query(query: unknown): number {
    const [, name] = query as ['read', string];
    return this.#counts.get(name) ?? 0;
  }

  snapshot(): Iterator<unknown> {
    return [[...this.#counts]].values();
  }

  restore(chunks: Iterable<unknown>): void {
    this.#counts = new Map([...chunks].flat() as [string, number][]);
  }
}

export default defineConfig({
  machine: () => new Counting(),
  workload: () => ({
    next(draw) {
      const name = draw.key();
      if (draw.chance(0.4)) return { f: 'read', query: ['read', name] };
      return { f: 'add', command: ['add', name, draw.integer(1, 9)] };
    },
  }),
  model: defineModel({
    name: 'counter',
    initial: 0,
    partition: ([, name]: [string, string]) => name,
    operations: {
      add: {
        apply: (count: number, [, , by]: [string, string, number]) => ({
          state: count + by,
          output: count + by,
        }),
      },
      read: { readOnly: true, apply: (count: number) => ({ state: count, output: count }) },
    },
  }),
});
