/**
 * What a node stands on before it is a member, and until it has stopped: its clock and turns, its ports, where its data is, whom it tells. A joiner
 * needs them to ask for an id; the member is built on them.
 */
import type { Socket } from 'node:net';
import { formatAddress } from './address.ts';
import { askMember } from './ask-member.ts';
import { Clock } from './clock.ts';
import { type Driver, StoreInbox } from './driver.ts';
import { type EventLog, eventLog } from './events.ts';
import { type Listener, listen, type SocketFigures } from './frame-socket.ts';
import type { Joining } from './join.ts';
import { levelStorage } from './level-storage.ts';
import type { NodeOptions, Settings, Start } from './options.ts';
import type { Storage, StorageRefusal } from './storage.ts';
import { Turn } from './turn.ts';

function noFigures(): SocketFigures {
  return { bytesReceived: 0, bytesSent: 0, framesReceived: 0, framesSent: 0, writes: 0 };
}

export class Premises {
  readonly options: NodeOptions;
  readonly settings: Settings;
  readonly log: EventLog;
  readonly storage: Storage;
  readonly inbox = new StoreInbox();
  readonly peerSockets = noFigures();
  readonly clientSockets = noFigures();
  /** Set once the member runs. */
  driver: Driver | null = null;
  readonly turn = new Turn(
    () => this.driver?.turn(),
    () => this.driver?.endTurn(),
  );
  readonly clock = new Clock(() => this.turn.request());
  peerListener: Listener | null = null;
  clientListener: Listener | null = null;
  #isListening = false;
  onPeer: (socket: Socket) => void = (socket) => socket.destroy();
  onClient: (socket: Socket) => void = (socket) => socket.destroy();

  constructor(options: NodeOptions, settings: Settings) {
    this.options = options;
    this.settings = settings;
    this.log = eventLog(options.log);
    this.storage =
      options.storage ?? levelStorage(options.directory, options.durability ?? 'default');
  }

  get peerAddress(): string {
    const { options, peerListener } = this;
    const listened = peerListener?.address ?? options.peerListen;
    return options.advertise?.peer ?? (listened === null ? '' : formatAddress(listened));
  }

  get clientAddress(): string {
    const { options, clientListener } = this;
    const listened = clientListener?.address ?? options.clientListen;
    return options.advertise?.client ?? (listened === null ? '' : formatAddress(listened));
  }

  socketContext(figures: SocketFigures) {
    return { turn: this.turn, clock: this.clock, figures };
  }

  /** Both ports, once. Connections are turned away until the member runs. */
  async listen(): Promise<StorageRefusal | null> {
    if (this.#isListening) return null;
    this.#isListening = true;
    const { options, settings } = this;
    const { limits, peerSecurity, clientSecurity } = settings;
    const peerTls = peerSecurity.kind === 'tls' ? { material: peerSecurity, mutual: true } : null;
    if (options.peerListen !== null) {
      const { peerListen } = options;
      const peers = await listen(peerListen, peerTls, 1024, (socket) => this.onPeer(socket));
      if (!peers.ok) return { ...peers, outcome: 'refused' };
      this.peerListener = peers.listener;
    }
    if (options.clientListen === null) return null;
    const { tls } = clientSecurity;
    const clientTls = tls === undefined ? null : { material: tls, mutual: false };
    const most = limits.maxClientConnections + 1024;
    const clients = await listen(options.clientListen, clientTls, most, (socket) =>
      this.onClient(socket),
    );
    if (!clients.ok) return { ...clients, outcome: 'refused' };
    this.clientListener = clients.listener;
    return null;
  }

  close(): void {
    this.clock.stop();
    this.peerListener?.close();
    this.clientListener?.close();
  }
}

const ASK_WITHIN_MS = 5000;

export function joiningOf(premises: Premises): Joining {
  const { options, settings, clock, log, storage } = premises;
  const { start } = options;
  const wish: Partial<Start & { readonly how: 'join' }> = start.how === 'join' ? start : {};
  const token = wish.token ?? '';
  const tls = settings.clientSecurity.tls ?? null;
  const socketContext = premises.socketContext(noFigures());
  return {
    storage,
    endpoints: wish.endpoints ?? [],
    name: wish.name ?? '',
    ticket: wish.id ?? 0,
    peerAddress: premises.peerAddress,
    clientAddress: premises.clientAddress,
    clock,
    log,
    within: wish.within ?? Number.POSITIVE_INFINITY,
    signal: options.signal,
    ask: (address, clusterId, request) =>
      askMember({ address, token, clusterId, tls, socketContext, within: ASK_WITHIN_MS }, request),
  };
}
