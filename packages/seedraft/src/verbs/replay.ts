/** `seedraft replay`: a recorded run again, event for event, compared with its choice log and hash. */
import { type RunResult, run } from '@seedraft/sim';
import type { Command } from 'commander';
import pc from 'picocolors';
import { EXIT } from '../exit-codes.ts';
import { failureText } from '../reporters/failure.ts';
import { recordStory } from '../reporters/story.ts';
import { choiceBytes, type RunFolder, readRunFolder } from '../run-folder.ts';
import { out } from './output.ts';
import { passText, resultJson, verdictExit } from './run.ts';

interface ReplayFlags {
  readonly trace?: boolean;
  readonly json?: boolean;
}

export function addReplay(program: Command, finish: (code: number) => void): void {
  program
    .command('replay')
    .summary('reproduce a run folder exactly')
    .description(
      'Runs the recorded plan again and compares every event with the recorded choice log. A folder of another version, or one that is not whole, is refused.',
    )
    .argument('<folder>', 'a run folder')
    .option('--trace', 'print every event')
    .option('--json', 'print one JSON object on stdout')
    .action((folder: string, flags: ReplayFlags) => finish(replay(folder, flags)));
}

/** One event of a choice log, in bytes. */
const CHOICE_BYTES = 16;

/** The number of the first event in which two choice logs differ; null: they are the same. */
function firstDifference(recorded: Uint8Array, now: Uint8Array): number | null {
  const shorter = Math.min(recorded.length, now.length);
  for (let at = 0; at < shorter; at++) {
    if (recorded[at] !== now[at]) return Math.floor(at / CHOICE_BYTES) + 1;
  }
  return recorded.length === now.length ? null : Math.floor(shorter / CHOICE_BYTES) + 1;
}

function agreement(folder: RunFolder, result: RunResult): { agrees: boolean; sentence: string } {
  const event = firstDifference(folder.choices, choiceBytes(result.choices));
  if (event !== null) {
    return {
      agrees: false,
      sentence: `event ${event} differs from the recorded one (recorded ${folder.record.events} events, now ${result.events})`,
    };
  }
  if (result.hash !== folder.record.hash) {
    return {
      agrees: false,
      sentence: `all ${result.events} events are the same, but the hash is ${result.hash}, recorded ${folder.record.hash}`,
    };
  }
  return { agrees: true, sentence: `hash ${result.hash} agrees over all ${result.events} events` };
}

function replay(path: string, flags: ReplayFlags): number {
  const folder = readRunFolder(path);
  const told = recordStory();
  const result = run(folder.plan, {
    record: { choices: true, history: true, trace: flags.trace === true },
    observers: told.observers,
  });
  for (const line of result.trace ?? []) out(line);
  const { agrees, sentence } = agreement(folder, result);
  const again = `npx seedraft replay ${path}`;
  if (flags.json) {
    out(
      JSON.stringify({
        ...resultJson(folder.plan, result, path, again),
        agrees,
        agreement: sentence,
      }),
    );
  } else {
    if (result.verdict === 'pass') out(passText(folder.plan, result, path));
    else {
      out(
        failureText({
          ...result,
          sentence: result.sentence ?? result.reason,
          scenario: folder.plan.scenario,
          seed: folder.plan.seed,
          story: told.lines(),
          folder: path,
          replay: again,
        }),
      );
    }
    out(agrees ? pc.green(`replayed: ${sentence}`) : pc.red(`NOT the recorded run: ${sentence}`));
  }
  return agrees ? verdictExit(result) : EXIT.nondeterminism;
}
