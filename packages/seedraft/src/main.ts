/** The command `seedraft`: reads argv, hands over to one verb, ends with one exit code. The only file that touches argv. */
import { readFileSync } from 'node:fs';
import { FAULTS } from '@seedraft/sim';
import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { EXIT, UsageError } from './exit-codes.ts';
import { RULE_DEFINITIONS } from './rules.ts';
import { addCheck } from './verbs/check.ts';
import { addFuzz } from './verbs/fuzz.ts';
import { addReplay } from './verbs/replay.ts';
import { addRun } from './verbs/run.ts';

const ISSUES = 'Please report it with the command line and the lines above.';

/** What we check and what chaos we make, generated from the folders so that it cannot drift. */
function catalogue(): string {
  const rules = RULE_DEFINITIONS.map((rule) => `  ${rule.id.padEnd(4)} ${rule.name}`);
  const groups = new Map<string, string[]>();
  for (const fault of FAULTS) {
    groups.set(fault.group, [
      ...(groups.get(fault.group) ?? []),
      `  ${fault.name.padEnd(18)} ${fault.summary}`,
    ]);
  }
  const faults = [...groups].flatMap(([group, lines]) => [` ${pc.underline(group)}`, ...lines]);
  return [
    '',
    pc.bold('What is checked after every event'),
    ...rules,
    '',
    pc.bold('What chaos is made'),
    ...faults,
    '',
    pc.bold('Exit codes'),
    '  0 pass · 10 safety or linearizability · 11 liveness · 12 not deterministic · 13 inconclusive · 14 something never exercised · 64 usage · 70 internal error · 130 interrupted',
    '',
    pc.bold('Start here'),
    '  seedraft fuzz --for 60s                      every shipped scenario, as many seeds as fit',
    '  seedraft run paper/figure-8 --seed 1 --trace one story, event by event',
  ].join('\n');
}

function program(finish: (code: number) => void): Command {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const root = new Command('seedraft')
    .description(
      'Fuzz a Raft cluster by seed, replay a failing seed exactly, and judge what its clients saw.',
    )
    .version((JSON.parse(manifest) as { version: string }).version)
    .showSuggestionAfterError(true)
    .showHelpAfterError('(seedraft --help lists the verbs)')
    .addHelpText('after', catalogue)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });
  root.commandsGroup('Test:');
  for (const add of [addFuzz, addRun, addReplay, addCheck]) add(root, finish);
  for (const verb of root.commands) verb.exitOverride().allowExcessArguments(false);
  return root;
}

async function main(): Promise<number> {
  let code: number = EXIT.pass;
  try {
    await program((exit) => {
      code = exit;
    }).parseAsync(process.argv);
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.pass : EXIT.usage;
    if (error instanceof UsageError) {
      process.stderr.write(`${pc.red('error:')} ${error.message}\n`);
      return EXIT.usage;
    }
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.stderr.write(
      `seedraft itself failed; this is not a finding about your cluster. ${ISSUES}\n`,
    );
    return EXIT.internal;
  }
}

// A pipe that closes early (`| head`) is not an error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.pass);
  throw error;
});
process.exitCode = await main();
