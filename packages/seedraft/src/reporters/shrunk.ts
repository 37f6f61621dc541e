/** What `shrink` prints: from how much to how little, what happens in it, the two files that show it, and the line that replays it. */
import pc from 'picocolors';
import { brokenRule } from '../rules.ts';
import { shellWord } from '../shell.ts';
import type { ShrunkRun } from '../shrink/shrink-run.ts';

export interface ShrunkReport {
  readonly shrunk: ShrunkRun;
  readonly raw: string;
  readonly folder: string;
  readonly replay: string;
  /** The page that shows both, or the line that draws one; null: neither. */
  readonly picture: string | null;
  readonly seconds: number;
}

export function shrunkJson(report: ShrunkReport): Record<string, unknown> {
  const { shrunk, raw, folder, replay, picture, seconds } = report;
  const { failure, plan, result, rawEvents, planEvents, runs, finished, story, artifacts } = shrunk;
  return {
    ...failure,
    sentence: result.sentence,
    scenario: plan.scenario,
    seed: plan.seed,
    events: { before: rawEvents, plan: planEvents, after: result.events },
    steps: plan.schedule?.length ?? null,
    faults: plan.faults.length,
    members: plan.members.length,
    clients: plan.workload.clients,
    runs,
    finished,
    seconds: Math.round(seconds * 100) / 100,
    hash: result.hash,
    story,
    raw,
    folder,
    replay,
    picture,
    files: artifacts,
  };
}

export function shrunkText(report: ShrunkReport): string {
  const { shrunk, raw, folder, replay, picture, seconds } = report;
  const { failure, plan, result, rawEvents, runs, finished, story, artifacts } = shrunk;
  const rule = brokenRule(result);
  const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
  const left =
    plan.schedule === undefined
      ? [
          count(plan.members.length, 'member'),
          count(plan.workload.clients, 'client'),
          count(plan.faults.length, 'fault'),
        ]
      : [count(plan.members.length, 'member'), count(plan.schedule.length, 'step')];
  const lines = [
    pc.red(
      pc.bold(
        `${`${failure.rule} ${rule?.name ?? ''}`.trim()}, in ${result.events} events (before: ${rawEvents})`,
      ),
    ),
    `${left.join(', ')}; ${count(runs, 'run')} in ${seconds.toFixed(1)} s${finished ? '' : '; the budget ended it, more may go'}`,
    '',
    `At event ${result.events}: ${result.sentence}`,
    rule?.definition ?? '',
  ];
  if (story.length > 0) {
    lines.push('', pc.bold('What leads there:'), ...story.map((line) => `  ${line}`));
  }
  lines.push(
    '',
    pc.bold(`As a scenario (${shellWord(`${folder}/scenario.yaml`)}), run and found to fail:`),
    artifacts.scenario.trimEnd().replaceAll(/^/gm, '  '),
    '',
    `${pc.bold('As a test:')}    ${shellWord(`${folder}/test.ts`)} (vitest; fails until the bug is gone)`,
    `${pc.bold('Run folders:')}  ${shellWord(folder)}, raw ${shellWord(raw)}`,
    `${pc.bold('Replay it:')}    ${replay}`,
  );
  if (picture !== null) lines.push(`${pc.bold('See both:')}     ${picture}`);
  return lines.join('\n');
}
