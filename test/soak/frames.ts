/**
 * `node frames.js [--frames 1000000] [--seed 1] [--json]`: mutated frames at both ports of the leader of three members, over many connections, while a
 * client writes and reads. Passes when each frame got its verdict, the client noticed nothing, memory stayed bounded, nobody had anything unexpected to
 * say, and all members hold the same state afterwards, also after the one that was fired at was killed and started again.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Client, connect } from '@seedraft/client';
import { Cluster } from './cluster.ts';
import type { FireOptions } from './fire.ts';
import type { FireMessage } from './fire-main.ts';
import { megabytes, quantile, Report } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    frames: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const SECRET = 'known to the members, and to whoever fires in their name';
const TOKENS = [
  { token: 'good', role: 'admin' },
  { token: 'shot', role: 'write' },
] as const;
const CONNECTIONS = { clientStrangers: 24, clients: 48, peerStrangers: 24, peers: 8 } as const;
/**
 * Of JavaScript's own memory, beyond what the member had before the first frame: the log in memory goes up and down below 64 MiB, and much is under way.
 * Resident memory also holds what the allocator keeps of that for later, and files that LevelDB has mapped.
 */
const MEMORY_BOUND = 100e6;
const RESIDENT_BOUND = 300e6;
const KEYS = 256;
const PACE_MS = 5;

/** Writes a value and reads it back, again and again; whatever fails rejects `end`. */
class GoodClient {
  readonly times: number[] = [];
  readonly #written = new Map<string, number>();
  readonly #client: Client;
  readonly #working: Promise<void>;
  #isOver = false;

  constructor(client: Client) {
    this.#client = client;
    this.#working = this.#work();
    this.#working.catch(() => {});
  }

  async #work(): Promise<void> {
    const kv = this.#client.kv('good');
    for (let n = 0; !this.#isOver; n++) {
      const key = `k${n % KEYS}`;
      const began = performance.now();
      await kv.put(key, n);
      this.#written.set(key, n);
      await this.#look(key);
      this.times.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
  }

  async #look(key: string): Promise<void> {
    const item = await this.#client.kv('good').get(key);
    if (item?.value !== this.#written.get(key)) {
      throw new Error(`${key} holds ${String(item?.value)}, not ${this.#written.get(key)}`);
    }
  }

  /** Stops, and finds all it ever wrote. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#working;
    for (const key of this.#written.keys()) await this.#look(key);
  }
}

/** Resolves with how often each verdict came. */
function fireFromElsewhere(
  options: FireOptions,
  onProgress: (fired: number) => void,
): Promise<Readonly<Record<string, number>>> {
  const program = fileURLToPath(new URL('./fire-main.js', import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    child.on('message', (message) => {
      const told = message as FireMessage;
      if (told.type === 'progress') onProgress(told.fired);
      else resolve(told.verdicts);
    });
    child.on('exit', (code) => reject(new Error(`what fires ended with exit code ${code}`)));
  });
}

async function main(): Promise<number> {
  const report = new Report('frames', flags.json);
  const frames = Number(flags.frames);
  const cluster = await Cluster.start({
    size: 3,
    options: {
      security: { peers: { kind: 'secret', secret: SECRET }, clients: { tokens: TOKENS } },
    },
  });
  const leader = await cluster.leader();
  const client = await connect({ endpoints: cluster.endpoints, token: 'good', name: 'good' });
  const good = new GoodClient(client);
  const before = await leader.figures();
  const target = {
    clusterId: 'soak',
    client: leader.clientAddress,
    peer: leader.peerAddress,
    token: 'shot',
    secret: SECRET,
  };
  let peak = 0;
  const verdicts = await fireFromElsewhere(
    { target, shots: frames, seed: Number(flags.seed), connections: CONNECTIONS },
    (fired) => {
      void leader.figures().then(({ metrics: { process: now } }) => {
        peak = Math.max(peak, now.residentBytes);
        const each = `p99 of the good client ${Math.round(quantile(good.times, 0.99))} ms`;
        report.progress(`${fired} frames; resident ${megabytes(now.residentBytes)} MB; ${each}`);
      });
    },
  );
  const seconds = report.seconds;
  const after = await leader.figures();
  await good.end();
  const state = await cluster.agreement();
  await leader.killed();
  await leader.start();
  const stateAgain = await cluster.agreement();

  const wrong: string[] = [];
  const judged = sum(Object.values(verdicts));
  if (judged !== frames) wrong.push(`${judged} of ${frames} frames got a verdict`);
  const resident = [before, after].map(({ metrics }) => metrics.process.residentBytes);
  peak = Math.max(peak, ...resident);
  if (peak > RESIDENT_BOUND) wrong.push(`resident memory grew to ${megabytes(peak)} MB`);
  const own = [before, after].map(
    ({ metrics: { process: now } }) => now.heapUsedBytes + now.externalBytes,
  );
  if (own[1]! > own[0]! + MEMORY_BOUND) wrong.push(`memory grew to ${megabytes(own[1]!)} MB`);
  const turnedAway = after.events['ConnectionRefused peer'] ?? 0;
  if (turnedAway > 0) wrong.push(`${turnedAway} connections were turned away unheard`);
  const links = after.metrics.transport.peers.length;
  if (links > cluster.members.length - 1 + CONNECTIONS.peers) wrong.push(`${links} peers are left`);
  if (state.split(' ')[1] !== stateAgain.split(' ')[1]) wrong.push('another state after a start');
  await client.close();
  await cluster.stop();

  const refusals = Object.entries(after.events).filter(([name]) => /^BadFrame|Refused/.test(name));
  const elections = after.status.term - before.status.term;
  const line =
    `${judged} mutated frames in ${Math.round(seconds)} s, each with a verdict; resident ${megabytes(resident[0]!)} MB before, ` +
    `${megabytes(resident[1]!)} after, at most ${megabytes(peak)} (heap and buffers ${megabytes(own[0]!)} and ${megabytes(own[1]!)}); good client ${good.times.length} writes read back, p99 ` +
    `${Math.round(quantile(good.times, 0.99))} ms; ${elections} elections; state ${state}, the same after kill -9 and a start`;
  if (!flags.json)
    for (const line of listed(verdicts, Object.fromEntries(refusals))) console.log(line);
  const figures = { judged, resident, peak, own, elections, verdicts, events: after.events, state };
  return report.end(line, figures, wrong);
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);

function listed(...tables: readonly Readonly<Record<string, number>>[]): string[] {
  return tables.flatMap((table) =>
    Object.entries(table)
      .sort()
      .map(([name, count]) => `${String(count).padStart(9)}  ${name}`),
  );
}

process.exit(await main());
