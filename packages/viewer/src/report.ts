/**
 * What the command puts into the page: the runs of a folder (raw, and shrunk when there is one), each as a recording with the words that
 * belong to it. The page draws this and asks nobody else.
 */
import type { EventNumber, PackedRecording, Recording } from '@seedraft/sim';

/** Raised when the shape changes. */
export const REPORT_FORMAT = 1;

/** The element of the page that holds a report: JSON, deflated, in base64. */
export const DATA_ELEMENT = 'seedraft-report';

export interface Report<Form = Recording> {
  readonly format: typeof REPORT_FORMAT;
  /** Of seedraft. */
  readonly version: string;
  /** Shown in this order; the first one is shown first. */
  readonly runs: readonly ReportedRun<Form>[];
}

export type PackedReport = Report<PackedRecording>;

export interface ReportedRun<Form = Recording> {
  /** Of its tab, and in the address. */
  readonly name: 'shrunk' | 'raw';
  readonly recording: Form;
  /** The one that was broken; null: none. */
  readonly rule: {
    readonly id: string;
    readonly name: string;
    readonly definition: string;
  } | null;
  /** What led to the violation, ascending. */
  readonly steps: readonly Step[];
  /** The line that runs it again. */
  readonly replay: string;
}

export interface Step {
  readonly event: EventNumber;
  readonly why: string;
}
