/** The files that `seedraft init` writes: a machine to replace, with everything around it that fuzzes it. Each works as it stands. */

export interface Template {
  readonly file: string;
  /** After its name, when the files are listed. */
  readonly about: string;
  readonly text: string;
}

const CONFIG = `/** Your replicated machine, what its clients ask, what they may be told, and under which faults. */
import { defineConfig, type StateMachine } from 'seedraft';
import { defineModel } from 'seedraft/check';

/** Replace this one. A machine is synchronous and deterministic: no clock, no chance, no promise; answers are plain values. */
export class Counter implements StateMachine {
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

  /** Chunks of the state as it is now: copy what may change before they are read. */
  snapshot(): Iterator<unknown> {
    return [[...this.#counts]].values();
  }

  restore(chunks: Iterable<unknown>): void {
    this.#counts = new Map([...chunks].flat() as [string, number][]);
  }
}

export default defineConfig({
  machine: () => new Counter(),

  // One client. All chance comes from \`draw\`, so that a seed means the same run for ever.
  workload: () => ({
    next(draw) {
      const name = draw.key();
      if (draw.chance(0.4)) return { f: 'read', query: ['read', name] };
      return { f: 'add', command: ['add', name, draw.integer(1, 9)] };
    },
  }),

  // What one operation after the other would answer. The history of every run must be explained by it.
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

  // A file, and a shipped scenario that leaves everything to the seed.
  scenarios: ['scenarios/leader-crashes.yaml', 'swarm'],
});
`;

const SCENARIO = `name: leader crashes
story: The leader dies twice while clients write; nothing acknowledged may be lost, and nothing may happen twice.
cluster: { voters: 3, snapshot: { everyEntries: 20, keep: 5 } }
workload: { clients: 5, rate: 60, retries: 5, timeout: 400ms, for: 12s }
faults:
  - { at: 2s, crash: leader, restart: 1s }
  - { at: 6s, crash: leader, restart: 1s }
`;

const TEST = `/** The scenario under a few seeds, and the machine alone against its model. More seeds: npx seedraft fuzz */
import fc from 'fast-check';
import { machineCommands, runCommands } from 'seedraft/fast-check';
import { testScenario } from 'seedraft/vitest';
import { test } from 'vitest';
import config from './seedraft.config.ts';

testScenario('scenarios/leader-crashes.yaml', { config, seeds: 5 });

test('the machine answers as its model, also from a snapshot', () => {
  fc.assert(fc.property(machineCommands(), (commands) => void runCommands(config, commands)));
});
`;

const WORKFLOW = `name: seedraft
on:
  push:
  pull_request:
  schedule:
    - cron: '17 3 * * *'
jobs:
  fuzz:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with: { node-version: 20, cache: npm }
      - run: npm ci
      - run: npx vitest run
      # The same seeds on every change; at night some that nobody has tried.
      - run: npx seedraft fuzz --for 2m
      - if: github.event_name == 'schedule'
        run: npx seedraft fuzz --root random --for 1h
      - if: failure()
        uses: actions/upload-artifact@v4
        with: { name: runs, path: runs }
`;

export const TEMPLATES: readonly Template[] = [
  { file: 'seedraft.config.ts', about: 'a machine, its clients, its model', text: CONFIG },
  { file: 'scenarios/leader-crashes.yaml', about: 'one story', text: SCENARIO },
  {
    file: 'seedraft.test.ts',
    about: 'the story under five seeds, with vitest and fast-check',
    text: TEST,
  },
  {
    file: '.github/workflows/seedraft.yml',
    about: 'tests and two minutes of fuzzing on every change',
    text: WORKFLOW,
  },
];
