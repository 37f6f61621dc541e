/** How the queue is fuzzed: workers that add, take, finish and return jobs. */
import { defineConfig } from 'seedraft';
import type { OwnDraw, OwnOperation } from 'seedraft/sim';
import { type Command, JobQueue } from './job-queue.ts';
import { model } from './model.ts';

/** A worker remembers the job it took, and gives it up before it takes another. */
function worker(client: number) {
  const name = `w${client}`;
  let job: string | null = null;
  return {
    next(draw: OwnDraw): OwnOperation {
      if (job !== null && draw.chance(0.6)) {
        const f = draw.weighted({ finish: 4, return: 1 });
        return { f, command: [f, name, job] satisfies Command };
      }
      const f = draw.weighted({ add: 4, take: 4, length: 2 });
      if (f === 'length') return { f, query: ['length'] };
      return { f, command: f === 'add' ? [f, `job ${draw.id}`] : [f, name] };
    },
    learn({ f }: { readonly f: string }, output: unknown) {
      if (f === 'take') job = output as string | null;
      else if (f === 'finish' || f === 'return') job = null;
    },
  };
}

export default defineConfig({
  machine: () => new JobQueue(),
  workload: worker,
  model,
  scenarios: ['swarm'],
});
