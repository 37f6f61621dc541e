/**
 * Malformed input by the thousand, each on a connection of its own, from several at once. Kept: each connection ends in time; after each batch the member serves, and holds no more
 * memory and no more connections than before, or what is wrong is told with the line that sends the same again.
 */
import type { Member } from '../cluster.ts';
import { megabytes } from '../report.ts';
import { connectionsLeft, PASSING, service } from './attacks.ts';
import { inputOf } from './inputs.ts';
import { ANSWER_MS, Line } from './line.ts';
import type { Row } from './rows.ts';

export interface VolleyOptions {
  readonly seed: string;
  /** The number of the first input. */
  readonly from: number;
  readonly inputs: number;
  readonly onBatch: (done: number, residentBytes: number) => void;
}

export interface VolleyResult {
  /** How often the protocol said what. */
  readonly verdicts: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
  /** Resident bytes before, at most, after. */
  readonly resident: readonly [number, number, number];
  readonly slowest: number;
}

const LANES = 16;
/** A connection must have ended by then. That answers are prompt is proved by the attacks: here a machine with too much to do may take its time. */
const SILENCE_MS = 30_000;
const BATCH = 2000;
/** Beyond what the member had before. What it wrote is in its log in memory, of up to 64 MiB. */
const MEMORY_BOUND = 300e6;

export async function volley(
  member: Member,
  row: Row,
  { seed, from, inputs, onBatch }: VolleyOptions,
): Promise<VolleyResult> {
  const verdicts: Record<string, number> = {};
  const wrong: string[] = [];
  let slowest = 0;
  const shoot = async (number: number): Promise<void> => {
    const began = performance.now();
    const said = await outcome(member, row, seed, number);
    slowest = Math.max(slowest, performance.now() - began);
    if (said === null) wrong.push(`the connection stayed open: ${replay(row, seed, number)}`);
    // What no input may cause.
    if (said !== null && /INTERNAL|internal error/.test(said)) {
      wrong.push(
        `it was answered ${JSON.stringify(said.slice(0, 300))}: ${replay(row, seed, number)}`,
      );
    }
    const verdict = said === null ? 'stayed open' : verdictOf(said);
    verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
  };
  const before = await member.figures();
  const resident: [number, number, number] = [0, 0, 0];
  resident.fill(before.metrics.process.residentBytes);
  for (let at = from; at < from + inputs && wrong.length === 0; at += BATCH) {
    const end = Math.min(at + BATCH, from + inputs);
    let next = at;
    const lane = async (): Promise<void> => {
      while (next < end) await shoot(next++);
    };
    try {
      await Promise.all(Array.from({ length: LANES }, lane));
      wrong.push(...(await service(member, row)));
      resident[2] = (await member.figures()).metrics.process.residentBytes;
    } catch (thrown) {
      wrong.push(`${String(thrown)}: ${replay(row, seed, at, end - at)}`);
      break;
    }
    resident[1] = Math.max(resident[1], resident[2]);
    onBatch(end - from, resident[2]);
  }
  const left = member.isRunning ? await connectionsLeft(member, before.sockets, ANSWER_MS) : 0;
  if (left > PASSING) wrong.push(`${left} connections were left`);
  const grown = resident[1] - resident[0];
  if (grown > MEMORY_BOUND) wrong.push(`memory grew by ${megabytes(grown)} MB`);
  return { verdicts, wrong, resident, slowest };
}

/** Sends it, says that this was all, and waits for the end. Null: it did not come. */
async function outcome(
  member: Member,
  row: Row,
  seed: string,
  number: number,
): Promise<string | null> {
  const { bytes, cut } = inputOf(seed, row.name, number);
  const line = await Line.open(member.port(row.protocol));
  for (let at = 0; at < bytes.length && !line.isClosed; at += cut) {
    line.send(bytes.subarray(at, at + cut));
    if (cut < bytes.length) await new Promise((resolve) => setImmediate(resolve));
  }
  line.socket.end();
  const isOver = await line.until(() => line.isClosed, SILENCE_MS);
  line.end();
  return isOver ? line.said : null;
}

/** The first thing it said, in short. */
function verdictOf(said: string): string {
  if (said === '') return 'nothing said';
  const http = /^HTTP\/1\.1 (\d+)/.exec(said);
  const closed = /\x88.(.)(.)/s.exec(said);
  if (http?.[1] === '101') {
    if (closed === null) return 'HTTP 101';
    return `HTTP 101, close ${closed[1]!.charCodeAt(0) * 256 + closed[2]!.charCodeAt(0)}`;
  }
  if (http !== null) return `HTTP ${http[1]}`;
  const code = /^\{.*?"code":"(\w+)"/.exec(said);
  if (code !== null) return code[1]!;
  const failure = /^-([A-Z]+(?: Protocol error)?)/.exec(said);
  return failure === null ? 'answered' : `-${failure[1]}`;
}

function replay({ name }: Row, seed: string, from: number, inputs = 1): string {
  return `npm run soak -- protocols --only fuzz --protocol '${name}' --seed ${seed} --from ${from} --inputs ${inputs}`;
}
