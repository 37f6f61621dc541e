/**
 * A cluster that keeps every promise of the protocol and not one more, in virtual time: it answers late or never, refuses, loses its place
 * with requests open and carries them out much later or not at all, forgets sessions, names wrong leaders, and its connections break with
 * bytes on the way in both directions. What it executed is the truth that a client's words are held against.
 */

import type { Engine, Port } from '@seedraft/client/engine';
import type { ClientRefusalCode, ClientReply, ClientRequest } from '@seedraft/replica';
import {
  type ClientFrame,
  encodeClient,
  FrameDecoder,
  type NodeRequest,
  readClientFrame,
} from '@seedraft/wire';

export interface Knobs {
  readonly seed: number;
  /** In [0, 1]. */
  readonly refuse: number;
  readonly unknown: number;
  /** Of what ended as unknown: what is carried out, later. */
  readonly late: number;
  readonly cut: number;
  readonly expire: number;
  readonly wrongLeader: number;
  readonly credits: number;
  /** ms, at most. */
  readonly delay: number;
}

/** mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ADDRESSES = ['a:1', 'b:1', 'c:1'];
const TRANSIENT: readonly ClientRefusalCode[] = [
  'NO_LEADER',
  'NOT_READY',
  'TRANSFERRING',
  'NO_COMMIT_IN_TERM',
  'UNCOMMITTED_LIMIT',
  'OVERLOADED',
  'STOPPED',
];

interface Wire {
  readonly id: number;
  readonly member: number;
  readonly decoder: FrameDecoder;
  isOpen: boolean;
  isGreeted: boolean;
  /** The client knows that it is not. */
  isOver: boolean;
  /** Bytes leave each end in order: nothing arrives before what was sent earlier. */
  toClientAt: number;
  toMemberAt: number;
  open: number;
}

interface ModelSession {
  firstIncomplete: number;
  readonly results: Map<number, unknown>;
}

type Write = Extract<ClientRequest, { type: 'Command' | 'Batch' }>;

export class ModelCluster implements Port {
  readonly random: () => number;
  readonly #knobs: Knobs;
  readonly #events: { at: number; order: number; run: () => void }[] = [];
  readonly #wires = new Map<number, Wire>();
  readonly #sessions = new Map<number, ModelSession>();
  /** What the client said it has: per session, the highest firstIncomplete it ever sent. */
  readonly #saidComplete = new Map<number, number>();
  #order = 0;
  #index = 0;
  #leader = 0;
  #isHealed = false;
  now = 0;
  engine!: Engine;
  /** By command: the indexes at which it was executed. */
  readonly executed = new Map<unknown, number[]>();
  /** Types of all requests received but Status. */
  readonly requests: string[] = [];
  readonly seen = {
    unknowns: 0,
    cuts: 0,
    expiries: 0,
    redirects: 0,
    duplicates: 0,
    groups: 0,
    news: 0,
  };

  constructor(knobs: Knobs) {
    this.#knobs = knobs;
    this.random = randomOf(knobs.seed);
  }

