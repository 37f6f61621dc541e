/**
 * `node endurance.js [--minutes 10] [--json]`: writes at full speed into a bounded set of keys. One member is stopped for the first half, until the others
 * have compacted what it lacks away, and has to catch up by a snapshot while the writes go on. Memory and disk of each member are sampled every second;
 * passes when neither grows over the second half of the time, and all members end in one state.
 */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Client, connect } from '@seedraft/client';
import { Cluster, type Member } from './cluster.ts';
import { megabytes, Report } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
});
const DURATION_MS = Number(flags.minutes) * 60_000;
const WRITERS = 64;
const KEYS = 20_000;
const VALUE_BYTES = 256;
const SAMPLE_MS = 1000;
const PROGRESS_EVERY = 15;
/** Growth from the third to the last quarter of the time that is still noise: a part of the mean, and bytes. */
const NOISE = 0.1;
const NOISE_BYTES = 8e6;

interface Sample {
  /** ms since the writing began. */
  readonly at: number;
  readonly resident: number;
  readonly disk: number;
}

/** As fast as `WRITERS` closed loops can: each writes when it has been answered. */
class Writers {
  acknowledged = 0;
  #isOver = false;
  readonly #done: Promise<unknown>;

  constructor(client: Client) {
    const kv = client.kv('endurance');
    const value = new Uint8Array(VALUE_BYTES);
    const one = async (writer: number): Promise<void> => {
      for (let n = writer; !this.#isOver; n += WRITERS) {
        value[n % VALUE_BYTES] = n;
        await kv.put(`k${(n * 7919) % KEYS}`, value, { timeout: 60_000 });
        this.acknowledged += 1;
      }
    };
    this.#done = Promise.all(Array.from({ length: WRITERS }, (_, writer) => one(writer)));
    // Whoever waits for the end hears of it; until then it must not end this process.
    this.#done.catch(() => {});
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#done;
  }
}

async function main(): Promise<number> {
  const report = new Report('endurance', flags.json);
  const cluster = await Cluster.start({ size: 3 });
  const leader = await cluster.leader();
  const late = cluster.members.find((member) => member !== leader)!;
  const client = await connect({ endpoints: cluster.endpoints });
  const samples = new Map<Member, Sample[]>(cluster.members.map((member) => [member, []]));

  const writers = new Writers(client);
  const began = performance.now();
  const elapsed = (): number => performance.now() - began;
  await late.stop();
  let backAt = 0;
  let caughtUpAfter = 0;
  for (let tick = 0; elapsed() < DURATION_MS; tick++) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    for (const [member, taken] of samples)
      if (member.isRunning) taken.push(await sample(member, elapsed()));
    if (!late.isRunning && elapsed() >= DURATION_MS / 2) {
      await late.start();
      backAt = elapsed();
    }
    if (backAt > 0 && caughtUpAfter === 0 && (await hasCaughtUp(late, leader))) {
      caughtUpAfter = elapsed() - backAt;
    }
    if (tick % PROGRESS_EVERY === 0) report.progress(lineOf(samples, writers, late));
  }
  const seconds = elapsed() / 1000;
  await writers.end();
  const state = await cluster.agreement();
  const { events } = await late.figures();

  const growth = Object.fromEntries(
    [...samples].map(([member, taken]) => {
      const from = member === late ? backAt + caughtUpAfter : DURATION_MS / 2;
      return [`n${member.id}`, growthOf(taken.filter(({ at }) => at >= from))];
    }),
  );
  const wrong = Object.entries(growth).flatMap(([name, grown]) => flawsOf(name, grown));
  if (caughtUpAfter === 0) wrong.push('the member that was stopped never caught up');
  if (events.SnapshotInstalled === undefined) wrong.push('it caught up without a snapshot');
  await client.close();
  await cluster.stop();

  const rate = Math.round(writers.acknowledged / seconds);
  const flat = Object.entries(growth).map(
    ([name, { resident, disk }]) => `${name} resident ${shown(resident)}, disk ${shown(disk)}`,
  );
  const line =
    `${writers.acknowledged} writes (${rate}/s); caught up by snapshot in ${(caughtUpAfter / 1000).toFixed(1)} s after ` +
    `${Math.round(backAt / 1000)} s away; from the third to the last quarter: ${flat.join('; ')}; state ${state}`;
  const figures = { writes: writers.acknowledged, rate, backAt, caughtUpAfter, growth, state };
  return report.end(line, figures, wrong);
}

async function sample(member: Member, at: number): Promise<Sample> {
  const { metrics } = await member.figures();
  return { at, resident: metrics.process.residentBytes, disk: diskBytes(member.directory) };
}

/** All that lies there, whatever it is. */
function diskBytes(directory: string): number {
  let bytes = 0;
  for (const name of readdirSync(directory, { recursive: true }) as string[]) {
    // A file may go between the two looks at it.
    bytes += statSync(path.join(directory, name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}

/** Within what a moment of full speed writes. */
async function hasCaughtUp(late: Member, leader: Member): Promise<boolean> {
  const [own, known] = await Promise.all([late.figures(), leader.figures()]);
  return known.status.commitIndex - own.status.appliedIndex < 5000;
}

interface Growth {
  /** Means of the first and the second half of what was sampled, bytes; and the highest. */
  readonly resident: readonly [first: number, second: number, most: number];
  readonly disk: readonly [first: number, second: number, most: number];
}

function growthOf(samples: readonly Sample[]): Growth {
  const middle = Math.floor(samples.length / 2);
  const of = (read: (sample: Sample) => number) => {
    const values = samples.map(read);
    return [
      mean(values.slice(0, middle)),
      mean(values.slice(middle)),
      Math.max(...values),
    ] as const;
  };
  return { resident: of(({ resident }) => resident), disk: of(({ disk }) => disk) };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

function flawsOf(name: string, growth: Growth): string[] {
  return Object.entries(growth).flatMap(([what, [first, second]]) => {
    const allowed = Math.max(NOISE * first, NOISE_BYTES);
    if (second - first <= allowed) return [];
    return [
      `${name}: ${what} grows, from ${megabytes(first)} to ${megabytes(second)} MB on average`,
    ];
  });
}

const shown = ([first, second, most]: Growth['disk']): string =>
  `${megabytes(first)} -> ${megabytes(second)} MB (at most ${megabytes(most)})`;

function lineOf(samples: Map<Member, Sample[]>, writers: Writers, late: Member): string {
  const each = [...samples].map(([member, taken]) => {
    const last = taken.at(-1);
    if (last === undefined || !member.isRunning) return `n${member.id} stopped`;
    const mark = member === late ? '*' : '';
    return `n${member.id}${mark} ${megabytes(last.resident)} MB, disk ${megabytes(last.disk)} MB`;
  });
  return `${writers.acknowledged} writes; ${each.join('; ')}`;
}

process.exit(await main());
