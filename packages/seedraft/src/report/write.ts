/** Writes report.html: where `report` is told to, and by itself beside every failure that is drawn at once. */
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RunOptions } from '@seedraft/sim';
import type { Report, ReportedRun } from '@seedraft/viewer';
import { buildIdentity } from '../build-identity.ts';
import { UsageError } from '../exit-codes.ts';
import { commandLine, shownPath } from '../shell.ts';
import { removeRest, writeProblem } from '../write-problem.ts';
import { pageOf, readTemplate } from './page.ts';
import { recordRun, type ShownRun } from './report-of.ts';

/** In a run folder. */
export const REPORT_FILE = 'report.html';

/** Events of runs that are drawn without being asked for: a fraction of a second, of a protocol of one's own a second. */
const DRAWN_AT_ONCE = 8_000;

export interface Written {
  readonly bytes: number;
  /** As it stands in the file: with what was left out. */
  readonly report: Report;
}

/** Over a file of this name, if there is one. Throws UsageError. */
export function writeReport(file: string, runs: readonly ReportedRun[]): Written {
  const template = readTemplate();
  if (template === null) {
    throw new UsageError('the page of reports has not been built yet: npm run build.');
  }
  const { html, report } = pageOf({ format: 1, version: buildIdentity().version, runs }, template);
  const partial = `${file}.partial`;
  try {
    writeFileSync(partial, html);
    renameSync(partial, file);
  } catch (error) {
    removeRest(partial);
    throw new UsageError(`${file} ${writeProblem(error)}.`);
  }
  return { bytes: Buffer.byteLength(html), report };
}

/**
 * For a failure that was just written to `folder`: the page, as shown to people, or the line that draws it where that takes its time. Null: the
 * page has not been built. Never throws, since what fails here must not hide the failure it is about.
 */
export function drawFailure(
  folder: string,
  runs: readonly ShownRun[],
  events: number,
  own: RunOptions['own'],
  words: readonly string[],
): string | null {
  const later = commandLine('report', shownPath(folder), ...words);
  if (readTemplate() === null) return null;
  if (events > DRAWN_AT_ONCE) return later;
  try {
    const file = path.join(folder, REPORT_FILE);
    const drawn = runs.map((run) => recordRun(run, own).run);
    writeReport(file, drawn);
    return shownPath(file);
  } catch {
    // Asked for by name it says why.
    return later;
  }
}
