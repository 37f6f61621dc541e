/** The command `seedraft`: reads argv, hands over to one verb, ends with one exit code. The only file that touches argv. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { EXIT, UsageError } from './exit-codes.ts';
import { catalogue } from './help.ts';
import { addCheck } from './verbs/check.ts';
import { addCluster } from './verbs/cluster.ts';
import { addFuzz } from './verbs/fuzz.ts';
import { addInit } from './verbs/init.ts';
import { addKv } from './verbs/kv.ts';
import { addLeader, addMember, addSnapshot, addStatus } from './verbs/operate.ts';
import { note, out } from './verbs/output.ts';
import { addReplay } from './verbs/replay.ts';
import { addRun } from './verbs/run.ts';
import { addServe } from './verbs/serve.ts';

const WIDTH = 100;

function program(finish: (code: number) => void): Command {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const root = new Command('seedraft')
    .description(
      'Fuzz a Raft cluster by seed, replay a failing seed exactly, judge what its clients saw, and run the same core for real.',
    )
    .version((JSON.parse(manifest) as { version: string }).version)
    .commandsGroup('Test:')
    .helpCommand('help [verb]', 'more about a verb')
    .addHelpText('after', catalogue)
    .configureOutput({ getOutHelpWidth: () => WIDTH, getErrHelpWidth: () => WIDTH })
    .showSuggestionAfterError(true)
    .showHelpAfterError('(seedraft --help lists the verbs)')
    .exitOverride();
  for (const add of [addInit, addFuzz, addRun, addReplay, addCheck]) add(root, finish);
  root.commandsGroup('Run a cluster:');
  for (const add of [addServe, addCluster, addKv]) add(root, finish);
  root.commandsGroup('Operate a cluster:');
  for (const add of [addStatus, addMember, addLeader, addSnapshot]) add(root, finish);
  for (const verb of root.commands) verb.allowExcessArguments(false);
  return root;
}

/** What broke, for people on stderr and, where one object on stdout was promised, there too. */
function reportError(error: unknown): number {
  const isUsage = error instanceof UsageError || error instanceof CommanderError;
  const code = isUsage ? EXIT.usage : EXIT.internal;
  const message = (error instanceof Error ? error.message : String(error)).replace(/^error: /, '');
  if (error instanceof UsageError) note(`${pc.red('error:')} ${message}`);
  if (!isUsage) {
    note(error instanceof Error ? (error.stack ?? message) : message);
    note(
      'seedraft itself failed; this is not a finding about your cluster. Please report it with the command line and the lines above.',
    );
  }
  if (process.argv.includes('--json')) out(JSON.stringify({ error: message, exitCode: code }));
  return code;
}

async function main(): Promise<number> {
  let code: number = EXIT.pass;
  const finish = (exit: number): void => {
    code = exit;
  };
  try {
    await program(finish).parseAsync(process.argv);
    return code;
  } catch (error) {
    // Help and the version come this way too.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.pass;
    return reportError(error);
  }
}

/** A pipe that closes early (`| head`) is no failure of ours, and does not change what the run found. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') process.exit(reportError(error));
}

process.stdout.on('error', onOutputError);
process.stderr.on('error', onOutputError);
process.on('uncaughtException', (error) => process.exit(reportError(error)));
process.exitCode = await main();
