/** The members' logs side by side at one moment: a row a member, a column an index, so that what disagrees stands one below the other. */
import type { LogRun, MemberState } from '@seedraft/sim';
import type { States } from './state-timeline.ts';

export interface GridCell {
  readonly index: number;
  readonly term: number;
  readonly isCommitted: boolean;
  readonly isApplied: boolean;
  readonly isDurable: boolean;
}

export interface GridRow {
  readonly member: string;
  readonly state: MemberState;
  /** By column; null: no such entry. `snapshot`: it is part of the member's snapshot. */
  readonly cells: readonly (GridCell | 'snapshot' | null)[];
}

export interface LogGrid {
  /** Index of the first column. */
  readonly first: number;
  readonly columns: number;
  /** The last index that any member holds. */
  readonly last: number;
  readonly rows: readonly GridRow[];
}

/** The window of `columns` that ends `back` entries before the last one, never before the first. */
export function logGrid(
  states: States,
  names: readonly string[],
  columns: number,
  back: number,
): LogGrid {
  const last = Math.max(0, ...[...states.values()].map(lastIndex));
  const first = Math.max(1, last - columns + 1 - back);
  const rows = names.flatMap((member): GridRow[] => {
    const state = states.get(member);
    return state === undefined ? [] : [rowOf(member, state, first, columns)];
  });
  return { first, columns, last, rows };
}

export function lastIndex({ log, snapshotIndex }: MemberState): number {
  return Math.max(log.at(-1)?.last ?? 0, snapshotIndex);
}

function rowOf(member: string, state: MemberState, first: number, columns: number): GridRow {
  const cells = Array.from({ length: columns }, (_, column) => {
    const index = first + column;
    const run = runAt(state.log, index);
    if (run === null) return index <= state.snapshotIndex ? 'snapshot' : null;
    return {
      index,
      term: run.term,
      isCommitted: index <= state.commitIndex,
      isApplied: index <= state.lastApplied,
      isDurable: index <= state.durableIndex,
    };
  });
  return { member, state, cells };
}

function runAt(log: readonly LogRun[], index: number): LogRun | null {
  return log.find(({ first, last }) => first <= index && index <= last) ?? null;
}
