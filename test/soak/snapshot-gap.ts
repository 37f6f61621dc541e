/**
 * `node snapshot-gap.js [--megabytes 500] [--rounds 5] [--json]`: a large state is snapshotted by its leader, again and again, while nothing else
 * happens, so that only heartbeats keep the followers quiet; what passes between leader and followers is timed on the wire. Then the same while a
 * follower that was away is sent the whole state. Passes when 99 of 100 gaps stay under half an election timeout, and nobody stood for election.
 */
import { parseArgs } from 'node:util';
import { type Client, connect } from '@seedraft/client';
import { defaultConfig } from '@seedraft/core';
import { Cluster, type Member, until } from './cluster.ts';
import { megabytes, quantile, Report } from './report.ts';
import { Wiretap } from './wiretap.ts';

const { values: flags } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});
const stateBytes = Number(flags.megabytes) * 1e6;
const rounds = Number(flags.rounds);
const VALUE_BYTES = 64_000;
const LOADERS = 8;
/** By default a snapshot is taken every 32 MB: while so much is written, one after the other. Here it is one on request that counts. */
const LARGE = {
  raft: { maxLogBytes: 512e6 },
  snapshot: { everyBytes: 256e6, everyEntries: 1e6 },
};
const BOUND_MS = defaultConfig.electionTimeoutMin / 2;

/** When each follower last heard of each sender, and the gaps since the last `take`. */
class Gaps {
  readonly #lastAt = new Map<string, number>();
  #gaps: number[] = [];

  note(from: number, to: number, at: number): void {
    const link = `${from} ${to}`;
    const last = this.#lastAt.get(link);
    if (last !== undefined) this.#gaps.push(at - last);
    this.#lastAt.set(link, at);
  }

  /** A gap that is still open counts too: what never came is not to be missed. */
  take(): number[] {
    const gaps = this.#gaps;
    this.#gaps = [];
    return gaps;
  }

  forget(): void {
    this.#lastAt.clear();
    this.#gaps = [];
  }
}

function summaryOf(gaps: readonly number[]) {
  const [p50, p99, max] = [quantile(gaps, 0.5), quantile(gaps, 0.99), Math.max(0, ...gaps)];
  return { gaps: gaps.length, p50: Math.round(p50), p99: Math.round(p99), max: Math.round(max) };
}

async function load(report: Report, client: Client): Promise<void> {
  const kv = client.kv('large');
  const count = Math.ceil(stateBytes / VALUE_BYTES);
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) {
      const key = next++;
      if (key % 1000 === 0) report.progress(`written: ${megabytes(key * VALUE_BYTES)} MB`);
      await kv.put(`k${key}`, new Uint8Array(VALUE_BYTES).fill(key), { timeout: 120_000 });
    }
  };
  await Promise.all(Array.from({ length: LOADERS }, one));
}

async function main(): Promise<number> {
  const report = new Report('snapshot-gap', flags.json);
  const gaps = new Gaps();
  const taps: Wiretap[] = [];
  const cluster = await Cluster.start({
    size: 3,
    options: LARGE,
    advertise: async (id, port) => {
      const tap = new Wiretap(port, (from, at) => gaps.note(from, id, at));
      taps.push(tap);
      return tap.listen();
    },
  });
  const client = await connect({ endpoints: cluster.endpoints });
  report.progress(`writing ${flags.megabytes} MB`);
  await load(report, client);
  const loading = summaryOf(gaps.take());
  report.progress(`written; meanwhile ${JSON.stringify(loading)}`);

  const leader = await cluster.leader();
  await until('nobody takes a snapshot of the writing any more', () => isQuiet(cluster));
  const before = await electionsOf(cluster);
  gaps.forget();
  const taking = await snapshots(report, client, leader, gaps);
  const sending = await send(report, cluster, client, leader, gaps);
  const elections = (await electionsOf(cluster)) - before;
  const { metrics } = await leader.figures();
  const peak = megabytes(metrics.process.residentBytes);

  const wrong: string[] = [];
  for (const [what, { p99 }] of Object.entries({ taking, sending })) {
    if (p99 >= BOUND_MS) wrong.push(`${what}: p99 of the gaps is ${p99} ms, not under ${BOUND_MS}`);
  }
  if (elections > 0) wrong.push(`${elections} elections while snapshots were taken and sent`);
  await client.close();
  await cluster.stop();
  for (const tap of taps) tap.close();
  const line =
    `state ${megabytes(metrics.raft.stateBytes)} MB, election timeout ${defaultConfig.electionTimeoutMin} ms; gaps while taken ` +
    `p50 ${taking.p50} p99 ${taking.p99} max ${taking.max} ms (${taking.gaps}), while sent p99 ${sending.p99} max ${sending.max} ms (${sending.gaps}), ` +
    `while written p99 ${loading.p99} max ${loading.max} ms; ${elections} elections; leader resident ${peak} MB`;
  const figures = {
    stateBytes: metrics.raft.stateBytes,
    loading,
    taking,
    sending,
    elections,
    peak,
  };
  return report.end(line, figures, wrong);
}

async function snapshots(report: Report, client: Client, leader: Member, gaps: Gaps) {
  const all: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    // Without anything new there would be nothing to take.
    await client.kv('large').put('round', round);
    gaps.take();
    const began = performance.now();
    await client.snapshot({ address: leader.clientAddress, timeout: 300_000 });
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const taken = gaps.take();
    report.progress(`snapshot ${round} in ${seconds} s: ${JSON.stringify(summaryOf(taken))}`);
    all.push(...taken);
  }
  return summaryOf(all);
}

/** A follower misses more than the leader's log keeps, and is sent everything. */
async function send(report: Report, cluster: Cluster, client: Client, leader: Member, gaps: Gaps) {
  const late = cluster.members.find((member) => member !== leader)!;
  await late.killed();
  for (let n = 0; n < 1100; n++) await client.kv('small').put('k', n);
  await client.snapshot({ address: leader.clientAddress, timeout: 300_000 });
  gaps.forget();
  const began = performance.now();
  await late.start();
  await until('the late follower has caught up', async () => {
    const { status } = await late.figures();
    const known = await leader.figures();
    return status.appliedIndex === known.status.appliedIndex;
  });
  const { events } = await late.figures();
  if (events.SnapshotInstalled === undefined) throw new Error('it caught up without a snapshot');
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const summary = summaryOf(gaps.take());
  report.progress(`start, sent and installed in ${seconds} s: ${JSON.stringify(summary)}`);
  return summary;
}

/** No member's newest snapshot changes any more. */
async function isQuiet(cluster: Cluster): Promise<boolean> {
  const look = async () => {
    const all = await Promise.all(cluster.members.map((member) => member.figures()));
    return all.map(({ status }) => status.snapshotIndex).join();
  };
  const before = await look();
  await new Promise((resolve) => setTimeout(resolve, 3000));
  return (await look()) === before;
}

async function electionsOf(cluster: Cluster): Promise<number> {
  const all = await Promise.all(cluster.members.map((member) => member.figures()));
  return Math.max(...all.map(({ status }) => status.term));
}

process.exit(await main());
