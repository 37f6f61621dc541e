/** `seedraft run`: one scenario under one seed, afresh. */
import path from 'node:path';
import { type Plan, type RunResult, run, scenarioToPlan } from '@seedraft/sim';
import type { Command } from 'commander';
import pc from 'picocolors';
import { EXIT, UsageError } from '../exit-codes.ts';
import { failureText } from '../reporters/failure.ts';
import { recordStory } from '../reporters/story.ts';
import { writeRunFolder } from '../run-folder.ts';
import { findScenarios, loadScenario } from '../scenarios.ts';
import { out } from './output.ts';

interface RunFlags {
  readonly seed: string;
  readonly out: string;
  readonly save?: boolean;
  readonly trace?: boolean;
  readonly plan?: boolean;
  readonly json?: boolean;
}

export function addRun(program: Command, finish: (code: number) => void): void {
  program
    .command('run')
    .summary('run one scenario under one seed, afresh')
    .description(
      'Draws the plan from the scenario and the seed, runs it, and says what happened. A failure leaves a run folder.',
    )
    .argument('<scenario>', 'a file, or the name of a shipped scenario')
    .requiredOption('--seed <text>', 'any text; numbers are what `fuzz` uses')
    .option('--trace', 'print every event')
    .option('--plan', 'print the plan that the seed draws, and do not run it')
    .option('--save', 'write a run folder even when the run passes')
    .option('--out <dir>', 'where the run folder goes', 'runs')
    .option('--json', 'print one JSON object on stdout')
    .action((name: string, flags: RunFlags) => finish(runOne(name, flags)));
}

export function verdictExit(result: RunResult): number {
  switch (result.verdict) {
    case 'pass':
      return EXIT.pass;
    case 'violation':
      return EXIT.safety;
    case 'liveness':
      return EXIT.liveness;
    case 'inconclusive':
      return EXIT.inconclusive;
    case 'error':
      return EXIT.internal;
  }
}

function runOne(name: string, flags: RunFlags): number {
  const sources = findScenarios([name]);
  if (sources.length !== 1) {
    throw new UsageError(
      `${name} names ${sources.length} scenarios; run takes one: ${sources.map((s) => s.file).join(', ')}`,
    );
  }
  const source = sources[0]!;
  const plan = scenarioToPlan(loadScenario(source), flags.seed);
  if (flags.plan) {
    out(JSON.stringify(plan, null, 2));
    return EXIT.pass;
  }
  const told = recordStory();
  const result = run(plan, {
    record: { choices: true, history: true, trace: flags.trace === true },
    observers: told.observers,
  });
  for (const line of result.trace ?? []) out(line);
  const failed = result.verdict !== 'pass' && result.verdict !== 'inconclusive';
  const folder =
    failed || flags.save
      ? path.relative(process.cwd(), writeRunFolder(flags.out, plan, result))
      : null;
  const replay =
    folder === null
      ? `npx seedraft run ${source.file} --seed ${flags.seed}`
      : `npx seedraft replay ${folder}`;
  if (flags.json) out(JSON.stringify(resultJson(plan, result, folder, replay)));
  else if (result.verdict !== 'pass') {
    out(
      failureText({
        ...result,
        sentence: result.sentence ?? result.reason,
        scenario: plan.scenario,
        seed: plan.seed,
        story: told.lines(),
        folder,
        replay,
      }),
    );
  } else out(passText(plan, result, folder));
  return verdictExit(result);
}

export function resultJson(
  plan: Plan,
  result: RunResult,
  folder: string | null,
  replay: string,
): Record<string, unknown> {
  const { choices: _c, history: _h, checkpoints: _p, trace: _t, ...rest } = result;
  return { scenario: plan.scenario, seed: plan.seed, ...rest, folder, replay };
}

export function passText(plan: Plan, result: RunResult, folder: string | null): string {
  const checks = Object.values(result.rules).reduce((sum, count) => sum + count, 0);
  return [
    `${pc.green('pass')}  ${plan.scenario}, seed ${plan.seed}: ${result.events} events, ${(result.simulatedMicros / 1e6).toFixed(1)} simulated seconds, ` +
      `${result.operations.acknowledged} acknowledged operations, ${checks.toLocaleString('en')} rule checks`,
    `hash ${result.hash}`,
    ...(folder === null ? [] : [`run folder ${folder}`]),
  ].join('\n');
}
