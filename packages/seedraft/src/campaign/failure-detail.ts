/**
 * A failed unit once more, in this process, with everything recorded: its story and its run folder. That is also a check: if it does not fail in
 * the same way, the finding is that it is not deterministic.
 */
import { type RunResult, run, scenarioToPlan } from '@seedraft/sim';
import { ownOf, planOptions, systemOf } from '../config/define.ts';
import type { ConfigInForce } from '../config/load.ts';
import { drawFailure } from '../report/write.ts';
import { recordStory } from '../reporters/story.ts';
import { writeRunFolder } from '../run-folder/write.ts';
import { loadScenario } from '../scenarios.ts';
import { commandLine, shownPath } from '../shell.ts';
import type { ScenarioSource } from './task.ts';
import type { UnitResult } from './unit.ts';

export interface DetailedFailure {
  readonly unit: UnitResult;
  readonly story: readonly string[];
  /** As shown to people; null when none was written. */
  readonly folder: string | null;
  /** The line to paste. */
  readonly replay: string;
  /** The page that shows it, or the line that draws one; null: neither. */
  readonly picture: string | null;
  /** What went wrong with the folder, if anything. */
  readonly note: string | null;
  /** The folder of what shrinking left of it, as shown to people; null or absent: there is none. */
  readonly shrunk?: string | null;
}

/** Only listed: the line runs it afresh. */
export function listed(
  source: ScenarioSource,
  unit: UnitResult,
  { words }: ConfigInForce,
): DetailedFailure {
  const replay = commandLine('run', source.file, '--seed', unit.seed, ...words);
  return { unit, story: [], folder: null, replay, picture: null, note: null };
}

/** Never throws: what fails here must not hide the failure it is about. */
export function detailed(
  source: ScenarioSource,
  unit: UnitResult,
  out: string,
  inForce: ConfigInForce,
): DetailedFailure {
  const plain = listed(source, unit, inForce);
  // What took a worker down would take this process down too, and what never ended there would not end here.
  if (unit.verdict === 'error' || unit.verdict === 'unfinished') return plain;
  try {
    const { config, bundle, words } = inForce;
    const plan = scenarioToPlan(loadScenario(source), unit.seed, planOptions(config));
    const told = recordStory();
    const record = { choices: true, history: true };
    const result = run(plan, { record, observers: told.observers, ...ownOf(config) });
    const folder = shownPath(writeRunFolder(out, { source: source.file, plan, result, bundle }));
    const replay = commandLine('replay', folder, ...words);
    const runs = [{ name: 'raw', plan, replay }] as const;
    const picture = drawFailure(folder, runs, result.events, systemOf(config), words);
    const story = told.lines();
    return { ...plain, unit: compared(unit, result), story, folder, replay, picture };
  } catch (error) {
    return { ...plain, note: error instanceof Error ? error.message : String(error) };
  }
}

function compared(unit: UnitResult, again: RunResult): UnitResult {
  if (unit.verdict === 'nondeterminism') return unit;
  if (again.hash === unit.hash && again.verdict === unit.verdict) return unit;
  const sentence = `${unit.rule ?? unit.verdict} in a worker (hash ${unit.hash}: ${unit.sentence}), but ${again.rule ?? again.verdict} when run again (hash ${again.hash})`;
  return { ...unit, verdict: 'nondeterminism', rule: 'determinism', sentence };
}
