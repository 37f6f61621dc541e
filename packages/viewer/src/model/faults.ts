/** Faults as bars beside the lanes: from their injection to their end, side by side where they overlap. */
import type { FaultBar } from '@seedraft/sim';
import type { Position, RunModel } from './run-model.ts';

export interface PlacedFault {
  readonly fault: FaultBar;
  readonly from: Position;
  /** The same as `from`: a moment. */
  readonly to: Position;
  /** From 0. */
  readonly column: number;
}

/** Beyond this many at once, bars share the last column. */
const COLUMNS = 4;

/** What lasts until somebody ends it; without an end it outlived the run. Everything else is a moment. */
const LASTING: ReadonlySet<string> = new Set([
  'partition',
  'network',
  'swizzle',
  'clients-cut',
  'client-storm',
  'clog',
  'hold',
  'slow',
  'pause',
  'crash',
  'crash-all',
  'clock-drift',
  'clock-freeze',
  'disk-slow',
  'disk-stall',
  'disk-full',
  'disk-error',
]);

export function barColumns(model: RunModel): readonly PlacedFault[] {
  const { events, run, positionOf, positionAt } = model;
  const freeFrom: Position[] = [];
  return run.recording.faults.map((fault) => {
    const from = positionOf(fault.event) ?? Math.min(positionAt(fault.from), events.length - 1);
    const healed = fault.healedBy === null ? null : positionOf(fault.healedBy);
    const open = LASTING.has(fault.name) ? events.length - 1 : from;
    const to = Math.max(from, healed ?? (fault.to === null ? open : positionAt(fault.to)));
    const free = freeFrom.findIndex((next) => next < from);
    const column = Math.min(free < 0 ? freeFrom.length : free, COLUMNS - 1);
    freeFrom[column] = Math.max(freeFrom[column] ?? 0, to);
    return { fault, from, to, column };
  });
}
