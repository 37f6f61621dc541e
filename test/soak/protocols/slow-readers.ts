/**
 * (f) Whoever asks for much and takes nothing of it is held to a bound, and then cut off; others are served meanwhile. Whether it was cut off shows when it reads
 * at last: the rest is not there. Several protocols at once: no one's slow readers are taken for another's.
 */
import { connect } from '@seedraft/client';
import type { Cluster, Member } from '../cluster.ts';
import { freshKey, leaving, opened, PASSING, service, type Verdict } from './attacks.ts';
import type { Line } from './line.ts';
import type { Row } from './rows.ts';

export interface SlowReading {
  /** Of each protocol; more than `PASSING`, or those that stay would not be noticed. */
  readonly readers: number;
  /** Within which they must be gone, ms: how long members wait for them is theirs. */
  readonly within: number;
  /** Resident memory that it may add, bytes. Each may hold 1 MiB and an answer (`maxBacklogBytes`), and freed memory comes back late. */
  readonly memory: number;
}

const VALUE_BYTES = 500_000;
/** 100 MB for each of them. */
const READS = 200;

/** By name of row. */
export async function slowReaders(
  cluster: Cluster,
  rows: readonly Row[],
  { readers, within, memory }: SlowReading,
): Promise<Readonly<Record<string, Verdict>>> {
  const member = await cluster.leader();
  const key = freshKey(rows[0]!);
  const lines = new Map<Row, Line[]>();
  const served = new Map<Row, readonly string[]>();
  const { wrong, figures } = await leaving(member, { within, memory }, async () => {
    const client = await connect({ endpoints: cluster.endpoints });
    await client.kv('default').put(key, 'x'.repeat(VALUE_BYTES));
    await client.close();
    for (const row of rows) lines.set(row, await deaf(member, row, key, readers));
    await Promise.all(rows.map(async (row) => served.set(row, await service(member, row))));
    return [];
  });
  const verdicts: Record<string, Verdict> = {};
  for (const row of rows) {
    const left = await notCutOff(lines.get(row)!);
    const of = left > PASSING ? [`${left} of ${readers} were not cut off`] : [];
    verdicts[row.name] = { wrong: [...wrong, ...served.get(row)!, ...of], figures };
  }
  return verdicts;
}

async function deaf(member: Member, row: Row, key: string, readers: number): Promise<Line[]> {
  const lines: Line[] = [];
  while (lines.length < readers) {
    const line = await opened(member, row);
    line.socket.pause();
    line.send(row.reads(key, READS));
    lines.push(line);
  }
  return lines;
}

/** How many of them get all they asked for after all, or wait for it. */
async function notCutOff(lines: readonly Line[]): Promise<number> {
  const hasAll = ({ socket }: Line): boolean => socket.bytesRead >= READS * VALUE_BYTES;
  for (const line of lines) line.socket.resume();
  await Promise.all(lines.map((line) => line.until(() => line.isClosed || hasAll(line))));
  const left = lines.filter((line) => !line.isClosed || hasAll(line));
  for (const line of lines) line.end();
  return left.length;
}
