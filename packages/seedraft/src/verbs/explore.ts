/** `seedraft explore`: every interleaving of a small cluster, breadth first, and the shortest counterexample. */
import {
  type Bounds,
  DEFAULT_BOUNDS,
  EXPLORED_RULES,
  Exploration,
  validateBounds,
} from '@seedraft/sim';
import type { Command } from 'commander';
import { EXIT, UsageError } from '../exit-codes.ts';
import { type Explored, exploreJson, exploreText } from '../reporters/explore.ts';
import { startExploreProgress } from '../reporters/explore-progress.ts';
import { examples } from './examples.ts';
import { interruptible } from './interrupt.ts';
import { out, outObject } from './output.ts';
import { parseTime } from './time.ts';

type Numbers = Exclude<keyof Bounds, 'preVote'>;

type ExploreFlags = { readonly [name in Numbers]: string } & {
  readonly preVote?: boolean;
  readonly drops?: boolean;
  readonly rules?: string;
  readonly for?: string;
  readonly memory: string;
  readonly json?: boolean;
};

/** States between two looks at the clock. */
const SLICE = 5000;
const DEFAULT_MEMORY = 4096;

const WHAT: { readonly [name in Numbers]: string } = {
  voters: 'members that vote',
  terms: 'the highest term that an election may begin',
  entries: 'commands proposed to whoever leads',
  crashes: 'crashes; the disk keeps none, some or all of the writes under way',
  duplicates: 'deliveries of a message that stays on its way',
  heartbeats: 'ticks that only send again: of a leader, or of a pre-candidate',
  changes: 'single-server changes: a voter removed, or a spare member added',
};

export function addExplore(program: Command, finish: (code: number) => void): void {
  const verb = program
    .command('explore')
    .summary('walk every interleaving of a small cluster, and find the shortest counterexample')
    .description(
      'Breadth first over every order in which messages can arrive or not, timers fire, writes complete and members crash, within the bounds. ' +
        'S1 to S15 are checked at every step, as far as they concern the core.',
    );
  for (const name of Object.keys(WHAT) as Numbers[]) {
    verb.option(`--${name} <N>`, WHAT[name], String(DEFAULT_BOUNDS[name]));
  }
  verb
    .option('--drops', 'messages may be lost (they always may: one that never arrives is lost)')
    .option('--pre-vote', 'with PreVote')
    .option('--rules <ids>', 'only these rules count, such as S1,S3,S4,S5')
    .option('--for <time>', 'stop after this much wall time')
    .option('--memory <MB>', 'stop when the process takes more', String(DEFAULT_MEMORY))
    .option('--json', 'print one JSON object on stdout')
    .addHelpText(
      'after',
      examples(
        ['explore --voters 3 --terms 1', 'every first election'],
        [
          'explore --voters 2 --terms 3 --entries 2 --crashes 1 --drops',
          'two members, all there is',
        ],
        ['explore --rules S1,S3,S4,S5 --for 10m', "only the paper's own rules, for ten minutes"],
      ),
    )
    .action(async (flags: ExploreFlags) => finish(await explore(flags)));
}

function readNumber(flag: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--${flag} ${text}: give a whole number.`);
  return Number(text);
}

function readBounds(flags: ExploreFlags): Bounds {
  const numbers = (Object.keys(WHAT) as Numbers[]).map((name) => [
    name,
    readNumber(name, flags[name]),
  ]);
  const bounds: Bounds = { ...Object.fromEntries(numbers), preVote: flags.preVote === true };
  const wrong = validateBounds(bounds);
  if (wrong.length > 0) throw new UsageError(`--${wrong.join(' --')}`);
  return bounds;
}

function readRules(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const known = [...EXPLORED_RULES, 'S22'];
  const rules = text.split(',').map((rule) => rule.trim().toUpperCase());
  const strange = rules.filter((rule) => !known.includes(rule));
  if (strange.length === 0) return rules;
  throw new UsageError(`--rules ${strange.join(',')}: exploration knows ${known.join(', ')}.`);
}

async function explore(flags: ExploreFlags): Promise<number> {
  const bounds = readBounds(flags);
  const rules = readRules(flags.rules);
  const milliseconds = flags.for === undefined ? Infinity : parseTime('--for', flags.for);
  const megabytes = readNumber('memory', flags.memory);
  const exploration = new Exploration({ bounds, ...(rules && { rules }) });
  const quiet = flags.json === true && !process.stderr.isTTY;
  const limits = { milliseconds, bytes: megabytes * 1e6 };
  const explored = await walk(exploration, limits, quiet);
  if (flags.json) outObject(exploreJson(explored));
  else out(exploreText(explored));
  if (explored.status.found !== null) return EXIT.safety;
  if (explored.ended === 'interrupted') return EXIT.interrupted;
  return explored.ended === 'complete' ? EXIT.pass : EXIT.inconclusive;
}

interface Limits {
  readonly milliseconds: number;
  readonly bytes: number;
}

/** In slices, so that Ctrl-C and the clock are heard. */
function walk(exploration: Exploration, limits: Limits, quiet: boolean): Promise<Explored> {
  const progress = startExploreProgress(quiet);
  const began = performance.now();
  return interruptible(async (signal) => {
    for (;;) {
      const more = exploration.advance(SLICE);
      const { status } = exploration;
      const seconds = (performance.now() - began) / 1000;
      const { rss } = process.memoryUsage();
      const ended = endOf({ more, seconds, rss, aborted: signal.aborted }, limits);
      if (ended !== null) {
        progress.stop();
        return { exploration, status, seconds, rss, ended };
      }
      progress.update({ status, seconds, rss });
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
}

interface Now {
  readonly more: boolean;
  readonly seconds: number;
  readonly rss: number;
  readonly aborted: boolean;
}

function endOf(now: Now, limits: Limits): Explored['ended'] | null {
  if (!now.more) return 'complete';
  if (now.aborted) return 'interrupted';
  if (now.seconds * 1000 >= limits.milliseconds) return 'time';
  return now.rss > limits.bytes ? 'memory' : null;
}
