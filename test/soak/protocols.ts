/**
 * `node protocols.js [--only attacks|fuzz|acceptance] [--kills 10] [--idle 1000] [--inputs 100000] [--suites 20] [--short] [--json]`: every protocol that members speak beside
 * their own, under the same attacks, then under malformed input, then uring's acceptance suite on fresh clusters. Passes when each was answered as its protocol says, in time,
 * while others were served, and nothing was lost, done twice or left behind. One input again: `--protocol NAME --seed S --from N --inputs 1`.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { connect } from '@seedraft/client';
import { Cluster } from './cluster.ts';
import { acceptance } from './protocols/acceptance.ts';
import { ATTACKS, PASSING, type Scale, type Verdict } from './protocols/attacks.ts';
import { send } from './protocols/http-speaker.ts';
import { killLeader } from './protocols/kill.ts';
import { ROWS, type Row } from './protocols/rows.ts';
import { slowReaders } from './protocols/slow-readers.ts';
import { volley } from './protocols/volley.ts';
import { megabytes, Report } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    protocol: { type: 'string' },
    kills: { type: 'string', default: '10' },
    idle: { type: 'string', default: '1000' },
    inputs: { type: 'string' },
    seed: { type: 'string', default: 'volley' },
    from: { type: 'string', default: '0' },
    suites: { type: 'string', default: '20' },
    short: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

/** What was found, for each attack and protocol. */
interface Found extends Verdict {
  readonly attack: string;
  readonly protocol: string;
}

const ROWS_ASKED = ROWS.filter(({ name }) => name === (flags.protocol ?? name));
const PROTOCOLS = [...new Set(ROWS.map(({ protocol }) => protocol))];
const MEMORY = 400e6;
const FORWARDING = { raft: { forwardProposals: true } };
const report = new Report('protocols', flags.json);
const found: Found[] = [];

function note(attack: string, protocol: string, verdict: Verdict): void {
  found.push({ attack, protocol, ...verdict });
  const figures = Object.entries(verdict.figures).map(([name, value]) => `${name} ${value}`);
  report.progress(`${attack}, ${protocol}: ${[...figures, ...verdict.wrong].join(', ')}`);
}

function noteAll(attack: string, verdicts: Readonly<Record<string, Verdict>>): void {
  for (const [protocol, verdict] of Object.entries(verdicts)) note(attack, protocol, verdict);
}

/** One protocol after the other; in short all at once, which does not tell whose fault it was that memory grew. */
async function onEach(carryOut: (row: Row) => Promise<void>): Promise<void> {
  if (flags.short) await Promise.all(ROWS_ASKED.map(carryOut));
  else for (const row of ROWS_ASKED) await carryOut(row);
}

// ------------------------------------------------------------------------------------------------------------------- attacks

function scaleOf(): Scale {
  const idleConnections = Math.min(flags.short ? 100 : Number(flags.idle), mostConnections());
  return { requestBytes: 10_000_000, idleConnections, memory: MEMORY };
}

/** What this process may open; a machine that allows less than was asked for says so. */
function mostConnections(): number {
  const limit = /^Max open files +\d+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  const most = Number(limit ?? 1024) - 200;
  if (most < Number(flags.idle)) {
    report.progress(`only ${most} connections at a time: \`ulimit -Hn\` allows no more`);
  }
  return most;
}

async function attacks(): Promise<void> {
  const scale = scaleOf();
  const cluster = await Cluster.start({ size: 3, protocols: PROTOCOLS, options: FORWARDING });
  for (const [attack, carryOut] of Object.entries(ATTACKS)) {
    await onEach(async (row) => {
      const verdict = await carryOut(cluster, row, scale);
      if (verdict !== null) note(attack, row.name, verdict);
    });
  }
  if (!flags.short) {
    const how = { readers: 10, within: 90_000, memory: MEMORY };
    for (const row of ROWS_ASKED) noteAll('slow readers', await slowReaders(cluster, [row], how));
  }
  for (let kill = 0; kill < (flags.short ? 1 : Number(flags.kills)); kill++) {
    noteAll('leader killed', await killLeader(cluster, ROWS_ASKED));
  }
  await cluster.stop();
}

// ----------------------------------------------------------------------------------------------------------- malformed input

/** At one member, which waits for slow readers less long than others: in short they are proved here. */
async function fuzz(): Promise<void> {
  const apiLimits = flags.short ? { stall: 3000, idle: 6000 } : {};
  const cluster = await Cluster.start({ size: 1, protocols: PROTOCOLS, options: { apiLimits } });
  const client = await connect({ endpoints: cluster.endpoints });
  // In no namespace that these protocols write.
  await client.kv('kept').put('k', 'as it was');
  if (flags.short) {
    const how = { readers: PASSING + 1, within: 30_000, memory: MEMORY };
    noteAll('slow readers', await slowReaders(cluster, ROWS_ASKED, how));
  }
  await onEach(async (row) => note('malformed input', row.name, await volleyAt(cluster, row)));
  const kept = await client.kv('kept').get('k');
  if (kept?.value !== 'as it was') {
    note('malformed input', 'all', { wrong: [`what was kept is ${kept?.value}`], figures: {} });
  }
  await client.close();
  await cluster.stop();
}

async function volleyAt(cluster: Cluster, row: Row): Promise<Verdict> {
  const inputs = Number(flags.inputs ?? (flags.short ? 80 : 100_000));
  const [member] = cluster.members;
  const { verdicts, wrong, resident, slowest } = await volley(member!, row, {
    seed: flags.seed,
    from: Number(flags.from),
    inputs,
    onBatch: (done, bytes) => {
      if (done % 20_000 === 0) {
        report.progress(`${row.name}: ${done} inputs, resident ${megabytes(bytes)} MB`);
      }
    },
  });
  const [before, peak, after] = resident.map(megabytes) as [number, number, number];
  const figures = { before, peak, after, slowest: Math.round(slowest), ...verdicts };
  return { wrong, figures };
}

// --------------------------------------------------------------------------------------------------------- uring's own suite

async function suites(): Promise<void> {
  for (let n = 1; n <= Number(flags.suites); n++) {
    const cluster = await Cluster.start({ size: 3, protocols: ['uring'], options: FORWARDING });
    const leader = await cluster.leader();
    const members = [leader, ...cluster.members.filter((one) => one !== leader)];
    const wrong = await acceptance(async (member, method, path, sent) => {
      const url = `http://127.0.0.1:${members[member - 1]!.port('uring')}${path}`;
      const type = 'applicaiton/json';
      const text = sent === undefined ? '' : JSON.stringify(sent);
      const { status, body } = await send(url, { method, path, type, body: text });
      return { status, body: JSON.parse(body) as unknown };
    });
    note('acceptance suite', 'uring', { wrong, figures: { run: n } });
    await cluster.stop();
  }
}

async function main(): Promise<number> {
  const parts = { attacks, fuzz, acceptance: flags.short ? async () => {} : suites };
  const asked = Object.entries(parts).filter(([name]) => name === (flags.only ?? name));
  if (flags.short) await Promise.all(asked.map(([, part]) => part()));
  else for (const [, part] of asked) await part();
  const wrong = found.flatMap(({ attack, protocol, wrong }) =>
    wrong.map((sentence) => `${attack}, ${protocol}: ${sentence}`),
  );
  return report.end(`${found.length} proofs`, { found }, wrong);
}

process.exit(await main());
