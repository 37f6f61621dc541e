/** A data directory that somebody names to look into: what is there, or a mistake in the arguments. */
import { type Inspection, inspectDirectory } from '@seedraft/store/level';
import { UsageError } from '../exit-codes.ts';

export type Found = Extract<Inspection, { outcome: 'found' }>;

export function found(directory: string): Found {
  const inspection = inspectDirectory(directory);
  if (inspection.outcome === 'refused') {
    throw new UsageError(`${inspection.code}: ${inspection.sentence}`);
  }
  if (inspection.outcome === 'empty') {
    throw new UsageError(`${directory} holds no member. Name the directory that --data names.`);
  }
  return inspection;
}
