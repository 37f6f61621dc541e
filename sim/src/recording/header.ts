/** The head of a recording: what the run came to, and whom and what its violation is about. */
import type { Plan } from '../plan.ts';
import type { RunResult } from '../run.ts';
import { aboutSentence } from './about.ts';
import { RECORDING_FORMAT, type RecordedOperation, type RecordingHeader } from './recording.ts';

/** What only the recorder knows. */
export interface Seen {
  /** Empty: the run never had any, and the plan's are told. */
  readonly members: readonly { readonly id: number; readonly name: string }[];
  /** The last event was over when the verdict came. */
  readonly isOver: boolean;
  readonly liveness: RecordingHeader['liveness'];
}

export function headerOf(
  { members: planned, scenario, seed, workload, schedule }: Plan,
  result: RunResult,
  operations: readonly RecordedOperation[],
  { members, isOver, liveness }: Seen,
): RecordingHeader {
  const { verdict, rule, sentence, reason, hash, events, simulatedMicros } = result;
  const isBroken = verdict === 'violation' || verdict === 'liveness';
  const known = members.length > 0 ? members : planned.map(({ name }, n) => ({ id: n + 1, name }));
  return {
    format: RECORDING_FORMAT,
    scenario,
    seed,
    verdict,
    rule,
    sentence,
    reason,
    hash,
    eventCount: events,
    simulatedMicros,
    members: known.map(({ id, name }) => ({ id, name })),
    clients: workload.kind === 'none' ? 0 : workload.clients,
    isSchedule: schedule !== undefined,
    violation: isBroken ? events - 1 : null,
    isJudgedAtEnd: isBroken && (verdict === 'liveness' || isOver),
    about: aboutSentence(isBroken ? sentence : null, operations),
    liveness,
    leftOut: null,
  };
}
