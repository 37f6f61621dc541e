/**
 * The HTTP door of a member for people and machines that watch it: /metrics (Prometheus), /healthz, /readyz, /status. It changes nothing. It is there
 * from the start, before there is a member: opening a large directory or being let into a cluster takes long, and whoever watches must not take that
 * for death.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type Address, formatAddress, type RunningNode } from '@seedraft/node';
import type { BackupFigures } from './backup-schedule.ts';

export interface HttpDoor {
  readonly address: string;
  close(): Promise<void>;
}

/** Asked anew for each answer. */
export interface Watched {
  /** Null: it is still starting. */
  node(): RunningNode | null;
  /** What it is about until then, in words. */
  starting(): string;
  backups(): BackupFigures | null;
}

/** Rejects when the port is taken. */
export async function openHttpDoor(address: Address, watched: Watched): Promise<HttpDoor> {
  const server = createServer(
    { requestTimeout: 5000, headersTimeout: 5000 },
    (request, response) => {
      // What comes with a request is of no interest here.
      request.resume();
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.setHeader('allow', 'GET, HEAD');
        send(response, 405, 'text/plain', 'Only GET.\n');
        return;
      }
      const { pathname } = new URL(request.url ?? '/', 'http://member');
      answer(pathname, watched, response).catch((error: unknown) => {
        send(response, 500, 'text/plain', `${error instanceof Error ? error.message : error}\n`);
      });
    },
  );
  server.maxConnections = 256;
  await listen(server, address);
  const { port } = server.address() as { port: number };
  return {
    address: formatAddress({ host: address.host, port }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });
}

async function answer(path: string, watched: Watched, response: ServerResponse): Promise<void> {
  const node = watched.node();
  const backups = watched.backups();
  switch (path) {
    case '/metrics': {
      const metrics = node === null ? null : await node.metrics();
      // With prom-client: a member that nobody scrapes starts without it.
      const { metricsText } = await import('./metrics.ts');
      const page = await metricsText(metrics, backups);
      send(response, 200, 'text/plain; version=0.0.4', page);
      return;
    }
    case '/healthz':
      send(response, 200, 'text/plain', 'alive\n');
      return;
    case '/readyz': {
      const why = node === null ? watched.starting() : whyNotReady(node);
      send(response, why === null ? 200 : 503, 'text/plain', `${why ?? 'ready'}\n`);
      return;
    }
    case '/status': {
      const status = node === null ? { starting: watched.starting() } : statusOf(node, backups);
      const page = `${JSON.stringify(status, null, 2)}\n`;
      send(response, node === null ? 503 : 200, 'application/json', page);
      return;
    }
    default:
      send(response, 404, 'text/plain', 'There is: /metrics /healthz /readyz /status\n');
  }
}

function statusOf(node: RunningNode, backups: BackupFigures | null) {
  if (backups === null) return node.status();
  const { lastSuccess, ...figures } = backups;
  const last = lastSuccess === 0 ? null : new Date(lastSuccess).toISOString();
  return { ...node.status(), backup: { lastSuccess: last, ...figures } };
}

/** Null: it can serve clients. One that follows no leader, or that has not yet what was committed, would send them away or keep them waiting. */
export function whyNotReady(node: RunningNode): string | null {
  const { leader, commitIndex, appliedIndex, configuration, id, damaged, founding } = node.status();
  if (damaged !== null) return damaged;
  if (founding !== null) return founding;
  if (leader === 0) return 'no leader is known';
  if (!configuration.members.some((member) => member.id === id)) {
    return 'this member is in no configuration yet';
  }
  return appliedIndex < commitIndex ? `entries up to ${commitIndex} are still to be applied` : null;
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
