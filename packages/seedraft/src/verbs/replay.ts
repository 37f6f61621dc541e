/** `seedraft replay`: a recorded run again, event for event, compared with its choice log and hash. */
import { type RunResult, run } from '@seedraft/sim';
import type { Command } from 'commander';
import pc from 'picocolors';
import { ownOf } from '../config/define.ts';
import { findConfig } from '../config/load.ts';
import { EXIT } from '../exit-codes.ts';
import { runJson, runText } from '../reporters/run.ts';
import { recordStory } from '../reporters/story.ts';
import { type RunFolder, readRunFolder } from '../run-folder/read.ts';
import { CHOICE_BYTES, choiceBytes } from '../run-folder/record.ts';
import { commandLine, shownPath } from '../shell.ts';
import { examples } from './examples.ts';
import { out, outObject } from './output.ts';
import { verdictExit } from './run.ts';
import { addScenarioFlags, type ScenarioFlags } from './scenario-flags.ts';

interface ReplayFlags extends ScenarioFlags {
  readonly trace?: boolean;
}

export function addReplay(program: Command, finish: (code: number) => void): void {
  const verb = program
    .command('replay')
    .summary('reproduce a run folder exactly')
    .description(
      'Runs the recorded plan again and compares every event with the recorded choice log. Nothing is written. ' +
        'A folder of another version, build or config, or one that is not whole, is refused.',
    )
    .argument('<folder>', 'a run folder')
    .option('--trace', 'print every event');
  addScenarioFlags(verb)
    .addHelpText(
      'after',
      examples(
        ['replay runs/swarm-seed-17', 'the same failure again, event for event'],
        ['replay runs/swarm-seed-17 --trace | tail -50', 'what happened just before it'],
      ),
    )
    .action(async (folder: string, flags: ReplayFlags) => finish(await replay(folder, flags)));
}

interface Agreement {
  readonly agrees: boolean;
  readonly sentence: string;
}

function agreementOf({ choices, record }: RunFolder, result: RunResult): Agreement {
  const now = choiceBytes(result.choices);
  const shorter = Math.min(choices.length, now.length);
  let same = 0;
  while (same < shorter && choices[same] === now[same]) same++;
  if (same < Math.max(choices.length, now.length)) {
    // Events are numbered from 0, as in a trace.
    const event = Math.floor(same / CHOICE_BYTES);
    const sentence = `event #${event} differs from the recorded one (recorded ${record.events} events, now ${result.events})`;
    return { agrees: false, sentence };
  }
  if (result.hash !== record.hash) {
    const sentence = `all ${result.events} events are the same, but the hash is ${result.hash}, recorded ${record.hash}`;
    return { agrees: false, sentence };
  }
  if (result.verdict !== record.verdict || result.rule !== record.rule) {
    const sentence = `all ${result.events} events are the same, but the verdict is ${result.rule ?? result.verdict}, recorded ${record.rule ?? record.verdict}`;
    return { agrees: false, sentence };
  }
  return { agrees: true, sentence: `hash ${result.hash} agrees over all ${result.events} events` };
}

async function replay(path: string, flags: ReplayFlags): Promise<number> {
  const { config, bundle, words } = await findConfig(flags.config);
  const kept = readRunFolder(path, bundle);
  const told = recordStory();
  const record = { choices: true, history: true, trace: flags.trace === true };
  const result = run(kept.plan, { record, observers: told.observers, ...ownOf(config) });
  const { agrees, sentence } = agreementOf(kept, result);
  const folder = shownPath(path);
  const again = commandLine('replay', folder, ...words);
  const report = { plan: kept.plan, result, story: told.lines(), folder, replay: again };
  if (flags.json) outObject({ ...runJson(report), agrees, agreement: sentence });
  else {
    out(runText(report));
    out(agrees ? pc.green(`replayed: ${sentence}`) : pc.red(`NOT the recorded run: ${sentence}`));
  }
  return agrees ? verdictExit(result) : EXIT.nondeterminism;
}
