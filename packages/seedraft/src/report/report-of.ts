/** A report from plans: each is run again and recorded, and what mattered in it is found. No files are touched here. */
import { type Plan, type Recorded, type RunOptions, record, relevantPast } from '@seedraft/sim';
import type { ReportedRun } from '@seedraft/viewer';
import { recordedRule } from '../rules.ts';

/** A run to be shown. */
export interface ShownRun {
  readonly name: ReportedRun['name'];
  readonly plan: Plan;
  /** The line that runs it again. */
  readonly replay: string;
}

export interface RecordedRun {
  readonly run: ReportedRun;
  readonly result: Recorded['result'];
}

/** `own`: of the config in force, for plans of one's own machine or protocol. */
export function recordRun({ name, plan, replay }: ShownRun, own: RunOptions['own']): RecordedRun {
  const { result, recording } = record(plan, own === undefined ? {} : { own });
  const rule = recordedRule(recording.header);
  const steps = relevantPast(recording).steps.map(({ event, why }) => ({ event, why }));
  return { run: { name, recording, rule: rule ?? null, steps, replay }, result };
}
