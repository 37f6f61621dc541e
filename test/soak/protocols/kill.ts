/**
 * (b) The leader is killed with SIGKILL while clients of every protocol, at every member, wait for their writes. Each write has a key of its own, and the members count how often
 * each key was written: once if it was acknowledged, never if it was denied, at most once if nobody said. Every answer comes in time, and those that are left serve.
 */
import { type Cluster, type Member, until } from '../cluster.ts';
import { ONCE } from '../counting-machine.ts';
import { quantile } from '../report.ts';
import type { Verdict } from './attacks.ts';
import { ANSWER_MS } from './line.ts';
import type { Row } from './rows.ts';
import type { Outcome, Speaker } from './speaker.ts';

interface Written {
  readonly key: string;
  readonly row: string;
  readonly outcome: Outcome;
  readonly began: number;
  readonly took: number;
}

/** Clients of each protocol at each member. */
const LANES = 2;
/** Acknowledged writes of each protocol before the kill, and again after it. */
const ENOUGH = 10;

let rounds = 0;

/** By name of row. */
export async function killLeader(
  cluster: Cluster,
  rows: readonly Row[],
): Promise<Readonly<Record<string, Verdict>>> {
  const round = ++rounds;
  const leader = await cluster.leader();
  const all: Written[] = [];
  let isOver = false;
  const lane = async (row: Row, first: number, place: number): Promise<void> => {
    let at = first;
    let speaker = speakTo(cluster.members[at]!, row);
    for (let n = 0; !isOver; n++) {
      const key = `${ONCE}${round}.${row.name.replace(' ', '-')}.${first}.${place}.${n}`;
      const began = performance.now();
      const outcome = await speaker.write(key, 'v');
      all.push({ key, row: row.name, outcome, began, took: performance.now() - began });
      if (outcome !== 'gone') continue;
      // Nobody listens there: on to the next member, as anybody would.
      speaker.end();
      at = (at + 1) % cluster.members.length;
      speaker = speakTo(cluster.members[at]!, row);
    }
    speaker.end();
  };
  const lanes = rows.flatMap((row) =>
    cluster.members.flatMap((_, at) => Array.from({ length: LANES }, (__, n) => lane(row, at, n))),
  );
  const acknowledgedSince = (moment: number): boolean =>
    rows.every(
      ({ name }) =>
        all.filter((one) => one.row === name && one.outcome === 'done' && one.began > moment)
          .length >= ENOUGH,
    );
  await until('every protocol writes', () => acknowledgedSince(0));
  const killedAt = performance.now();
  await leader.killed();
  await until('every protocol writes again', () => acknowledgedSince(killedAt));
  isOver = true;
  await Promise.all(lanes);
  await leader.start();
  await cluster.agreement();
  const witness = cluster.members.find((one) => one !== leader)!;
  const { writes } = await witness.figures();
  const verdicts: Record<string, Verdict> = {};
  for (const row of rows) {
    const own = all.filter((one) => one.row === row.name);
    verdicts[row.name] = judge(own, writes, killedAt, await readBack(cluster, row, own));
  }
  return verdicts;
}

function speakTo(member: Member, row: Row): Speaker {
  return row.speak(member.port(row.protocol));
}

/** The last acknowledged write, at every member, the one that was killed included. */
async function readBack(cluster: Cluster, row: Row, all: readonly Written[]): Promise<string[]> {
  const key = all.findLast(({ outcome }) => outcome === 'done')!.key;
  const wrong: string[] = [];
  for (const member of cluster.members) {
    const speaker = speakTo(member, row);
    const value = await speaker.read(key);
    if (value !== 'v') wrong.push(`${key} is ${value} at member ${member.id}`);
    speaker.end();
  }
  return wrong;
}

/** How often a write may have been applied. */
const APPLIED: Readonly<Record<Outcome, readonly number[]>> = {
  done: [1],
  refused: [0],
  gone: [0],
  unknown: [0, 1],
};

function judge(
  all: readonly Written[],
  writes: Readonly<Record<string, number>>,
  killedAt: number,
  wrong: string[],
): Verdict {
  const count: Record<Outcome, number> = { done: 0, refused: 0, gone: 0, unknown: 0 };
  for (const { key, outcome, took } of all) {
    count[outcome] += 1;
    const applied = writes[key] ?? 0;
    if (!APPLIED[outcome].includes(applied)) {
      wrong.push(`${key} ended as ${outcome} and was applied ${applied} times`);
    }
    if (took > ANSWER_MS) wrong.push(`${key} was answered after ${Math.round(took)} ms`);
  }
  const during = all.filter(({ began, took }) => began <= killedAt && began + took > killedAt);
  const slowest = Math.round(
    quantile(
      all.map(({ took }) => took),
      1,
    ),
  );
  return { wrong, figures: { ...count, underWay: during.length, slowest } };
}
