/** Opens the report that the page carries and shows it. */
import { unpackRecording } from '@seedraft/sim';
import { render } from 'preact';
import { DATA_ELEMENT, type PackedReport, REPORT_FORMAT, type Report } from './report.ts';
import './styles.css';
import { App } from './view/app.tsx';

async function readReport(): Promise<Report> {
  const text = document.getElementById(DATA_ELEMENT)?.textContent?.trim() ?? '';
  if (text === '')
    throw new Error('This page carries no run. `seedraft report RUN` writes one that does.');
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  const packed = JSON.parse(await new Response(inflated).text()) as PackedReport;
  if (packed.format !== REPORT_FORMAT) throw new Error(`A report of format ${packed.format}.`);
  const runs = packed.runs.map((run) => ({ ...run, recording: unpackRecording(run.recording) }));
  return { ...packed, runs };
}

const root = document.getElementById('app') as HTMLElement;
try {
  const report = await readReport();
  render(<App report={report} />, root);
} catch (error) {
  root.textContent = `This report cannot be shown: ${error instanceof Error ? error.message : error}`;
}
