/** Where the result of a campaign goes, the same for every verb that has one: stdout, `--junit`, and GitHub when this runs there. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { UsageError } from '../exit-codes.ts';
import { fileProblem } from '../read-input.ts';
import { campaignJson } from '../reporters/campaign-json.ts';
import type { CampaignReport } from '../reporters/campaign-report.ts';
import { campaignText } from '../reporters/campaign-text.ts';
import { annotations, stepSummary } from '../reporters/github.ts';
import { note, out } from './output.ts';

export interface PublishFlags {
  readonly json?: boolean;
  readonly junit?: string;
}

/** Before hours are spent: makes the file, empty. Throws UsageError. */
export function prepareJunit({ junit }: PublishFlags): void {
  if (junit !== undefined) writeJunit(junit, '');
}

function writeJunit(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`--junit ${file} ${fileProblem(error)}.`);
  }
}

/** Prints and writes it all; returns the exit code. */
export async function publish(report: CampaignReport, flags: PublishFlags): Promise<number> {
  if (flags.junit !== undefined) {
    const { junitXml } = await import('../reporters/junit.ts');
    writeJunit(flags.junit, junitXml(report));
  }
  if (process.env.GITHUB_ACTIONS === 'true') toGithub(report);
  out(flags.json === true ? JSON.stringify(campaignJson(report)) : campaignText(report));
  return report.verdict.exit;
}

/** A summary that cannot be written must not hide the result. */
function toGithub(report: CampaignReport): void {
  for (const line of annotations(report)) note(line);
  const summary = process.env.GITHUB_STEP_SUMMARY;
  if (summary === undefined || summary === '') return;
  try {
    appendFileSync(summary, stepSummary(report));
  } catch (error) {
    note(`The step summary ${summary} ${fileProblem(error)}.`);
  }
}
