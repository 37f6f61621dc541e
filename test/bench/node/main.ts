/**
 * `npm run bench:node [-- --quick] [--json]`: three real members of ours on loopback beside three of etcd, in interleaved rounds, with every
 * figure's bar. Prints; never fails for speed. `--only puts,gets`, `--levels 1,64`, `--rounds N`; `--leader`: both are
 * told of the leader only; `--alone`: without etcd; `--directory`: where data is kept
 * (a new folder in it, removed at the end); `--profile FOLDER`: CPU profiles of our processes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { LEVELS, type Level } from './bars.ts';
import { type Cell, Cluster, type Contestant, type Measure } from './cluster.ts';
import { etcd, ours } from './contestants.ts';
import type { Operation } from './load.ts';
import { type Failover, type Measured, type Report, write } from './report.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    alone: { type: 'boolean', default: false },
    leader: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string', default: 'puts,lone puts,gets,failover' },
    levels: { type: 'string', default: LEVELS.join(',') },
    directory: { type: 'string', default: tmpdir() },
    profile: { type: 'string' },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
const toLeader = values.leader;
const measure: Measure = values.quick
  ? { warmMs: 400, measureMs: 1000, toLeader }
  : { warmMs: 700, measureMs: 2500, toLeader };
/** At so many clients for so long, ms. Code that runs once a turn is compiled late where turns are few, which is at one client. */
const WARM_UP = values.quick
  ? [
      { level: 64, ms: 1000 },
      { level: 1, ms: 4000 },
    ]
  : [
      { level: 64, ms: 2000 },
      { level: 1, ms: 20_000 },
    ];
const wanted = values.only.split(',');
const levels = LEVELS.filter((level) => values.levels.split(',').includes(`${level}`));
/** The first is the bar's; the second is where an election takes so little that all the rest shows. */
const failovers = values.quick
  ? [{ timeout: 1000, repetitions: 2 }]
  : [
      { timeout: 1000, repetitions: 5 },
      { timeout: 200, repetitions: 9 },
    ];

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function throughput(contestants: readonly Contestant[], folder: string): Promise<Measured[]> {
  const operations = (['puts', 'lone puts', 'gets'] as const).filter((one) => wanted.includes(one));
  if (operations.length === 0) return [];
  const clusters: Cluster[] = [];
  for (const contestant of contestants) {
    const cluster = await Cluster.start(contestant, path.join(folder, contestant.name), 1000);
    // Nobody is measured before his code is compiled and his caches are warm.
    say(`warming up: ${contestant.name}`);
    for (const operation of operations) {
      for (const { level, ms } of WARM_UP) {
        if (operation === 'lone puts' && level === 1) continue;
        await cluster.measure(operation, level, { warmMs: 0, measureMs: ms, toLeader });
      }
    }
    clusters.push(cluster);
  }
  const measured: Measured[] = operations.flatMap((operation) =>
    levels
      // Below, hardly two puts ever wait together.
      .filter((level) => operation !== 'lone puts' || level >= 64)
      .map((level) => ({ operation, level, cells: { ours: [], etcd: [] } })),
  );
  for (let round = 0; round < rounds; round++) {
    // Whoever comes second finds the machine as the first one left it.
    const order = round % 2 === 0 ? clusters : [...clusters].reverse();
    for (const { operation, level, cells } of measured) {
      for (const cluster of order) {
        const { name } = cluster.contestant;
        if (name === 'etcd' && operation === 'lone puts') continue;
        const cell = await cluster.measure(operation, level, measure);
        cells[name].push(cell);
        sayCell(round, name, operation, level, cell);
      }
    }
  }
  for (const cluster of clusters) await cluster.stop();
  return measured;
}

function sayCell(round: number, name: string, operation: Operation, level: Level, cell: Cell) {
  const { perSecond, p99, cores, memberCores } = cell;
  const members = memberCores.map((one) => one.toFixed(2)).join(' ');
  const all = memberCores.reduce((sum, one) => sum + one, cores);
  say(
    `round ${round + 1} of ${rounds}: ${name}, ${operation} at ${level}: ${perSecond.toFixed(0)}/s, p99 ${p99.toFixed(1)} ms; ` +
      `cores: members ${members}, load ${cores.toFixed(2)}: ${((all * 1e6) / perSecond).toFixed(0)} us an operation`,
  );
}

async function failover(
  contestants: readonly Contestant[],
  folder: string,
  timeout: number,
  repetitions: number,
): Promise<Failover> {
  const clusters: Cluster[] = [];
  for (const contestant of contestants) {
    const data = path.join(folder, `${contestant.name}-${timeout}`);
    clusters.push(await Cluster.start(contestant, data, timeout));
  }
  const milliseconds: Failover['milliseconds'] = { ours: [], etcd: [] };
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (const cluster of clusters) {
      const { name } = cluster.contestant;
      const one = await cluster.failover();
      milliseconds[name].push(one);
      say(`failover at ${timeout} ms, ${repetition + 1} of ${repetitions}: ${name} ${one | 0} ms`);
    }
  }
  for (const cluster of clusters) await cluster.stop();
  return { timeout, milliseconds };
}

process.on('SIGTERM', () => process.exit(143));
process.on('SIGINT', () => process.exit(130));
const folder = mkdtempSync(path.join(values.directory, 'seedraft-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const peer = values.alone ? null : etcd(say);
const contestants = [ours(values.profile ?? null), ...(peer === null ? [] : [peer])];
const measured = await throughput(contestants, folder);
const outages: Failover[] = [];
if (wanted.includes('failover')) {
  for (const { timeout, repetitions } of failovers) {
    outages.push(await failover(contestants, folder, timeout, repetitions));
  }
}
const report: Report = { rounds, ...measure, folder, measured, outages };
write(report, contestants, values.json);