  after(delay: number, run: () => void): void {
    const event = { at: this.now + delay, order: this.#order++, run };
    let at = this.#events.length;
    while (at > 0 && this.#events[at - 1]!.at > event.at) at--;
    this.#events.splice(at, 0, event);
  }

  /** From now on everything works. */
  heal(): void {
    this.#isHealed = true;
  }

  /** One thing happens. False: nothing ever will. */
  step(): boolean {
    const event = this.#events[0];
    const deadline = this.engine.deadline(this.now);
    const at = Math.min(event?.at ?? Number.POSITIVE_INFINITY, Math.max(deadline, this.now));
    if (at === Number.POSITIVE_INFINITY) return false;
    this.now = at;
    if (event !== undefined && event.at === at) {
      this.#events.shift();
      event.run();
    }
    if (deadline <= at || this.random() < 0.1) this.engine.tick(this.now);
    // Several inputs may come in one turn.
    if (event === undefined || deadline <= at || this.random() < 0.7) this.engine.flush(this.now);
    else this.after(0, () => {});
    return true;
  }

  // --------------------------------------------------------------------------------------------------------------------- Port

  dial(connection: number, address: string): void {
    const member = ADDRESSES.indexOf(address);
    const wire: Wire = {
      id: connection,
      member,
      decoder: new FrameDecoder(),
      isOpen: true,
      isGreeted: false,
      isOver: false,
      toClientAt: 0,
      toMemberAt: 0,
      open: 0,
    };
    this.#wires.set(connection, wire);
    if (member < 0) throw new Error(`dialed ${address}`);
    this.after(this.#delay(), () => {
      if (this.#chance(this.#knobs.cut / 2)) this.#cut(wire);
      else if (wire.isOpen && !wire.isOver) this.engine.opened(connection);
    });
  }

  send(connection: number, bytes: Uint8Array): void {
    const wire = this.#wires.get(connection)!;
    if (wire.isOver) throw new Error('sent on a connection that is gone');
    this.#watchConduct(bytes);
    wire.toMemberAt = Math.max(wire.toMemberAt, this.now + this.#delay());
    // What was received before the cut is carried out; what was under way is lost.
    this.after(wire.toMemberAt - this.now, () => {
      if (wire.isOpen) this.#received(wire, bytes);
    });
    if (this.#chance(this.#knobs.cut / 8)) this.after(this.#delay(), () => this.#cut(wire));
  }

  hangUp(connection: number): void {
    const wire = this.#wires.get(connection)!;
    wire.isOver = true;
    // Bytes sent before may still arrive.
    this.after(this.#knobs.delay + 1, () => {
      wire.isOpen = false;
    });
  }

  // ------------------------------------------------------------------------------------------------------------------ members

  #received(wire: Wire, bytes: Uint8Array): void {
    for (const frame of wire.decoder.push(bytes).frames) {
      const read = readClientFrame(frame);
      if (!read.ok) throw new Error(read.reason);
      const { message } = read;
      if (message.type === 'hello') this.#greet(wire);
      else if (message.type === 'request') this.#request(wire, message.requestId, message.request);
    }
  }

  #greet(wire: Wire): void {
    const { credits } = this.#knobs;
    const leader = this.#believedLeader();
    wire.isGreeted = true;
    this.#tell(wire, {
      type: 'welcome',
      version: 1,
      clusterId: 'model',
      id: wire.member + 1,
      leader: leader + 1,
      leaderAddress: leader < 0 ? '' : ADDRESSES[leader]!,
      credits,
    });
  }

  #request(wire: Wire, requestId: number, request: ClientRequest | NodeRequest): void {
    if (request.type !== 'Status') this.requests.push(request.type);
    if (++wire.open > this.#knobs.credits) throw new Error('more requests than credits');
    const reply = (answer: ClientReply, leaderAddress = '') => {
      const tardy = this.#chance(0.01) ? Math.floor(this.random() * 3000) : 0;
      this.after(this.#delay() + tardy, () => {
        wire.open--;
        this.#tell(wire, { type: 'reply', requestId, reply: answer, reason: '', leaderAddress });
      });
    };
    if (request.type === 'Status') {
      const members = ADDRESSES.map((clientAddress) => ({ clientAddress }));
      reply({ type: 'Ok', index: this.#index, value: { configuration: { members } } });
    } else if (
      request.type === 'Watch' ||
      request.type === 'Backup' ||
      request.type === 'Entries'
    ) {
      throw new Error('nobody watches here, takes a backup or looks into a log');
    } else if (request.type === 'Query' && request.mode === 'stale') {
      reply({ type: 'Ok', index: this.#index, value: request.query });
    } else this.#atLeader(wire, request, reply);
  }

  #atLeader(
    wire: Wire,
    request: ClientRequest,
    reply: (answer: ClientReply, leaderAddress?: string) => void,
  ): void {
    this.#drift();
    if (wire.member !== this.#leader) {
      this.seen.redirects++;
      const leader = this.#believedLeader();
      const leaderAddress = leader < 0 ? '' : ADDRESSES[leader]!;
      reply({ type: 'Refused', code: 'NOT_LEADER', leader: leader + 1 }, leaderAddress);
    } else if (this.#chance(this.#knobs.refuse)) {
      const code = TRANSIENT[Math.floor(this.random() * TRANSIENT.length)]!;
      reply({ type: 'Refused', code, leader: 0 });
    } else if (this.#chance(this.#knobs.unknown)) {
      this.seen.unknowns++;
      if (this.random() < this.#knobs.late) {
        this.after(Math.floor(this.random() ** 4 * 3000), () => this.#execute(request));
      }
      reply({ type: 'Unknown', index: this.#index, term: 1 });
    } else {
      // Committed some time after it came, answered some time after that.
      this.after(this.#delay(), () => reply(this.#execute(request)));
    }
  }

  /** Faults of the cluster itself. */
  #drift(): void {
    if (this.#chance(0.02)) {
      this.#leader = Math.floor(this.random() * ADDRESSES.length);
      this.#tellNews();
    }
    if (this.#chance(this.#knobs.expire)) {
      this.seen.expiries++;
      this.#sessions.clear();
    }
    if (this.#chance(this.#knobs.cut / 10)) {
      for (const wire of this.#wires.values()) this.#cut(wire);
    }
  }

  /** Some members tell their clients, and some are wrong. */
  #tellNews(): void {
    for (const wire of this.#wires.values()) {
      if (!wire.isOpen || !wire.isGreeted || this.random() < 0.3) continue;
      const leader = this.#believedLeader();
      const leaderAddress = leader < 0 ? '' : ADDRESSES[leader]!;
      const addresses = ADDRESSES;
      this.seen.news++;
      this.#tell(wire, { type: 'cluster', leader: leader + 1, leaderAddress, addresses });
    }
  }

  #execute(request: ClientRequest): ClientReply {
    const index = ++this.#index;
    switch (request.type) {
      case 'OpenSession':
        this.#sessions.set(index, { firstIncomplete: 1, results: new Map() });
        return { type: 'Ok', index, value: index };
      case 'CloseSession':
        this.#sessions.delete(request.sessionId);
        return { type: 'Ok', index, value: null };
      case 'Command':
      case 'Batch':
        return request.sessionId === 0
          ? { type: 'Ok', index, value: this.#run(request, index) }
          : this.#once(request, index);
      case 'Query':
        return { type: 'Ok', index, value: request.query };
      default:
        return { type: 'Ok', index, value: this.#run({ command: request }, index) };
    }
  }

  /** The session table as the replicas keep it. */
  #once(request: Write, index: number): ClientReply {
    const { sessionId, sequence, firstIncomplete } = request;
    const refused = (code: ClientRefusalCode): ClientReply => ({
      type: 'Refused',
      code,
      leader: 0,
    });
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return refused('SESSION_EXPIRED');
    session.firstIncomplete = Math.max(session.firstIncomplete, firstIncomplete);
    for (const s of session.results.keys()) {
      if (s < session.firstIncomplete) session.results.delete(s);
    }
    if (sequence < session.firstIncomplete) return refused('STALE_SEQUENCE');
    const known = session.results.get(sequence);
    if (known !== undefined) {
      this.seen.duplicates++;
      return { type: 'Ok', index, value: known };
    }
    const value = this.#run(request, index);
    session.results.set(sequence, value);
    return { type: 'Ok', index, value };
  }

  #run(request: { command: unknown } | { commands: readonly unknown[] }, index: number): unknown {
    const one = (command: unknown) => {
      const name = JSON.stringify(command);
      this.executed.set(name, [...(this.executed.get(name) ?? []), index]);
      return ['did', name, index];
    };
    if ('command' in request) return one(request.command);
    if (request.commands.length > 1) this.seen.groups++;
    return request.commands.map(one);
  }

  // -------------------------------------------------------------------------------------------------------------- the network

  #tell(wire: Wire, message: ClientFrame): void {
    const bytes = encodeClient(message);
    const cutAt = Math.floor(this.random() * bytes.length);
    for (const part of [bytes.slice(0, cutAt), bytes.slice(cutAt)]) {
      wire.toClientAt = Math.max(wire.toClientAt, this.now + this.#delay());
      this.after(wire.toClientAt - this.now, () => {
        if (wire.isOpen && !wire.isOver) this.engine.received(this.now, wire.id, part);
      });
    }
    if (this.#chance(this.#knobs.cut / 8)) this.after(this.#delay(), () => this.#cut(wire));
  }

  #cut(wire: Wire): void {
    if (!wire.isOpen) return;
    this.seen.cuts++;
    wire.isOpen = false;
    // Half of the breaks are never heard of by the client.
    if (this.random() < 0.5 && !wire.isOver) {
      wire.isOver = true;
      this.engine.closed(this.now, wire.id, 'cut');
    }
  }

  #believedLeader(): number {
    if (this.#chance(this.#knobs.wrongLeader)) return Math.floor(this.random() * 4) - 1;
    return this.#leader;
  }

  /** What no client may do, whatever happens to it. */
  #watchConduct(bytes: Uint8Array): void {
    const [frame] = new FrameDecoder().push(bytes).frames;
    const read = readClientFrame(frame!);
    if (!read.ok || read.message.type !== 'request') return;
    const { request } = read.message;
    if (!('sequence' in request) || request.sessionId === 0) return;
    const { sessionId, sequence, firstIncomplete } = request;
    const said = this.#saidComplete.get(sessionId) ?? 0;
    if (sequence < said) throw new Error(`sent ${sequence} after saying ${said}`);
    if (firstIncomplete > sequence) throw new Error('asked for what it said it has');
    this.#saidComplete.set(sessionId, Math.max(said, firstIncomplete));
  }

  #delay(): number {
    return Math.floor(this.random() ** 3 * (this.#isHealed ? 5 : this.#knobs.delay));
  }

  #chance(probability: number): boolean {
    return this.random() < probability && !this.#isHealed;
  }
}

export const MODEL_ADDRESSES: readonly string[] = ADDRESSES;
