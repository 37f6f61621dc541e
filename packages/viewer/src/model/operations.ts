/** Client operations as bars in their clients' lanes, from what was asked to what was answered. */
import type { RecordedOperation } from '@seedraft/sim';
import type { Position, RunModel } from './run-model.ts';

export interface PlacedOperation {
  readonly operation: RecordedOperation;
  readonly from: Position;
  /** The last event of a run if nothing ended it. */
  readonly to: Position;
}

export function placedOperations(model: RunModel): readonly PlacedOperation[] {
  const { run, events, positionAt, positionOf } = model;
  const last = events.length - 1;
  return run.recording.operations.map((operation) => {
    const { events: own, invokedAt, completedAt } = operation;
    const from = positionOf(own[0] ?? -1) ?? Math.min(positionAt(invokedAt), last);
    const end =
      completedAt === null ? last : (positionOf(own.at(-1) ?? -1) ?? positionAt(completedAt));
    return { operation, from, to: Math.max(from, Math.min(end, last)) };
  });
}

/** `put {"key":"a"}`, cut: whole values are in the tooltip. */
export function askedText({ f, input }: RecordedOperation, limit = 60): string {
  const text = `${f} ${input === null ? '' : JSON.stringify(input)}`.trimEnd();
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}

export function answerText({ outcome, output }: RecordedOperation, limit = 60): string {
  if (outcome === 'info') return 'unknown for ever';
  if (outcome !== 'ok') return outcome;
  const text = output === null ? 'ok' : `ok ${JSON.stringify(output)}`;
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}
