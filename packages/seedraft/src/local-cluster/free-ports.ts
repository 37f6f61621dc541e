/**
 * Ports nobody listens on. Another process may take one before we do; whoever then fails to listen says so and asks for others. They lie below
 * those that systems give to whoever dials (from 32,768 on Linux, 49,152 elsewhere): a member that is stopped for a while finds its port
 * free when it comes back.
 */
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

const FIRST = 22_000;
const AFTER = 32_000;
/** So many taken ones in a row, and any port will do. */
const TRIES = 100;

/** All are held until all are found, so that none is given twice. */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const servers: Server[] = [];
  for (let n = 0; n < count; n += 1) servers.push(await listenSomewhere(host));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(
    servers.map((server) => new Promise<void>((done) => server.close(() => done()))),
  );
  return ports;
}

async function listenSomewhere(host: string): Promise<Server> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    try {
      return await listen(host, randomInt(FIRST, AFTER));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
  return listen(host, 0);
}

function listen(host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port }, () => resolve(server));
  });
}
