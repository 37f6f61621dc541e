/** Where the result of a campaign goes, the same for every verb that has one: stdout, `--junit`, and GitHub when this runs there. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { UsageError } from '../exit-codes.ts';
import { campaignJson } from '../reporters/campaign-json.ts';
import type { CampaignReport } from '../reporters/campaign-report.ts';
import { campaignText } from '../reporters/campaign-text.ts';
import { annotations, stepSummary } from '../reporters/github.ts';
import { removeRest, writeProblem } from '../write-problem.ts';
import { exitWith, note, out, outObject, warn } from './output.ts';

export interface PublishFlags {
  readonly json?: boolean;
  readonly junit?: string;
}

/** Before hours are spent: could it be written? Leaves no file, of an earlier campaign neither. Throws UsageError. */
export function prepareJunit({ junit }: PublishFlags): void {
  if (junit === undefined) return;
  const problem = writeJunit(junit, '');
  removeRest(junit);
  if (problem !== null) throw new UsageError(problem);
}

/** A sentence when it could not be written; then there is no file. */
function writeJunit(file: string, text: string): string | null {
  try {
    writeFileSync(file, text);
    return null;
  } catch (error) {
    removeRest(file);
    return `--junit ${file} ${writeProblem(error)}.`;
  }
}

/**
 * Prints it, and only then writes the rest; returns the exit code. `lost`: what of it could not be kept already, a sentence each. What is lost hides
 * no verdict, but a campaign that passed does not end as if all of it were there.
 */
export async function publish(
  report: CampaignReport,
  flags: PublishFlags,
  lost: readonly string[] = [],
): Promise<number> {
  if (process.env.GITHUB_ACTIONS === 'true') toGithub(report);
  if (flags.json === true) outObject(campaignJson(report));
  else out(campaignText(report));
  const problems = [...lost];
  if (flags.junit !== undefined) {
    const { junitXml } = await import('../reporters/junit.ts');
    const problem = writeJunit(flags.junit, junitXml(report));
    if (problem !== null) problems.push(problem);
  }
  for (const problem of problems) warn(problem);
  return exitWith(report.verdict.exit, problems.length > 0);
}

/** A summary that cannot be written must not hide the result. */
function toGithub(report: CampaignReport): void {
  for (const line of annotations(report)) note(line);
  const summary = process.env.GITHUB_STEP_SUMMARY;
  if (summary === undefined || summary === '') return;
  try {
    appendFileSync(summary, stepSummary(report));
  } catch (error) {
    warn(`The step summary ${summary} ${writeProblem(error)}.`);
  }
}
