/**
 * A worker thread (compiled output only: a loader that rewrites names makes tight loops many times slower). Everything it does is in
 * runner.ts.
 */
import { workerData } from 'node:worker_threads';
import { UnitRunner } from './runner.ts';
import type { CampaignTask, CampaignWork } from './task.ts';
import type { UnitResult } from './unit.ts';

const runner = new UnitRunner(workerData as CampaignWork);

export default function work({ from, to }: CampaignTask): UnitResult[] {
  return runner.runAll(from, to);
}
