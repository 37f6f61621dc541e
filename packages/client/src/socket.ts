/**
 * The one file that opens sockets, over TCP or TLS; and connections as the engine wants them: what is sent within one turn leaves in one write.
 */
import net from 'node:net';
import tls from 'node:tls';
import type { Port } from './engine/index.ts';

/** What is needed to trust members, and to be trusted by them. All in PEM. */
export interface TlsOptions {
  /** Who signs the members' certificates; absent: whom the system trusts. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name in the members' certificates, where it is not the host that was dialed. */
  readonly servername?: string;
}

export interface SocketEvents {
  opened(connection: number): void;
  received(connection: number, bytes: Uint8Array): void;
  closed(connection: number, reason: string): void;
}

interface Link {
  readonly socket: net.Socket;
  unsent: Uint8Array[];
}

/** Probes of the system, for connections on which nothing is asked for long. */
const KEEP_ALIVE_MS = 30_000;

export class Sockets implements Port {
  readonly #tls: TlsOptions | null;
  readonly #events: SocketEvents;
  readonly #links = new Map<number, Link>();
  readonly #dirty = new Set<Link>();

  constructor(tlsOptions: TlsOptions | null, events: SocketEvents) {
    this.#tls = tlsOptions;
    this.#events = events;
  }

  dial(connection: number, address: string): void {
    const socket = openSocket(address, this.#tls);
    this.#links.set(connection, { socket, unsent: [] });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    let reason = 'the member closed the connection';
    socket.on('error', (error: NodeJS.ErrnoException) => {
      reason = error.message === '' ? (error.code ?? 'the connection failed') : error.message;
    });
    socket.on(this.#tls === null ? 'connect' : 'secureConnect', () => {
      if (this.#links.has(connection)) this.#events.opened(connection);
    });
    socket.on('data', (bytes: Uint8Array) => {
      if (this.#links.has(connection)) this.#events.received(connection, bytes);
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      if (this.#links.delete(connection)) this.#events.closed(connection, reason);
    });
  }

  send(connection: number, bytes: Uint8Array): void {
    const link = this.#links.get(connection);
    if (link === undefined) return;
    link.unsent.push(bytes);
    this.#dirty.add(link);
  }

  hangUp(connection: number): void {
    const link = this.#links.get(connection);
    if (link === undefined) return;
    this.#links.delete(connection);
    this.#write(link);
    this.#dirty.delete(link);
    if (link.socket.connecting) link.socket.destroy();
    else link.socket.destroySoon();
  }

  /** The turn is over: everything sent in it leaves. */
  drain(): void {
    for (const link of this.#dirty) this.#write(link);
    this.#dirty.clear();
  }

  #write(link: Link): void {
    const { unsent } = link;
    if (unsent.length === 0) return;
    link.unsent = [];
    link.socket.write(unsent.length === 1 ? unsent[0]! : Buffer.concat(unsent));
  }
}

/** To an address that `parseAddress` reads; bytes may be written at once. */
export function openSocket(address: string, options: TlsOptions | null): net.Socket {
  const { host, port } = parseAddress(address)!;
  if (options === null) return net.connect({ host, port });
  const servername = options.servername ?? (net.isIP(host) === 0 ? host : undefined);
  return tls.connect({ ...options, host, port, ...(servername !== undefined && { servername }) });
}

/** `host:port` or `[v6]:port`; null: neither. */
export function parseAddress(address: string): { host: string; port: number } | null {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(address);
  if (match === null) return null;
  const port = Number(match[3]);
  return port > 0 && port < 65536 ? { host: (match[1] ?? match[2])!, port } : null;
}
