/** What `shrink` prints: from how much to how little, what happens in it, the two files that show it, and the line that replays it. */
import pc from 'picocolors';
import { harmlessBlock, harmlessLine } from '../harmless.ts';
import { brokenRule } from '../rules.ts';
import { shellWord } from '../shell.ts';
import type { ShrunkRun } from '../shrink/shrink-run.ts';
import { lastEvent } from './last-event.ts';

export interface ShrunkReport {
  readonly shrunk: ShrunkRun;
  readonly raw: string;
  /** Null: it could not be kept; neither can be replayed what is not there. */
  readonly folder: string | null;
  readonly replay: string | null;
  /** The page that shows both, or the line that draws one; null: neither. */
  readonly picture: string | null;
  /** Why there is no folder. */
  readonly note: string | null;
  readonly seconds: number;
  /** By Ctrl-C, before it was finished. */
  readonly interrupted: boolean;
}

export function shrunkJson(report: ShrunkReport): Record<string, unknown> {
  const { shrunk, raw, folder, replay, picture, note, seconds, interrupted } = report;
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
    interrupted,
    seconds: Math.round(seconds * 100) / 100,
    hash: result.hash,
    story,
    raw,
    folder,
    replay,
    picture,
    note,
    files: artifacts,
  };
}

export function shrunkText(report: ShrunkReport): string {
  const { shrunk, raw, folder, replay, picture, seconds } = report;
  const { failure, plan, result, rawEvents, runs, story, artifacts } = shrunk;
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
        `${harmlessLine(`${failure.rule} ${rule?.name ?? ''}`.trim())}, in ${result.events} events (before: ${rawEvents})`,
      ),
    ),
    `${left.join(', ')}; ${count(runs, 'run')} in ${seconds.toFixed(1)} s${endOf(report)}`,
    '',
    `At ${lastEvent(result)}: ${harmlessBlock(result.sentence ?? '')}`,
    harmlessBlock(rule?.definition ?? ''),
  ];
  if (story.length > 0) {
    lines.push('', pc.bold('What leads there:'), ...story.map((line) => `  ${harmlessLine(line)}`));
  }
  const named = folder === null ? '' : ` (${shellWord(`${folder}/scenario.yaml`)})`;
  lines.push(
    '',
    pc.bold(`As a scenario${named}, run and found to fail:`),
    `  ${harmlessBlock(artifacts.scenario.trimEnd())}`,
    '',
  );
  if (folder === null) return [...lines, `Raw run folder: ${shellWord(raw)}`].join('\n');
  lines.push(
    `${pc.bold('As a test:')}    ${shellWord(`${folder}/${artifacts.testFile}`)} (vitest; fails until the bug is gone)`,
    `${pc.bold('Run folders:')}  ${shellWord(folder)}, raw ${shellWord(raw)}`,
    `${pc.bold('Replay it:')}    ${replay}`,
  );
  if (picture !== null) lines.push(`${pc.bold('See both:')}     ${harmlessLine(picture)}`);
  return lines.join('\n');
}

/** Why there may be less of it, if there may. */
function endOf({ shrunk, interrupted }: ShrunkReport): string {
  if (shrunk.finished) return '';
  return interrupted ? '; interrupted, more may go' : '; the budget ended it, more may go';
}
