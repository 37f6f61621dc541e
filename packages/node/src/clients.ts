/** All client connections of a member, and their number bounded: those who said hello, and strangers who have yet to. */
import type { Socket } from 'node:net';
import type { Entry, MemberId } from '@seedraft/core';
import type { AskedRequest } from '@seedraft/replica';
import { encodeClient } from '@seedraft/wire';
import { ClientConnection } from './client-connection.ts';
import type { Tokens } from './client-roles.ts';
import type { Clock } from './clock.ts';
import type { Asker } from './driver.ts';
import type { EventLog } from './events.ts';
import type { SocketContext } from './frame-socket.ts';
import type { NodeLimits } from './options.ts';

export type Notify = (index: number, change: unknown) => void;

/** What every connection needs of its member. */
export interface ClientContext {
  readonly clusterId: string;
  readonly id: MemberId;
  readonly limits: NodeLimits;
  readonly tokens: Tokens;
  readonly clock: Clock;
  readonly socketContext: SocketContext;
  readonly figures: ClientFigures;
  readonly log: EventLog;
  leader(): MemberId;
  clientAddressOf(id: MemberId): string;
  clientAddresses(): readonly string[];
  appliedIndex(): number;
  status(): unknown;
  /** Whom the cluster waits for before anybody may lead it; null: it does not. */
  founding(): string | null;
  /** Of the log, as many as one answer takes. */
  entries(range: { readonly from: number; readonly to: number }): readonly Entry[];
  /** Null: no such watch. */
  watch(query: unknown, notify: Notify): (() => void) | null;
  ask(request: AskedRequest['request'], asker: Asker, tag: number): void;
  beginBackup(): boolean;
  endBackup(): void;
  welcomed(connection: ClientConnection): void;
  closed(connection: ClientConnection): void;
}

export interface ClientFigures {
  connections: number;
  accepted: number;
  refused: number;
  badFrames: number;
  slowClients: number;
}

type Own = 'figures' | 'welcomed' | 'closed' | 'beginBackup' | 'endBackup';

export class Clients {
  readonly #context: ClientContext;
  readonly #welcome = new Set<ClientConnection>();
  readonly #strangers = new Set<ClientConnection>();
  readonly figures: ClientFigures = {
    connections: 0,
    accepted: 0,
    refused: 0,
    badFrames: 0,
    slowClients: 0,
  };
  #isDraining = false;
  /** One at a time: each makes the machine keep what changes meanwhile. */
  #isBackingUp = false;
  #onEmpty: () => void = () => {};

  constructor(parts: Omit<ClientContext, Own>) {
    this.#context = {
      ...parts,
      figures: this.figures,
      welcomed: (connection) => {
        this.#strangers.delete(connection);
        this.#welcome.add(connection);
        if (this.#isDraining) connection.drain();
      },
      closed: (connection) => this.#onClosed(connection),
      beginBackup: () => this.beginBackup(),
      endBackup: () => this.endBackup(),
    };
  }

  /** False: this member gives a backup to somebody else. Whoever is told true ends it with `endBackup`. */
  beginBackup(): boolean {
    const isFree = !this.#isBackingUp;
    this.#isBackingUp = true;
    return isFree;
  }

  endBackup(): void {
    this.#isBackingUp = false;
  }

  accept(socket: Socket): void {
    const { limits, log } = this.#context;
    const isFull =
      this.#welcome.size >= limits.maxClientConnections ||
      this.#strangers.size >= limits.maxHandshakes * 4;
    if (isFull) {
      this.figures.refused += 1;
      const address = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
      const reason = 'too many connections';
      log({ type: 'ConnectionRefused', from: 'client', address, reason });
      socket.on('error', () => {});
      socket.end(encodeClient({ type: 'goodbye', code: 'OVERLOADED', reason }));
      socket.destroySoon();
      return;
    }
    this.figures.accepted += 1;
    this.figures.connections += 1;
    this.#strangers.add(new ClientConnection(socket, this.#context));
  }

  /** Who leads, and where clients are served, to all of them: who is looking for a leader need not ask around. */
  tellNews(): void {
    if (this.#welcome.size === 0) return;
    const leader = this.#context.leader();
    const leaderAddress = this.#context.clientAddressOf(leader);
    const addresses = this.#context.clientAddresses();
    const frame = encodeClient({ type: 'cluster', leader, leaderAddress, addresses });
    for (const connection of this.#welcome) connection.tell(frame);
  }

  onRestored(): void {
    for (const connection of this.#welcome) connection.loseWatches();
  }

  /** Resolves when the last one is gone. */
  drain(): Promise<void> {
    this.#isDraining = true;
    for (const connection of this.#strangers) connection.goodbye('STOPPING', 'the member stops');
    for (const connection of this.#welcome) connection.drain();
    if (this.#welcome.size + this.#strangers.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  close(code: string, reason: string): void {
    for (const connection of [...this.#welcome, ...this.#strangers]) {
      connection.goodbye(code, reason);
    }
  }

  #onClosed(connection: ClientConnection): void {
    this.#welcome.delete(connection);
    this.#strangers.delete(connection);
    this.figures.connections -= 1;
    if (this.#welcome.size + this.#strangers.size === 0) this.#onEmpty();
  }
}
