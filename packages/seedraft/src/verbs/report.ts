/** `seedraft report`: a run as a picture, in one file for a browser. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { ReportedRun } from '@seedraft/viewer';
import type { Command } from 'commander';
import { systemOf } from '../config/define.ts';
import type { ConfigInForce } from '../config/load.ts';
import { EXIT } from '../exit-codes.ts';
import { recordRun } from '../report/report-of.ts';
import { REPORT_FILE, type Written, writeReport } from '../report/write.ts';
import { readRunFolder } from '../run-folder/read.ts';
import { RECORD_FILE } from '../run-folder/record.ts';
import { runFolderName } from '../run-folder/write.ts';
import { commandLine, shownPath } from '../shell.ts';
import { examples } from './examples.ts';
import { addOneRun, type OneRun, type OneRunFlags, oneRun } from './one-run.ts';
import { note, out, outObject } from './output.ts';
import { addScenarioFlags } from './scenario-flags.ts';

interface ReportFlags extends OneRunFlags {
  readonly out?: string;
}

export function addReport(program: Command, finish: (code: number) => void): void {
  const verb = addOneRun(
    program
      .command('report')
      .summary('draw a run: one file for a browser')
      .description(
        'Runs it again and writes a page that shows it: lanes, messages and the lost ones, roles and terms, faults, logs, clients, and ' +
          'every member at any moment. The page is one file below 1 MB and needs no network; of a shrunk run it shows both.',
      ),
    'which run of it',
  ).option('--out <file>', `where the page goes (default: ${REPORT_FILE} in the run folder)`);
  addScenarioFlags(verb)
    .addHelpText(
      'after',
      examples(
        ['report runs/swarm-seed-17', 'writes runs/swarm-seed-17/report.html'],
        ['report paper/figure-8 --seed 1', "the paper's figure, as a picture"],
      ),
    )
    .action(async (name: string, flags: ReportFlags) => finish(await report(name, flags)));
}

async function report(name: string, flags: ReportFlags): Promise<number> {
  const one = await oneRun(name, flags, 'draw');
  const drawn = one.folder === null ? [scenarioRun(one)] : folderRuns(one.folder, one.inForce);
  if (drawn === null) return EXIT.nondeterminism;
  const file =
    one.folder === null
      ? `${runFolderName(one.plan.scenario, one.plan.seed)}.html`
      : path.join(one.folder, REPORT_FILE);
  const written = writeReport(flags.out ?? file, drawn);
  tell(shownPath(flags.out ?? file), written, flags.json === true);
  return EXIT.pass;
}

/** A scenario that documents a known-bad configuration shows what it is known for. */
function scenarioRun({ plan, source, inForce: { config, words } }: OneRun): ReportedRun {
  const replay = commandLine('run', source, '--seed', plan.seed, ...words);
  const shown = { name: 'raw', plan: { ...plan, expect: 'pass' }, replay } as const;
  return recordRun(shown, systemOf(config)).run;
}

/** The shrunk one first. Null: they are no longer the runs that the folders hold. */
function folderRuns(name: string, { bundle, config, words }: ConfigInForce): ReportedRun[] | null {
  const shrunk = shrunkIn(name);
  const isShrunk = path.basename(path.resolve(name)).startsWith(SHRUNK);
  const folders = [
    ...(shrunk === null ? [] : [[shrunk, 'shrunk'] as const]),
    [name, isShrunk ? 'shrunk' : 'raw'] as const,
  ];
  const runs: ReportedRun[] = [];
  for (const [folder, called] of folders) {
    const { plan, record } = readRunFolder(folder, bundle);
    const replay = commandLine('replay', shownPath(folder), ...words);
    const { run, result } = recordRun({ name: called, plan, replay }, systemOf(config));
    if (result.hash !== record.hash) {
      note(`NOT the recorded run: hash ${result.hash}, recorded ${record.hash}. ${replay}`);
      return null;
    }
    runs.push(run);
  }
  return runs;
}

const SHRUNK = 'shrunk';

/** The latest that `shrink` left in a run folder, or null. */
function shrunkIn(folder: string): string | null {
  const numbered = readdirSync(folder).flatMap((name) => {
    const match = /^shrunk(?:-(\d+))?$/.exec(name);
    return match === null ? [] : [{ name, number: Number(match[1] ?? 1) }];
  });
  const whole = numbered.filter(({ name }) => existsSync(path.join(folder, name, RECORD_FILE)));
  const latest = whole.sort((one, other) => other.number - one.number)[0];
  return latest === undefined ? null : path.join(folder, latest.name);
}

function tell(file: string, { bytes, report }: Written, json: boolean): void {
  const runs = report.runs.map(({ name, recording: { header } }) => ({
    name,
    scenario: header.scenario,
    seed: header.seed,
    verdict: header.verdict,
    rule: header.rule,
    events: header.eventCount,
    leftOut: header.leftOut?.events ?? 0,
  }));
  if (json) {
    outObject({ file, bytes, runs });
    return;
  }
  const told = runs.map(({ name, events, leftOut }) => {
    const less = leftOut === 0 ? '' : `, ${leftOut} of them left out to stay below 1 MB`;
    return `${name} ${events} events${less}`;
  });
  out(`${file} (${Math.ceil(bytes / 1000)} kB): ${told.join('; ')}`);
  out('Open it in a browser; ? on the page lists the keys.');
}
