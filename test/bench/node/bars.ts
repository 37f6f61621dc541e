/** What is wanted of our figures beside etcd's, and what etcd's are on a quiet machine. */
import { median } from '../rounds.ts';
import type { Cell } from './cluster.ts';
import type { Operation } from './load.ts';

export const LEVELS = [1, 16, 64, 256, 1000] as const;
export type Level = (typeof LEVELS)[number];

/** A second, on two cores and a disk that syncs in 0.2 ms. A round in which etcd is farther off than NOISE says more of the machine than of us. */
export const ETCD_PER_SECOND: Readonly<Record<'puts' | 'gets', Readonly<Record<Level, number>>>> = {
  puts: { 1: 741, 16: 3100, 64: 5400, 256: 8000, 1000: 10_000 },
  gets: { 1: 1100, 16: 5300, 64: 7200, 256: 7500, 1000: 7900 },
};
export const NOISE = 0.25;

/** At least so many times etcd's; 0: no bar. */
const RATIO: Readonly<Record<Operation, Readonly<Record<Level, number>>>> = {
  puts: { 1: 1.1, 16: 2, 64: 2.5, 256: 4, 1000: 4 },
  'lone puts': { 1: 0, 16: 0, 64: 0, 256: 0, 1000: 0 },
  gets: { 1: 1.5, 16: 0, 64: 4, 256: 4, 1000: 4 },
};
/** No worse p99 from so many clients up. */
const P99_FROM = 16;
export const MEGABYTES = 200;

/** Medians of the rounds of one contestant, operation and level. */
export interface Figures {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly loadCores: number;
  /** The leader first. */
  readonly memberCores: readonly number[];
  /** The most of any round. */
  readonly residentMegabytes: readonly number[];
  readonly failed: number;
}

export interface Bar {
  readonly what: string;
  readonly met: boolean;
}

export function figuresOf(cells: readonly Cell[]): Figures {
  const of = (read: (cell: Cell) => number): number => median(cells.map(read));
  const places = [...cells[0]!.memberCores.keys()];
  return {
    perSecond: of(({ perSecond }) => perSecond),
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
    loadCores: of(({ cores }) => cores),
    memberCores: places.map((at) => of(({ memberCores }) => memberCores[at]!)),
    residentMegabytes: places.map((at) =>
      Math.max(...cells.map(({ residentMegabytes }) => residentMegabytes[at]!)),
    ),
    failed: cells.reduce((sum, { failed }) => sum + failed, 0),
  };
}

/** `theirs` null: etcd is not there, and nothing is beside it. */
export function barsOf(
  operation: Operation,
  level: Level,
  ours: Figures,
  theirs: Figures | null,
): Bar[] {
  const bars: Bar[] = [];
  const where = `${operation} at ${level}`;
  if (theirs !== null) {
    const wanted = RATIO[operation][level];
    const ratio = ours.perSecond / theirs.perSecond;
    if (wanted > 0) {
      const what = `${where}: ${ratio.toFixed(2)}x etcd's, wanted ${wanted}x`;
      bars.push({ what, met: ratio >= wanted });
    }
    if (level >= P99_FROM) {
      const what = `${where}: p99 ${ours.p99.toFixed(1)} ms, etcd ${theirs.p99.toFixed(1)} ms`;
      bars.push({ what, met: ours.p99 <= theirs.p99 });
    }
  }
  const largest = Math.max(...ours.residentMegabytes);
  const what = `${where}: at most ${largest.toFixed(0)} MB a member, wanted < ${MEGABYTES}`;
  bars.push({ what, met: largest < MEGABYTES });
  return bars;
}

export function failoverBar(timeout: number, ours: readonly number[], theirs: readonly number[]) {
  const [mine, other] = [median(ours), median(theirs)];
  const what = `failover at ${timeout} ms: ${mine.toFixed(0)} ms, etcd ${other.toFixed(0)} ms`;
  return { what, met: mine <= other };
}
