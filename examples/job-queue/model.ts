/** What a queue may answer, one operation after the other: a plain value and what each operation makes of it. */
import { defineModel } from 'seedraft/check';
import type { Command } from './job-queue.ts';

interface State {
  readonly waiting: readonly string[];
  readonly taken: Readonly<Record<string, string>>;
}

/** A worker gives up a job that is its own; of any other it is told no. */
const closes = (back: boolean) => ({
  apply: (state: State, [, worker, job]: readonly [string, string, string]) => {
    if (state.taken[job] !== worker) return { state, output: false };
    const waiting = back ? [...state.waiting, job] : state.waiting;
    const { [job]: _, ...taken } = state.taken;
    return { state: { waiting, taken }, output: true };
  },
});

export const model = defineModel<State>({
  name: 'job queue',
  initial: { waiting: [], taken: {} },
  operations: {
    add: {
      apply: ({ waiting, taken }, [, job]: Command) => ({
        state: { waiting: [...waiting, job], taken },
        output: true,
      }),
    },
    take: {
      apply: (state, [, worker]: Command) => {
        const [job, ...waiting] = state.waiting;
        if (job === undefined) return { state, output: null };
        return { state: { waiting, taken: { ...state.taken, [job]: worker } }, output: job };
      },
    },
    finish: closes(false),
    return: closes(true),
    length: { readOnly: true, apply: (state) => ({ state, output: state.waiting.length }) },
  },
});
