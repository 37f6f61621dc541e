/**
 * A port that one protocol is spoken on. Here connections are counted and bounded; what is said on them is the protocol's. Kept: a stop takes no
 * new connections, lets open requests be answered, and ends within its time whoever hangs.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { ApiLimits } from './limits.ts';

/** A protocol as listeners see it. A socket that is handed over is the protocol's to end. */
export interface Dialect {
  accept(socket: Socket): void;
  /** Takes no new requests; resolves when those open are answered. */
  drain(): Promise<void>;
  /** Ends every connection at once. */
  close(): void;
}

export interface ApiAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

export interface ApiListener {
  readonly host: string;
  readonly port: number;
  /** Within `within` ms. */
  stop(within: number): Promise<void>;
}

/** Half open: whoever has sent all it has to say (`| nc`) still gets its answer. */
const OPTIONS = { noDelay: true, keepAlive: true, allowHalfOpen: true };

/** How often it is looked at what waits for all clients together, ms. */
const LOOK_MS = 200;

/** Rejects when the port is taken. */
export async function listen(
  address: ApiAddress,
  dialect: Dialect,
  limits: Pick<ApiLimits, 'maxConnections' | 'maxAllBacklogBytes'>,
): Promise<ApiListener> {
  const sockets = new Set<Socket>();
  const server = createServer(OPTIONS, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // What breaks a connection concerns nobody else, and a protocol that has not listened yet must not make it fatal.
    socket.on('error', () => {});
    dialect.accept(socket);
  });
  server.maxConnections = limits.maxConnections;
  await begin(server, address);
  const { port } = server.address() as { port: number };
  const looking = setInterval(() => cutLargest(sockets, limits.maxAllBacklogBytes), LOOK_MS);
  looking.unref();
  return {
    host: address.host,
    port,
    stop: async (within) => {
      server.close();
      await atMost(within, dialect.drain());
      clearInterval(looking);
      dialect.close();
    },
  };
}

/** Until what waits for the others is within the bound. */
function cutLargest(sockets: ReadonlySet<Socket>, bound: number): void {
  let all = 0;
  for (const { writableLength } of sockets) all += writableLength;
  if (all <= bound) return;
  const largestFirst = [...sockets].sort((one, other) => other.writableLength - one.writableLength);
  for (const socket of largestFirst) {
    if (all <= bound) return;
    all -= socket.writableLength;
    socket.destroy();
  }
}

function begin(server: Server, { host, port }: ApiAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      // Out of descriptors, for instance: those connected go on.
      server.on('error', () => {});
      resolve();
    });
  });
}

/** Resolves when `work` has ended, or after `ms`. */
async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `host:port`, of IPv6 with brackets. */
export function formatAddress({ host, port }: ApiAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
