/**
 * A worker thread (compiled output only: a loader that rewrites names makes tight loops many times slower). Everything it does is in
 * runner.ts.
 */
import { workerData } from 'node:worker_threads';
import { run } from '@seedraft/sim';
import { ownOf, planOptions } from '../config/define.ts';
import { runBundle } from '../config/load.ts';
import { UnitRunner } from './runner.ts';
import type { CampaignWork, WatchedWork } from './task.ts';
import type { UnitResult } from './unit.ts';
import { markIn } from './watch.ts';

const campaign = workerData as CampaignWork;
const config = campaign.config === undefined ? null : await runBundle(campaign.config);
const own = ownOf(config);
const runner = new UnitRunner(
  campaign,
  (plan, options) => run(plan, { ...options, ...own }),
  planOptions(config),
);

export default function work(task: WatchedWork): UnitResult[] {
  return runner.runAll(task.from, task.to, markIn(task.pulse, task));
}
