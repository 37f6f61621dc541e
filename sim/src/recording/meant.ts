/**
 * The client operations that a violation is about: those that its sentence names, and, for each log index that it names, the write that took
 * effect there, or else, of the latest, whoever was first told of it. Of a liveness failure: those that were taken and never answered.
 */
import type { RecordedOperation, Recording } from './recording.ts';
import { owedRequests } from './waiting.ts';

export function meantOperations(recording: Recording): readonly RecordedOperation[] {
  const { header, operations } = recording;
  const { about, verdict } = header;
  if (verdict === 'liveness') {
    return [...new Set(owedRequests(recording).map(({ operation }) => operation))];
  }
  const meant = new Set(operations.filter(({ id }) => about.operations.includes(id)));
  const known = new Set([...meant].map(({ index }) => index));
  for (const wanted of about.indexes) {
    if (known.has(wanted)) continue;
    const there = operations.filter(({ index }) => index === wanted);
    const told = there.filter(({ completedAt }) => completedAt !== null);
    told.sort((one, other) => (one.completedAt ?? 0) - (other.completedAt ?? 0));
    // That somebody was told matters of the latest index: a read that missed it came too late.
    const reader = wanted === Math.max(...about.indexes) ? told[0] : undefined;
    const first = there.find(({ readOnly }) => !readOnly) ?? reader;
    if (first !== undefined) meant.add(first);
  }
  return [...meant].sort((one, other) => one.id - other.id);
}
