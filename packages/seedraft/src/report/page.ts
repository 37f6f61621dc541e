/**
 * The page of a run: the template that the viewer's build left beside the compiled command, and a report put into it, deflated and in
 * base64, so that nothing in a run (keys, values, sentences) can be taken for HTML. One file that asks nobody for anything.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { cutRecording, packRecording, type Recording } from '@seedraft/sim';
import type { DATA_ELEMENT, PackedReport, Report } from '@seedraft/viewer';

/** From source and compiled alike. */
const TEMPLATE = fileURLToPath(new URL('../../dist/report.html', import.meta.url));

/** Bytes of a page, at most: what mail and chat take without a word. */
export const LARGEST_PAGE = 1_000_000;

export interface Page {
  readonly html: string;
  /** As it stands in the page: with what was left out. */
  readonly report: Report;
}

/** Null: the template has not been built. */
export function readTemplate(): string | null {
  return existsSync(TEMPLATE) ? readFileSync(TEMPLATE, 'utf8') : null;
}

/** What does not fit goes, run by run, the longest first: the earliest events, but for those that mattered. */
export function pageOf(report: Report, template: string, largest: number = LARGEST_PAGE): Page {
  let now = report;
  for (;;) {
    const html = filled(template, now);
    if (html.length <= largest) return { html, report: now };
    const shorter = shortened(report, now, (0.9 * largest) / html.length);
    if (shorter === null) return { html, report: now };
    now = shorter;
  }
}

/** The longest run with this share of the last events that it has now; null: no run can be cut any further. */
function shortened(whole: Report, now: Report, share: number): Report | null {
  const lengths = now.runs.map(({ recording }) => rangeOf(recording));
  const most = Math.max(...lengths);
  const longest = lengths.indexOf(most);
  const last = Math.min(most - 1, Math.floor(most * share));
  if (last < 1) return null;
  const runs = now.runs.map((run, n) => {
    const { recording } = whole.runs[n] as Report['runs'][number];
    return n === longest ? { ...run, recording: cutRecording(recording, { last }) } : run;
  });
  return { ...now, runs };
}

/** Events without those that are there only since they mattered: this gets smaller with every cut. */
function rangeOf({ header, events }: Recording): number {
  return header.leftOut === null ? events.length : header.leftOut.to - header.leftOut.from;
}

const ELEMENT: typeof DATA_ELEMENT = 'seedraft-report';

function filled(template: string, report: Report): string {
  const packed: PackedReport = {
    ...report,
    runs: report.runs.map((run) => ({ ...run, recording: packRecording(run.recording) })),
  };
  const data = deflateRawSync(JSON.stringify(packed)).toString('base64');
  const block = `<script type="application/octet-stream" id="${ELEMENT}">${data}</script>\n`;
  const at = template.indexOf('<div id="app">');
  if (at < 0) throw new Error('the template of reports has no place for one: build it again');
  return template.slice(0, at) + block + template.slice(at);
}
