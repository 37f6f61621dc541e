/** What `explore` prints: how much was walked, and the shortest counterexample as a table of steps and as a schedule. */
import {
  type Exploration,
  type ExplorationStatus,
  explainCounterexample,
  type Found,
  formatStep,
} from '@seedraft/sim';
import pc from 'picocolors';
import { ruleDefinition } from '../rules.ts';

export interface Explored {
  readonly exploration: Exploration;
  readonly status: ExplorationStatus;
  readonly seconds: number;
  readonly rss: number;
  /** `complete`: nothing is left to look at, or a counterexample was found. */
  readonly ended: 'complete' | 'time' | 'memory' | 'interrupted';
}

export function exploreJson(explored: Explored): Record<string, unknown> {
  const { exploration, status, seconds, rss, ended } = explored;
  const { found, ...figures } = status;
  const lines = found === null ? [] : explainCounterexample(exploration, found);
  return {
    verdict: found === null ? (ended === 'complete' ? 'pass' : 'inconclusive') : 'violation',
    bounds: exploration.bounds,
    ...figures,
    ended,
    seconds: Math.round(seconds * 1000) / 1000,
    rss,
    counterexample:
      found === null
        ? null
        : {
            rule: found.rule,
            sentence: found.sentence,
            schedule: lines.flatMap(({ steps }) => steps.map(formatStep)),
            steps: lines,
          },
  };
}

export function exploreText(explored: Explored): string {
  const { status, exploration } = explored;
  const { found } = status;
  const lines = found === null ? verdictLines(explored) : foundLines(exploration, found);
  return [...lines, figuresLine(explored)].join('\n');
}

const number = new Intl.NumberFormat('en');

function figuresLine({ status, seconds, rss }: Explored): string {
  const { states, transitions, depth, memberStates, messages, coreSteps } = status;
  return (
    `${number.format(states)} states, ${number.format(transitions)} transitions, depth ${depth}, ${seconds.toFixed(1)} s ` +
    `(${number.format(Math.round(states / Math.max(seconds, 1e-3)))} states/s, ${(rss / 1e6).toFixed(0)} MB); ` +
    `${number.format(memberStates)} states of a member, ${number.format(messages)} messages, ${number.format(coreSteps)} steps of the core`
  );
}

function verdictLines({ ended, status, exploration }: Explored): string[] {
  const bounds = Object.entries(exploration.bounds)
    .filter(([, value]) => value !== 0 && value !== false)
    .map(([name, value]) => (value === true ? name : `${name} ${value}`))
    .join(', ');
  if (ended === 'complete') return [`${pc.green('pass')}  every state within ${bounds}`];
  const why = { time: 'The time is up', memory: 'The memory is full', interrupted: 'Interrupted' };
  return [
    `${pc.yellow('inconclusive')}  ${bounds}`,
    `${why[ended]}: no rule is broken in any state up to depth ${Math.max(0, status.depth - 1)}; ${number.format(status.frontier)} states were not looked at.`,
  ];
}

function foundLines(exploration: Exploration, found: Found): string[] {
  const definition = ruleDefinition(found.rule);
  const lines = explainCounterexample(exploration, found);
  const steps = lines.map(({ steps: words }) => words.map(formatStep).join(', '));
  const width = Math.max(...steps.map((step) => step.length));
  const table = lines.flatMap(({ happened, state }, at) => {
    const [first = '', ...more] = [...happened, ...(state === '' ? [] : [`= ${state}`])];
    const head = `${String(at + 1).padStart(3)}  ${pc.bold((steps[at] ?? '').padEnd(width))}  ${first}`;
    return [head, ...more.map((what) => `${' '.repeat(width + 7)}${what}`)];
  });
  return [
    pc.red(pc.bold(`SAFETY VIOLATION after ${lines.length} steps, and after no fewer`)),
    found.sentence,
    '',
    ...(definition === undefined
      ? []
      : [`${pc.bold(`${found.rule} ${definition.name}`)}: ${definition.definition}`, '']),
    ...table,
    '',
    pc.bold('As a schedule:'),
    'schedule:',
    ...lines.flatMap(({ steps: words }) => words.map((step) => `  - ${formatStep(step)}`)),
    '',
  ];
}
