/** Shrinks one run in a thread of its own (compiled output only, as all workers). Everything it does is in shrink-run.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemOf } from '../config/define.ts';
import { runBundle } from '../config/load.ts';
import { shrinkRun } from './shrink-run.ts';
import type { ShrinkSaid, ShrinkWork } from './work.ts';

const { plan, raw, origin, runs, stop, config } = workerData as ShrinkWork;
const say = (said: ShrinkSaid): void => parentPort?.postMessage(said);

const shrunk = shrinkRun(plan, raw, {
  own: systemOf(config === null ? null : await runBundle(config)),
  origin,
  budget: { runs, stop: () => Atomics.load(stop, 0) === 1 },
  onProgress: (progress) => say({ progress }),
});
if (shrunk === null) throw new Error('a run that does not fail by a rule cannot be shrunk');
say({ shrunk });
