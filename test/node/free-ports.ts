/**
 * Ports for what must know its port before it listens. Below those that the system gives to whoever dials, for one of these could be taken
 * before it is used, or while its member is stopped; and each process that tests beside others has a range of its own.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

const COUNT = 2500;
const FIRST = 10_000 + COUNT * (Number(process.env.VITEST_POOL_ID ?? 0) % 8);
/** Not at random: a port comes again only when all others were given. */
let next = Math.floor(Math.random() * COUNT);

/** A port of this machine's loopback that nobody listens on. */
export function freePort(): Promise<number> {
  return freePorts(1);
}

/** The first of so many in a row. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    if (next + count > COUNT) next = 0;
    const row = Array.from({ length: count }, (_, at) => FIRST + next + at);
    next += count;
    const areFree = await Promise.all(row.map(isFree));
    if (areFree.every((one) => one)) return row[0]!;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listens = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  if (!listens) return false;
  server.close();
  await once(server, 'close');
  return true;
}
