/** The command `seedraft`: reads argv, hands over to one verb, ends with one exit code. The only file that touches argv. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { EXIT, UsageError } from './exit-codes.ts';
import { harmless } from './harmless.ts';
import { S3Failure } from './s3/failure.ts';
import { guardOutput, note, outObject } from './verbs/output.ts';

const WIDTH = 100;

type Finish = (code: number) => void;
type Verb = readonly [
  name: string,
  load: () => Promise<(program: Command, finish: Finish) => void>,
];

const operate = () => import('./verbs/operate.ts');

/** By the groups of --help. A verb is loaded when it is meant: who asks for a key must not wait for the simulator. */
const GROUPS: readonly (readonly [title: string, verbs: readonly Verb[]])[] = [
  [
    'Test:',
    [
      ['init', async () => (await import('./verbs/init.ts')).addInit],
      ['fuzz', async () => (await import('./verbs/fuzz.ts')).addFuzz],
      ['run', async () => (await import('./verbs/run.ts')).addRun],
      ['replay', async () => (await import('./verbs/replay.ts')).addReplay],
      ['shrink', async () => (await import('./verbs/shrink.ts')).addShrink],
      ['explain', async () => (await import('./verbs/explain.ts')).addExplain],
      ['report', async () => (await import('./verbs/report.ts')).addReport],
      ['explore', async () => (await import('./verbs/explore.ts')).addExplore],
      ['check', async () => (await import('./verbs/check.ts')).addCheck],
      ['corpus', async () => (await import('./verbs/corpus.ts')).addCorpus],
      ['chaos', async () => (await import('./verbs/chaos.ts')).addChaos],
    ],
  ],
  [
    'Run a cluster:',
    [
      ['serve', async () => (await import('./verbs/serve.ts')).addServe],
      ['cluster', async () => (await import('./verbs/cluster.ts')).addCluster],
      ['compat', async () => (await import('./verbs/compat.ts')).addCompat],
      ['kv', async () => (await import('./verbs/kv.ts')).addKv],
    ],
  ],
  [
    'Operate a cluster:',
    [
      ['status', async () => (await import('./verbs/status.ts')).addStatus],
      ['member', async () => (await operate()).addMember],
      ['leader', async () => (await operate()).addLeader],
      ['snapshot', async () => (await operate()).addSnapshot],
      ['backup', async () => (await import('./verbs/backup.ts')).addBackup],
      ['restore', async () => (await import('./verbs/restore.ts')).addRestore],
      ['debug', async () => (await import('./verbs/debug.ts')).addDebug],
    ],
  ],
];

async function program(meant: string | undefined, finish: Finish): Promise<Command> {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const root = new Command('seedraft')
    .description(
      'Fuzz a Raft cluster by seed, replay a failing seed exactly, judge what its clients saw, and run the same core for real.',
    )
    .version((JSON.parse(manifest) as { version: string }).version)
    .helpCommand('help [verb]', 'more about a verb')
    .configureOutput({ getOutHelpWidth: () => WIDTH, getErrHelpWidth: () => WIDTH })
    .showSuggestionAfterError(true)
    .showHelpAfterError('(seedraft --help lists the verbs)')
    .exitOverride();
  if (meant === '--version' || meant === '-V') return root;
  const isOne = GROUPS.some(([, verbs]) => verbs.some(([name]) => name === meant));
  // Help and suggestions need to know them all.
  if (!isOne) root.addHelpText('after', (await import('./help.ts')).catalogue);
  for (const [title, verbs] of GROUPS) {
    root.commandsGroup(title);
    for (const [name, load] of verbs) if (!isOne || name === meant) (await load())(root, finish);
  }
  for (const verb of root.commands) verb.allowExcessArguments(false);
  return root;
}

/** A working directory that was deleted breaks whatever asks for it: no failure of ours. */
function orDeletedDirectory(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException | null)?.syscall !== 'uv_cwd') return error;
  return new UsageError(
    'the working directory does not exist any more: change to one that does, and try again.',
  );
}

/** What broke, for people on stderr and, where one object on stdout was promised, there too. */
function reportError(thrown: unknown): number {
  const error = orDeletedDirectory(thrown);
  const isUsage = error instanceof UsageError || error instanceof CommanderError;
  const isStore = error instanceof S3Failure;
  const code = isUsage ? EXIT.usage : isStore ? EXIT.refused : EXIT.internal;
  const said = (error instanceof Error ? error.message : String(error)).replace(/^error: /, '');
  const message = isStore ? `${error.code}: ${said}.` : said;
  const shown = harmless(message);
  if (error instanceof UsageError || isStore) note(`${pc.red('error:')} ${shown}`);
  if (!isUsage && !isStore) {
    note(error instanceof Error ? harmless(error.stack ?? message) : shown);
    note(
      'seedraft itself failed; this is not a finding about your cluster. Please report it with the command line and the lines above.',
    );
  }
  if (process.argv.includes('--json')) outObject({ error: message, exitCode: code });
  return code;
}

async function main(): Promise<number> {
  let code: number = EXIT.pass;
  const finish = (exit: number): void => {
    code = exit;
  };
  try {
    await (await program(process.argv[2], finish)).parseAsync(process.argv);
    return code;
  } catch (error) {
    // Help and the version come this way too.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.pass;
    return reportError(error);
  }
}

guardOutput();
process.on('uncaughtException', (error) => process.exit(reportError(error)));
process.exitCode = await main();
