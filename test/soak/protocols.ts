/**
 * `node protocols.js [--kills 10] [--idle 1000] [--short] [--json]`: every protocol that members speak beside their own, under the same attacks. Passes when each was answered
 * as its protocol says, in time, while others were served, and nothing was lost, done twice or left behind.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { ProtocolName } from '@seedraft/api';
import { Cluster } from './cluster.ts';
import { ATTACKS, type Scale, type Verdict } from './protocols/attacks.ts';
import { killLeader } from './protocols/kill.ts';
import { ROWS, type Row } from './protocols/rows.ts';
import { Report } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    kills: { type: 'string', default: '10' },
    idle: { type: 'string', default: '1000' },
    short: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

/** What was found, for each attack and protocol. */
interface Found extends Verdict {
  readonly attack: string;
  readonly protocol: string;
}

const PROTOCOLS = [...new Set(ROWS.map(({ protocol }) => protocol))] satisfies ProtocolName[];
const report = new Report('protocols', flags.json);

const scale = scaleOf();

function scaleOf(): Scale {
  const idleConnections = Math.min(flags.short ? 200 : Number(flags.idle), mostConnections());
  const requestBytes = 10_000_000;
  return flags.short
    ? { requestBytes, idleConnections, slowReaders: 2, slowWithin: 10_000, memory: 400e6 }
    : { requestBytes, idleConnections, slowReaders: 10, slowWithin: 90_000, memory: 250e6 };
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

const found: Found[] = [];

function note(attack: string, protocol: string, verdict: Verdict): void {
  found.push({ attack, protocol, ...verdict });
  const figures = Object.entries(verdict.figures).map(([name, value]) => `${name} ${value}`);
  report.progress(`${attack}, ${protocol}: ${[...figures, ...verdict.wrong].join(', ')}`);
}

/** One protocol after the other; in short all at once, which does not tell whose fault it was that memory grew. */
async function onEach(carryOut: (row: Row) => Promise<void>): Promise<void> {
  if (flags.short) await Promise.all(ROWS.map(carryOut));
  else for (const row of ROWS) await carryOut(row);
}

async function main(): Promise<number> {
  const options = { raft: { forwardProposals: true } };
  const [cluster, hasty] = await Promise.all([
    Cluster.start({ size: 3, protocols: PROTOCOLS, options }),
    flags.short ? hastyMember() : null,
  ]);
  for (const [attack, carryOut] of Object.entries(ATTACKS)) {
    const target = attack === 'slow readers' ? (hasty ?? cluster) : cluster;
    await onEach(async (row) => note(attack, row.name, await carryOut(target, row, scale)));
  }
  for (let kill = 0; kill < (flags.short ? 1 : Number(flags.kills)); kill++) {
    const verdicts = await killLeader(cluster, ROWS);
    for (const [protocol, verdict] of Object.entries(verdicts)) {
      note('leader killed', protocol, verdict);
    }
  }
  await Promise.all([cluster.stop(), hasty?.stop()]);
  const wrong = found.flatMap(({ attack, protocol, wrong }) =>
    wrong.map((sentence) => `${attack}, ${protocol}: ${sentence}`),
  );
  const summary = `${ROWS.length} protocols, ${found.length} attacks`;
  return report.end(summary, { found }, wrong);
}

/** One member that waits for slow readers less long than a test may. */
function hastyMember(): Promise<Cluster> {
  const apiLimits = { stall: 500, idle: 2000 };
  return Cluster.start({ size: 1, protocols: PROTOCOLS, options: { apiLimits } });
}

process.exit(await main());
