/** A member that stops by itself: why, in one code and one sentence, and a file with what is needed to find the cause. Never touches the data. */
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { InvariantError } from '@seedraft/core';
import { MachineError, MemberStopped } from '@seedraft/replica';

export interface Ending {
  readonly code: string;
  readonly sentence: string;
}

/** What a throw out of the replica, or the store, says. */
export function endingOf(thrown: unknown): Ending {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof MemberStopped) return { code: thrown.code, sentence: message };
  if (thrown instanceof MachineError) {
    return {
      code: 'MACHINE_ERROR',
      sentence: `The state machine broke its contract and would again: ${message}. Mend it on every member, then restart.`,
    };
  }
  if (thrown instanceof InvariantError) {
    return {
      code: 'INVARIANT_BROKEN',
      sentence: `An invariant of this member does not hold: ${message}. Its data is as it was before; keep the report and the directory, and report both.`,
    };
  }
  return {
    code: 'INTERNAL_ERROR',
    sentence: `Something failed that never should: ${message}. Restart the member; keep the report.`,
  };
}

export const REPORT_FILE = 'last-stop.json';
const EARLIER_REPORT_FILE = 'last-stop-before.json';

/** Two at most are kept: a member that is restarted for ever must not fill its disk. Returns the path, or '' when nothing could be written. */
export function writeReport(directory: string, report: Record<string, unknown>): string {
  const file = path.join(directory, REPORT_FILE);
  try {
    renameSync(file, path.join(directory, EARLIER_REPORT_FILE));
  } catch {
    // There is none yet.
  }
  try {
    writeFileSync(file, `${JSON.stringify(report, null, 1)}\n`);
    return file;
  } catch {
    // The disk may be why it stops.
    return '';
  }
}
