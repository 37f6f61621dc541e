/**
 * What is done to every protocol alike. An attack ends with what was wrong, in sentences, and with figures; nothing wrong: the right answer came in time, others were
 * served meanwhile, and nothing of it was left behind.
 */
import { type Cluster, type Member, until } from '../cluster.ts';
import type { MemberFigures } from '../node-member.ts';
import { megabytes } from '../report.ts';
import { ANSWER_MS, Line } from './line.ts';
import type { Row } from './rows.ts';

export interface Verdict {
  readonly wrong: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
}

/** How much of it. */
export interface Scale {
  /** Of a request that is too large. */
  readonly requestBytes: number;
  readonly idleConnections: number;
  /** Resident memory that an attack may add, bytes. Freed memory comes back late. */
  readonly memory: number;
}

/** Null: there is no such attack on this protocol. */
export type Attack = (cluster: Cluster, row: Row, scale: Scale) => Promise<Verdict | null>;

/** Connections that may be open besides: those between members come and go. */
export const PASSING = 2;
/** Keys that no two asks share. */
let names = 0;
export const freshKey = (row: Row): string => `${row.name.replace(' ', '-')}-${++names}`;

export async function opened(member: Member, row: Row): Promise<Line> {
  const line = await Line.open(member.port(row.protocol));
  if (row.greeting !== '') {
    line.send(row.greeting);
    await line.hears(/\r\n\r\n/);
    line.said = '';
  }
  return line;
}

async function follower(cluster: Cluster): Promise<Member> {
  const leader = await cluster.leader();
  return cluster.members.find((one) => one !== leader && one.isRunning) ?? leader;
}

/** A write and its read, by a client that comes anew. What is wrong with it. */
export async function service(member: Member, row: Row): Promise<string[]> {
  const speaker = row.speak(member.port(row.protocol));
  const key = freshKey(row);
  const began = performance.now();
  try {
    const outcome = await speaker.write(key, 'v');
    if (outcome !== 'done') return [`a write of somebody else ended as ${outcome}`];
    const value = await speaker.read(key);
    if (value !== 'v') return [`somebody else read ${value} instead of v`];
  } catch (thrown) {
    return [`somebody else was not served: ${String(thrown)}`];
  } finally {
    speaker.end();
  }
  const took = performance.now() - began;
  return took > ANSWER_MS ? [`somebody else was served in ${Math.round(took)} ms`] : [];
}

/** How many more than `before` it has open, once they are but those that pass, or `milliseconds` are over. */
export async function connectionsLeft(
  member: Member,
  before: number,
  milliseconds: number,
  onLook: (figures: MemberFigures) => void = () => {},
): Promise<number> {
  const began = performance.now();
  let left = 0;
  await until('connections are gone', async () => {
    const now = await member.figures();
    onLook(now);
    left = now.sockets - before;
    return left <= PASSING || performance.now() - began > milliseconds;
  });
  return left;
}

/** What `work` leaves behind in the member: memory, connections. */
export async function leaving(
  member: Member,
  { within, memory }: { readonly within: number; readonly memory: number },
  work: () => Promise<string[]>,
): Promise<Verdict> {
  const before = await member.figures();
  const wrong = await work();
  let peak = before.metrics.process.residentBytes;
  const left = await connectionsLeft(member, before.sockets, within, ({ metrics }) => {
    peak = Math.max(peak, metrics.process.residentBytes);
  });
  if (left > PASSING) wrong.push(`${left} connections were left`);
  const grown = peak - before.metrics.process.residentBytes;
  if (grown > memory) wrong.push(`memory grew by ${megabytes(grown)} MB`);
  return { wrong, figures: { grownMegabytes: megabytes(Math.max(0, grown)) } };
}

// ------------------------------------------------------------------------------------------------------------------- the attacks

