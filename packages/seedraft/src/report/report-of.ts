/** A report from plans: each is run again and recorded, and what mattered in it is found. No files are touched here. */
import { type Plan, type Recorded, type RunOptions, record, relevantPast } from '@seedraft/sim';
import type { ReportedRun } from '@seedraft/viewer';
import { UsageError } from '../exit-codes.ts';
import { ruleDefinition } from '../rules.ts';

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

/** Whether there is Raft in it: a protocol of one's own has neither terms nor logs. */
export function canBeDrawn({ plan }: Pick<ShownRun, 'plan'>): boolean {
  return plan.workload.kind !== 'protocol';
}

/** Throws UsageError for what has no Raft in it. `own`: of the config in force, for plans of one's own machine. */
export function recordRun({ name, plan, replay }: ShownRun, own: RunOptions['own']): RecordedRun {
  if (!canBeDrawn({ plan })) {
    throw new UsageError("The page shows Raft; a run of a protocol of one's own has none to draw.");
  }
  const { result, recording } = record(plan, own === undefined ? {} : { own });
  const rule = recording.header.rule === null ? null : ruleDefinition(recording.header.rule);
  const steps = relevantPast(recording).steps.map(({ event, why }) => ({ event, why }));
  return { run: { name, recording, rule: rule ?? null, steps, replay }, result };
}
