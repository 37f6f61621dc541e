/** What `chaos` prints: a line while it runs, what happened as it happens, and at the end the verdict with its figures. */
import pc from 'picocolors';
import type { ChaosFolder } from '../chaos/folder.ts';
import type { ChaosProgress, ChaosResult } from '../chaos/run.ts';
import { harmlessBlock, harmlessLine } from '../harmless.ts';
import { commandLine, shellWord, shownPath } from '../shell.ts';

export interface ChaosReport {
  readonly scenario: string;
  readonly seed: string;
  readonly result: ChaosResult;
  /** As shown to people. */
  readonly folder: string;
  readonly histories: ChaosFolder['histories'];
}

export function chaosJson({ scenario, seed, result, folder }: ChaosReport) {
  const { convergence, story: _, exit, rate, ...rest } = result;
  return {
    scenario,
    seed,
    ...rest,
    seconds: Number(rest.seconds.toFixed(3)),
    rate: Number(rate.toFixed(1)),
    converged: convergence.converged,
    stateDigest: convergence.stateDigest,
    folder,
    exitCode: exit,
  };
}

const HEADINGS = {
  pass: pc.green('pass'),
  violation: pc.red(pc.bold('SAFETY VIOLATION')),
  liveness: pc.red(pc.bold('LIVENESS VIOLATION')),
  inconclusive: pc.yellow('INCONCLUSIVE'),
  interrupted: pc.yellow('interrupted'),
} as const;

/** Lines of the story that a failure repeats. */
const TOLD = 14;
const number = (count: number): string => count.toLocaleString('en');

export function chaosText({ scenario, seed, result, folder, histories }: ChaosReport): string {
  const { verdict, sentence, story } = result;
  const lines = [
    `${HEADINGS[verdict]}  ${harmlessLine(`${scenario}, seed ${seed}`)}`,
    ...figures(result),
  ];
  if (sentence !== null) lines.splice(1, 0, harmlessBlock(sentence), '');
  if (verdict !== 'pass' && verdict !== 'interrupted') {
    lines.push(
      '',
      pc.bold('What led there:'),
      ...story.slice(-TOLD).map((line) => `  ${harmlessLine(line)}`),
      '',
    );
  }
  lines.push(`run folder ${shellWord(folder)}`);
  for (const { file, model } of histories) {
    const named = model === 'kv' ? [] : ['--model', model];
    lines.push(`judge the history again: ${commandLine('check', shownPath(file), ...named)}`);
  }
  return lines.join('\n');
}

function figures(result: ChaosResult): string[] {
  const { seconds, members, operations, rate, ok, failed, unknown, convergence } = result;
  const faults = Object.entries(result.faults).map(([name, count]) => `${name} ${count}`);
  const { acknowledgedWrites, lostWrites, linearizable } = result;
  const judged = linearizable === null ? 'not decided' : linearizable ? 'linearizable' : 'ILLEGAL';
  return [
    `${seconds.toFixed(1)} s, ${members} members at first; ${number(operations)} operations, ${rate.toFixed(0)} a second: ` +
      `${number(ok)} ok, ${number(failed)} failed, ${number(unknown)} unknown`,
    ...byApi(result),
    `faults: ${faults.join(', ') || 'none'}${result.missed > 0 ? ` (${result.missed} found nobody)` : ''}; ` +
      `${result.kills} kills, ${result.elections} elections`,
    `history ${judged}; ${number(acknowledgedWrites)} acknowledged writes read back, ${number(lostWrites)} lost; ${convergence.sentence}`,
  ];
}

/** Only where the clients spoke more than our own protocol. */
function byApi({ apis }: ChaosResult): string[] {
  const all = Object.entries(apis);
  if (all.every(([api]) => api === 'native')) return [];
  const shown = all.map(
    ([api, { ok, failed, unknown }]) =>
      `${api} ${number(ok)} / ${number(failed)} / ${number(unknown)}`,
  );
  return [`ok / failed / unknown: ${shown.join('; ')}`];
}

export interface ChaosNarrator {
  say(line: string): void;
  update(progress: ChaosProgress): void;
  stop(): void;
}

/** On stderr: the story as it happens and, on a terminal, a line below it that is written over. */
export function narrate(total: number, isQuiet: boolean): ChaosNarrator {
  if (isQuiet) return { say: () => {}, update: () => {}, stop: () => {} };
  const { stderr } = process;
  const isTerminal = stderr.isTTY === true;
  const clear = isTerminal ? '\r\u001b[K' : '';
  let last = '';
  return {
    say: (line) => stderr.write(`${clear}${pc.dim(harmlessLine(line))}\n${last}`),
    update: (progress) => {
      if (!isTerminal) return;
      const { seconds, ok, operations, faults, kills, elections } = progress;
      last = `${seconds.toFixed(0)}/${total} s | ${ok} of ${operations} operations ok | ${faults} faults | ${kills} kills | ${elections} elections`;
      stderr.write(clear + last);
    },
    stop: () => {
      if (isTerminal) stderr.write(clear);
    },
  };
}