/** (a) Whoever stands at a member that does not lead is answered there, or sent to the one that does. */
const elsewhere: Attack = async (cluster, row) => {
  const leader = await cluster.leader();
  const [there, here] = [leader, await follower(cluster)].map((one) => one.port(row.protocol));
  const [atLeader, atFollower] = [row.speak(there!), row.speak(here!)];
  const wrong: string[] = [];
  const key = freshKey(row);
  const began = performance.now();
  const outcome = await atFollower.write(key, 'elsewhere');
  const took = performance.now() - began;
  if (outcome !== 'done') wrong.push(`a write at a follower ended as ${outcome}`);
  for (const speaker of [atFollower, atLeader]) {
    const value = await speaker.read(key);
    if (value !== 'elsewhere') wrong.push(`it was read as ${value}`);
    speaker.end();
  }
  if (row.redirect !== undefined) {
    const { bytes, answer } = row.redirect(key, `127.0.0.1:${there}`);
    const line = await Line.open(here!);
    line.send(bytes);
    if (!(await line.hears(answer))) wrong.push(`no redirect: ${shown(line.said)}`);
    line.end();
  }
  return { wrong, figures: { milliseconds: Math.round(took) } };
};

/** (c) What is malformed gets its error, however it is cut into pieces, and ends its own connection at most. */
const malformed: Attack = async (cluster, row, { memory }) => {
  const member = await follower(cluster);
  return await leaving(member, { within: ANSWER_MS, memory }, async () => {
    const wrong: string[] = [];
    for (const { what, bytes, answer, ends } of row.flaws) {
      const whole = Buffer.from(bytes);
      const cuts = [whole.length, Math.ceil(whole.length / 2), 1].filter(
        (cut) => whole.length / cut < 100,
      );
      for (const cut of cuts) {
        const line = await opened(member, row);
        for (let at = 0; at < whole.length; at += cut) {
          line.send(whole.subarray(at, at + cut));
          if (cut < whole.length) await new Promise((resolve) => setImmediate(resolve));
        }
        if (!(await line.hears(answer))) {
          wrong.push(`${what}, ${cut} bytes at a time: ${shown(line.said)}`);
        }
        if (ends && !(await line.until(() => line.isClosed))) {
          wrong.push(`${what}: the connection stayed open`);
        }
        line.end();
      }
    }
    return [...wrong, ...(await service(member, row))];
  });
};

/** Whoever has said all it has to say (`| nc -N`) is answered, and let go. */
const sendsNoMore: Attack = async (cluster, row) => {
  if (row.missing === null) return null;
  const member = await follower(cluster);
  const line = await opened(member, row);
  line.socket.end(row.reads(freshKey(row), 2));
  const wrong: string[] = [];
  if (!(await line.until(() => line.isClosed))) wrong.push('the connection stayed open');
  const answers = line.said.match(row.missing)?.length ?? 0;
  if (answers !== 2) wrong.push(`${answers} of 2 reads were answered: ${shown(line.said)}`);
  line.end();
  return { wrong, figures: {} };
};

/** (d) Refused as soon as it is known, and not held. */
const tooLarge: Attack = async (cluster, row, { requestBytes, memory }) => {
  const member = await cluster.leader();
  return await leaving(member, { within: ANSWER_MS, memory }, async () => {
    const line = await opened(member, row);
    line.send(row.large(requestBytes));
    const served = await service(member, row);
    const wrong = (await line.hears(row.tooLarge))
      ? served
      : [...served, `it was answered ${shown(line.said)}`];
    if (!(await line.until(() => line.isClosed))) wrong.push('the connection stayed open');
    line.end();
    return wrong;
  });
};

/** (e) Connections that say nothing. */
const idle: Attack = async (cluster, row, { idleConnections, memory }) => {
  const member = await cluster.leader();
  return await leaving(member, { within: ANSWER_MS, memory }, async () => {
    const lines: Line[] = [];
    while (lines.length < idleConnections) {
      const few = Math.min(50, idleConnections - lines.length);
      lines.push(...(await Promise.all(Array.from({ length: few }, () => opened(member, row)))));
    }
    const wrong = await service(member, row);
    const { sockets } = await member.figures();
    if (sockets > 0 && sockets < idleConnections) {
      wrong.push(`only ${sockets} of ${idleConnections} connections were there`);
    }
    for (const line of lines) line.end();
    return wrong;
  });
};

export const ATTACKS: Readonly<Record<string, Attack>> = {
  'at a non-leader': elsewhere,
  malformed,
  'sends no more': sendsNoMore,
  'too large': tooLarge,
  'idle connections': idle,
};

function shown(said: string): string {
  return said === '' ? 'nothing' : JSON.stringify(said.slice(0, 200));
}
