/**
 * `node chaos.js [--kills 200] [--json]`: members of a real cluster killed with SIGKILL under load, again and again, by the command a user types, until so
 * many kills are done on three members and as many on five; then two minutes of everything at once on both. The first run that does not pass ends it
 * with its exit code; what it left is in runs/.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { HOUSE } from '../mutants/house.ts';
import { Report } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    json: { type: 'boolean', default: false },
  },
});
const goal = Number(flags.kills);
const command = path.join(HOUSE, 'packages/seedraft/bin/seedraft.js');
const report = new Report('chaos', flags.json);

/** Of what one run says of itself. */
const FIGURES = [
  'kills',
  'elections',
  'operations',
  'ok',
  'acknowledgedWrites',
  'lostWrites',
] as const;
type Figures = { [F in (typeof FIGURES)[number]]: number };

const noFigures = (): Figures => ({
  kills: 0,
  elections: 0,
  operations: 0,
  ok: 0,
  acknowledgedWrites: 0,
  lostWrites: 0,
});

/** One run added to `total`; ends this process when it does not pass. */
function run(total: Figures, seed: string, ...rest: string[]): void {
  const args = [command, 'chaos', '--for', '120s', '--json', '--seed', seed, ...rest];
  const { status, stdout } = spawnSync(process.execPath, args, {
    cwd: HOUSE,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) {
    console.log(stdout.trim());
    process.exit(status ?? 70);
  }
  const figures = JSON.parse(stdout) as Figures;
  for (const name of FIGURES) total[name] += figures[name];
  report.progress(`${seed}: ${lineOf(figures)}`);
}

const lineOf = ({ kills, elections, ok, acknowledgedWrites, lostWrites }: Figures): string =>
  `${kills} kills, ${elections} elections, ${ok} operations answered, ${acknowledgedWrites} acknowledged writes read back, ${lostWrites} lost`;

const totals: Record<string, Figures> = {};
for (const members of ['3', '5']) {
  const total = noFigures();
  // Oftener, and a majority is down most of the time: nothing is written that could be lost.
  const kills = ['-n', members, '--faults', 'kill', '--every', '1200ms'];
  for (let n = 1; total.kills < goal; n++) run(total, `soak/${members}/${n}`, ...kills);
  totals[`${members} members, kills`] = total;
}
for (const members of ['3', '5']) {
  const total = noFigures();
  run(total, `soak/all/${members}`, '-n', members);
  totals[`${members} members, everything`] = total;
}
const lines = Object.entries(totals).map(([name, figures]) => `${name}: ${lineOf(figures)}`);
const end = 'every history linearizable, every cluster in one state';
process.exit(report.end(`${lines.join('; ')}; ${end}`, { runs: totals }, []));
