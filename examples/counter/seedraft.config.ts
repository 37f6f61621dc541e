/** How the counter is fuzzed: what clients ask, what they may be told, and under which faults. */
import { defineConfig } from 'seedraft';
import { defineModel } from 'seedraft/check';
import { type Command, Counter, type Query } from './counter.ts';

/** A counter by itself is a number: `add` leaves and answers the sum, `read` answers it. */
const model = defineModel({
  name: 'counter',
  initial: 0,
  partition: ([, name]: Command | Query) => name,
  operations: {
    add: {
      apply: (count: number, [, , by]: Command) => ({ state: count + by, output: count + by }),
    },
    read: { readOnly: true, apply: (count: number) => ({ state: count, output: count }) },
  },
});

export default defineConfig({
  machine: () => new Counter(),
  workload: () => ({
    next(draw) {
      const f = draw.weighted({ add: 3, read: 2 });
      const name = draw.key();
      if (f === 'read') return { f, query: ['read', name] satisfies Query };
      return { f, command: ['add', name, draw.integer(1, 9)] satisfies Command };
    },
  }),
  model,
  scenarios: [
    {
      name: 'leader crashes',
      story:
        'The leader dies twice while clients count; nothing counted may be lost, or counted twice.',
      workload: { clients: 5, rate: 60, retries: 5, timeout: '400ms', for: '12s' },
      cluster: { voters: 3, snapshot: { everyEntries: 20, keep: 5 } },
      faults: [
        { at: '2s', crash: 'leader', restart: '1s' },
        { at: '6s', crash: 'leader', restart: '1s' },
      ],
    },
    'swarm',
  ],
});
