/**
 * A log as runs of one term: how it is cut from a member's log, patched, and asked. Runs are ascending and without gaps; neighbours differ
 * in term, so that equal logs have equal runs.
 */
import type { Entry, Index, LogView, Term } from '@seedraft/core';
import type { LogPatch, LogRun } from './recording.ts';

/** Entries in the order of their index. */
export function runsOf(entries: readonly Entry[]): LogRun[] {
  const runs: LogRun[] = [];
  for (const { index, term } of entries) append(runs, { first: index, last: index, term });
  return runs;
}

/** What `log` holds from `from` on. */
export function runsFrom(log: LogView, from: Index): LogRun[] {
  const runs: LogRun[] = [];
  for (let index = Math.max(from, log.firstIndex); index <= log.lastIndex; index += 1) {
    append(runs, { first: index, last: index, term: log.termAt(index) as Term });
  }
  return runs;
}

/** The log after a patch; `firstIndex`: what is before it is compacted. */
export function patched(
  runs: readonly LogRun[],
  patch: LogPatch | null,
  firstIndex: Index,
): LogRun[] {
  const result: LogRun[] = [];
  const keepTo = patch === null ? Infinity : patch.from - 1;
  for (const { first, last, term } of runs) {
    append(result, { first: Math.max(first, firstIndex), last: Math.min(last, keepTo), term });
  }
  for (const run of patch?.runs ?? []) {
    append(result, { ...run, first: Math.max(run.first, firstIndex) });
  }
  return result;
}

export function lastIn(runs: readonly LogRun[]): { readonly index: Index; readonly term: Term } {
  const run = runs.at(-1);
  return run === undefined ? { index: 0, term: 0 } : { index: run.last, term: run.term };
}

function append(runs: LogRun[], run: LogRun): void {
  if (run.first > run.last) return;
  const last = runs.at(-1);
  if (last !== undefined && last.term === run.term && last.last === run.first - 1) {
    runs[runs.length - 1] = { ...last, last: run.last };
  } else runs.push(run);
}
