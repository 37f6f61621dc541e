/** A user's system for tests: a register of counters, right, and wrong in each way that has a name. */
import { defineModel, type Model } from '@seedraft/check';
import type { ApplyContext, StateMachine } from '@seedraft/replica';
import type { OwnClient, OwnSystem } from '@seedraft/sim';

type Command = readonly [name: string, by: number];

/** Counters by name; answers the new value. */
export class Counters implements StateMachine {
  counts = new Map<string, number>();

  apply([name, by]: Command, _context: ApplyContext): unknown {
    const value = (this.counts.get(name) ?? 0) + by;
    this.counts.set(name, value);
    return { value };
  }
  query(name: unknown): unknown {
    return { value: this.counts.get(name as string) ?? 0 };
  }
  *snapshot(): Generator<unknown> {
    yield [...this.counts];
  }
  restore(chunks: Iterable<unknown>): void {
    for (const chunk of chunks) this.counts = new Map(chunk as [string, number][]);
  }
}

const read = (answer: unknown): unknown => (answer as { value: number }).value;

export const countersModel: Model = defineModel({
  name: 'counters',
  initial: 0,
  partition: ({ name }: { name: string }) => name,
  operations: {
    add: {
      apply: (state: number, { by }: { by: number }) => ({ state: state + by, output: state + by }),
    },
    read: { readOnly: true, apply: (state: number) => ({ state, output: state }) },
  },
}) as Model;

export const countersWorkload = (): OwnClient => ({
  next: (draw) => {
    const name = draw.key();
    if (draw.chance(0.4)) return { f: 'read', input: { name }, query: name, output: read };
    const by = draw.integer(1, 9);
    return { f: 'add', input: { name, by }, command: [name, by], output: read };
  },
});

export function counters(over: Partial<OwnSystem> = {}): OwnSystem {
  return {
    machine: () => new Counters() as StateMachine,
    workload: countersWorkload,
    model: countersModel,
    ...over,
  };
}
