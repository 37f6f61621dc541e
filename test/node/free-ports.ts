/**
 * Ports for what must know its port before it listens. Below those that the system gives to whoever dials, for one of these could be taken
 * before it is used, or while its member is stopped; and each process that tests beside others, or was started by one that does, has a range
 * of its own: it listens on the first port of it for as long as it lives.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

const HOST = '127.0.0.1';
const FIRST = 10_000;
const COUNT = 750;
/** Above them the product looks for ports of its own (packages/seedraft/src/local-cluster/free-ports.ts). */
const RANGES = 16;

let range: Promise<number> | undefined;
/** Not at random: a port comes again only when all others were given. */
let next = 1 + Math.floor(Math.random() * (COUNT - 1));

/** A port of this machine's loopback that nobody listens on. */
export function freePort(): Promise<number> {
  return freePorts(1);
}

/** The first of so many in a row. */
export async function freePorts(count: number): Promise<number> {
  range ??= ownRange();
  const first = await range;
  for (;;) {
    if (next + count > COUNT) next = 1;
    const row = Array.from({ length: count }, (_, at) => first + next + at);
    next += count;
    const areFree = await Promise.all(row.map(isFree));
    if (areFree.every((one) => one)) return row[0]!;
  }
}

async function ownRange(): Promise<number> {
  const begin = Math.floor(Math.random() * RANGES);
  for (let n = 0; n < RANGES; n++) {
    const first = FIRST + COUNT * ((begin + n) % RANGES);
    const server = await listens(first);
    server?.unref();
    if (server !== null) return first;
  }
  throw new Error(`all ${RANGES} ranges of ports from ${FIRST} on are taken`);
}

async function isFree(port: number): Promise<boolean> {
  const server = await listens(port);
  if (server === null) return false;
  server.close();
  await once(server, 'close');
  return true;
}

/** Null: somebody does already. */
function listens(port: number): Promise<Server | null> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(null));
    server.listen(port, HOST, () => resolve(server));
  });
}
