/** `seedraft explain`: how a failed run came to break its rule, in words, or as a log for other tools. */
import { printHistory } from '@seedraft/check';
import { type RunResult, record } from '@seedraft/sim';
import type { Command } from 'commander';
import { ownOf } from '../config/define.ts';
import { EXIT, UsageError } from '../exit-codes.ts';
import { harmless, harmlessBlock } from '../harmless.ts';
import { historyEvents } from '../history-file.ts';
import {
  type Explanation,
  explain,
  explanationJson,
  explanationNdjson,
  explanationText,
  wholeRun,
} from '../reporters/explanation.ts';
import { shivizLog } from '../reporters/shiviz.ts';
import { examples } from './examples.ts';
import { addOneRun, type OneRunFlags, oneRun } from './one-run.ts';
import { note, out, outObject } from './output.ts';
import { verdictExit } from './run.ts';
import { addScenarioFlags } from './scenario-flags.ts';

interface ExplainFlags extends OneRunFlags {
  readonly format: string;
  readonly all?: boolean;
}

const FORMATS = ['text', 'ndjson', 'shiviz', 'edn'] as const;
type Format = (typeof FORMATS)[number];

export function addExplain(program: Command, finish: (code: number) => void): void {
  const verb = addOneRun(
    program
      .command('explain')
      .summary('how a failed run came to break its rule')
      .description(
        "Runs it once more and follows the violation back through messages, writes and elections (of a protocol of one's own: its messages, records and requests): what happened in plain English, the rule, " +
          'and the events that mattered, each with its reason. Heartbeats and all else that changed nothing are left out. ' +
          'Exits with the code of the run it explains.',
      ),
  )
    .option(
      '--format <format>',
      'text; ndjson: one event a line, with the events it follows from; shiviz: a log for ShiViz; edn: what clients saw, as Jepsen writes it',
      'text',
    )
    .option('--all', 'every event that the violation follows from, not only those that mattered');
  addScenarioFlags(verb)
    .addHelpText(
      'after',
      examples(
        ['explain runs/swarm-seed-17/shrunk', 'how the least run that still fails does it'],
        ['explain swarm --seed 17', 'the same of the whole run, without a folder'],
        ['explain runs/swarm-seed-17 --format shiviz > 17.log', 'to open in ShiViz'],
        ['explain runs/swarm-seed-17 --all --format ndjson', 'for tools: the whole causal past'],
      ),
    )
    .action(async (name: string, flags: ExplainFlags) => finish(await explainRun(name, flags)));
}

async function explainRun(name: string, flags: ExplainFlags): Promise<number> {
  const format = formatOf(flags);
  const { plan, inForce } = await oneRun(name, flags, 'explain');
  // A scenario that documents a known-bad configuration is explained like any other failure.
  const { result, recording } = record(
    { ...plan, expect: 'pass' },
    { record: { history: true }, ...ownOf(inForce.config) },
  );
  const isBroken = recording.header.violation !== null;
  if (!isBroken && format === 'text') return nothingToExplain(name, result);
  const explanation = isBroken ? explain(recording, flags.all === true) : wholeRun(recording);
  if (flags.json) outObject(explanationJson(explanation));
  else out(printed(format, explanation, result));
  return verdictExit(result);
}

function formatOf({ format, json }: ExplainFlags): Format {
  const known = FORMATS.find((one) => one === format);
  if (known === undefined) {
    throw new UsageError(`--format ${format}: take one of ${FORMATS.join(', ')}.`);
  }
  if (json && known !== 'text') {
    throw new UsageError(`--json is the text as one object; leave it out with --format ${known}.`);
  }
  return known;
}

function printed(format: Format, explanation: Explanation, result: RunResult): string {
  switch (format) {
    case 'text':
      return explanationText(explanation);
    case 'ndjson':
      return explanationNdjson(explanation);
    case 'shiviz':
      return shivizLog(explanation.events, ({ number, what }) => {
        const why = explanation.whys.get(number);
        return harmless(`#${number} ${what}${why === undefined ? '' : ` | ${why}`}`);
      });
    case 'edn':
      return printHistory(historyEvents(result.history ?? []), 'edn').trimEnd();
  }
}

function nothingToExplain(name: string, result: RunResult): number {
  const { verdict, reason } = result;
  const why = reason === null ? '' : ` (${reason})`;
  note(`${name}: ${verdict}${harmlessBlock(why)}. Only a broken rule can be explained.`);
  return verdict === 'pass' ? EXIT.usage : verdictExit(result);
}
