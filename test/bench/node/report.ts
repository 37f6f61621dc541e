/** The figures as a table with a verdict on each bar, or as JSON. */
import { cpus } from 'node:os';
import { median } from '../rounds.ts';
import {
  type Bar,
  barsOf,
  ETCD_PER_SECOND,
  type Figures,
  failoverBar,
  figuresOf,
  type Level,
  NOISE,
} from './bars.ts';
import type { Cell, Contestant, Measure } from './cluster.ts';
import { APT, etcdVersion } from './contestants.ts';
import type { Operation } from './load.ts';

export interface Measured {
  readonly operation: Operation;
  readonly level: Level;
  readonly cells: Readonly<Record<Contestant['name'], Cell[]>>;
}

export interface Failover {
  /** The election timeout of both, ms. */
  readonly timeout: number;
  readonly milliseconds: Readonly<Record<Contestant['name'], number[]>>;
}

export interface Report extends Measure {
  readonly rounds: number;
  readonly folder: string;
  readonly measured: readonly Measured[];
  readonly outages: readonly Failover[];
}

interface Row {
  readonly operation: Operation;
  readonly level: Level;
  readonly ours: Figures;
  readonly etcd: Figures | null;
  /** Null: it is not there, or it is near enough to its usual figure. */
  readonly noise: string | null;
  readonly bars: readonly Bar[];
}

const PERSISTED = [
  'Persisted before an answer, by a majority of three:',
  '  ours: one record of all entries of the group commit with hard state and checksum chain, in the log of LevelDB, fdatasync; a witness of it in',
  '    a file, synced with the next change of term or after 100 ms. State in memory, snapshots after 100,000 entries or 8 to 32 MiB. Every put bears a session',
  '    and is applied exactly once.',
  '  etcd: each entry as a record of its WAL, fdatasync for each batch; the applied state in bbolt, fdatasync every 100 ms or 10,000 changes; every',
  '    revision is kept; snapshots after 100,000 entries. A put whose answer is lost may be applied twice if the caller repeats it.',
];

export function write(report: Report, contestants: readonly Contestant[], asJson: boolean): void {
  const rows = report.measured.map(rowOf);
  const bars = [
    ...rows.flatMap((row) => row.bars),
    ...report.outages
      .filter(({ milliseconds }) => milliseconds.etcd.length > 0)
      .map(({ timeout, milliseconds }) =>
        failoverBar(timeout, milliseconds.ours, milliseconds.etcd),
      ),
  ];
  if (asJson) {
    const machine = { node: process.version, etcd: etcdVersion(), cpu: cpus()[0]?.model ?? '' };
    console.log(JSON.stringify({ ...machine, cores: cpus().length, ...report, rows, bars }));
    return;
  }
  heading(report, contestants);
  for (const operation of ['puts', 'lone puts', 'gets'] as const) {
    table(
      operation,
      rows.filter((row) => row.operation === operation),
    );
  }
  for (const outage of report.outages) failoverLine(outage);
  for (const { noise } of rows) if (noise !== null) console.log(noise);
  console.log('');
  for (const { met, what } of bars) console.log(`${met ? 'met    ' : 'NOT MET'} ${what}`);
  const met = bars.filter((bar) => bar.met).length;
  console.log(`\n${met} of ${bars.length} bars met`);
}

function rowOf({ operation, level, cells }: Measured): Row {
  const ours = figuresOf(cells.ours);
  const etcd = cells.etcd.length === 0 ? null : figuresOf(cells.etcd);
  const noise = noiseOf(operation, level, cells.etcd);
  return { operation, level, ours, etcd, noise, bars: barsOf(operation, level, ours, etcd) };
}

function noiseOf(operation: Operation, level: Level, cells: readonly Cell[]): string | null {
  if (operation === 'lone puts') return null;
  const usual = ETCD_PER_SECOND[operation][level];
  const off = cells
    .map(({ perSecond }) => perSecond / usual - 1)
    .filter((by) => Math.abs(by) > NOISE);
  if (off.length === 0) return null;
  const by = off.map((one) => `${one > 0 ? '+' : ''}${(100 * one).toFixed(0)} %`).join(', ');
  return `noise: ${operation} at ${level}: etcd is off its usual ${whole(usual)}/s by ${by} in ${off.length} of ${cells.length} rounds`;
}

function heading(report: Report, contestants: readonly Contestant[]): void {
  const { rounds, measureMs, folder, toLeader } = report;
  const cpu = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}`;
  console.log(`Node ${process.version}, ${etcdVersion() ?? 'no etcd'}; ${cpu}`);
  console.log(
    `three members on loopback, 256-byte values, data under ${folder}; medians of ${rounds} interleaved rounds of ${measureMs / 1000} s`,
  );
  if (contestants.length === 1) {
    console.log(`etcd is not measured, ours alone. To have it beside: ${APT}`);
  }
  for (const { name, connections } of contestants) {
    const shared = [1, 16, 64, 256, 1000].map((clients) => connections(clients)).join(', ');
    console.log(`${name}: closed-loop clients share ${shared} clients of its own library`);
  }
  console.log(
    toLeader
      ? 'both libraries are told of the leader only'
      : "both libraries are told of all members: ours finds the leader, etcd's takes turns among them",
  );
  for (const line of PERSISTED) console.log(line);
}

const TITLES: Readonly<Record<Operation, string>> = {
  puts: 'puts; our client lets those of different keys that wait together travel as one request and one entry, as it does for everybody',
  'lone puts': 'puts of ours, each a request and an entry of its own (maxBatch: 1)',
  gets: 'gets, linearizable',
};

const COLUMNS = [8, 9, 9, 7, 15, 15, 19, 19, 13, 13] as const;
const HEADINGS = [
  'clients',
  'ours/s',
  'etcd/s',
  'ratio',
  'p50 | p99 ms',
  'etcd',
  'cores: l f f | load',
  'etcd',
  'MB: l f f',
  'etcd',
];

function table(operation: Operation, rows: readonly Row[]): void {
  if (rows.length === 0) return;
  console.log(`\n${TITLES[operation]}`);
  console.log(line(HEADINGS));
  for (const { level, ours, etcd } of rows) {
    const ratio = etcd === null ? '' : `${(ours.perSecond / etcd.perSecond).toFixed(2)}x`;
    console.log(
      line([
        `${level}`,
        whole(ours.perSecond),
        etcd === null ? '' : whole(etcd.perSecond),
        ratio,
        ...[latency(ours), latency(etcd), cores(ours), cores(etcd), memory(ours), memory(etcd)],
      ]),
    );
    const failed = ours.failed + (etcd?.failed ?? 0);
    if (failed > 0) console.log(`  failed: ours ${ours.failed}, etcd ${etcd?.failed ?? 0}`);
  }
}

function failoverLine({ timeout, milliseconds }: Failover): void {
  const of = (all: readonly number[]): string =>
    all.length === 0
      ? 'not measured'
      : `${median(all).toFixed(0)} ms (${all.map((one) => one.toFixed(0)).join(' ')})`;
  console.log(
    `\nfailover, election timeout ${timeout} ms, from kill -9 of the leader to the first write: ours ${of(milliseconds.ours)}; etcd ${of(milliseconds.etcd)}`,
  );
}

function latency(figures: Figures | null): string {
  return figures === null ? '' : `${figures.p50.toFixed(1)} | ${figures.p99.toFixed(1)}`;
}

function cores(figures: Figures | null): string {
  if (figures === null) return '';
  const members = figures.memberCores.map((one) => one.toFixed(2)).join(' ');
  return `${members} | ${figures.loadCores.toFixed(2)}`;
}

function memory(figures: Figures | null): string {
  return figures === null ? '' : figures.residentMegabytes.map((one) => one.toFixed(0)).join(' ');
}

function line(cells: readonly string[]): string {
  return cells.map((cell, at) => cell.padStart(COLUMNS[at] ?? 0)).join(' ');
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
