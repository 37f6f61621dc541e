/** An engine whose members are the test itself: it sees each request as it is sent, and answers by hand, or not. */
import { type Ask, Call, Engine, type EngineOptions, type Outcome } from '@seedraft/client/engine';
import type { ClientReply } from '@seedraft/replica';
import {
  type ClientFrame,
  encodeClient,
  FrameDecoder,
  type RequestFrame,
  readClientFrame,
} from '@seedraft/wire';

export interface Sent extends RequestFrame {
  readonly connection: number;
}

export class Script {
  now = 0;
  readonly engine: Engine;
  /** Address by connection. */
  readonly dialed = new Map<number, string>();
  readonly hungUp = new Set<number>();
  /** Everything sent, but probes. */
  readonly sent: Sent[] = [];
  readonly others: ClientFrame[] = [];
  /** Members answer probes by themselves. */
  isAlive = true;
  readonly #probes: Sent[] = [];
  readonly #welcomed = new Set<number>();
  #seen = 0;

  constructor(options: Partial<EngineOptions> = {}) {
    this.engine = new Engine(
      {
        dial: (connection, address) => this.dialed.set(connection, address),
        send: (connection, bytes) => this.#onSend(connection, bytes),
        hangUp: (connection) => this.hungUp.add(connection),
      },
      {
        endpoints: ['a:1', 'b:1'],
        clusterId: '',
        name: 'test',
        token: '',
        random: () => 0,
        patience: { dial: 500, silence: 300 },
        backoff: { initial: 10, max: 300 },
        sessionTimeout: 60_000,
        maxCalls: 100,
        batching: { maxCommands: 8, maxBytes: 1000 },
        maxRequestBytes: 1_000_000,
        ...options,
      },
    );
  }

  ask(ask: Ask, timeout = 10_000): { readonly call: Call; outcome: Outcome | null } {
    const asked: { call: Call; outcome: Outcome | null } = {
      call: new Call(ask, this.now + timeout, (outcome) => {
        asked.outcome = outcome;
      }),
      outcome: null,
    };
    this.engine.ask(this.now, asked.call);
    this.turn();
    return asked;
  }

  command(command: unknown, apart: string | null = null, timeout = 10_000) {
    return this.ask({ type: 'command', command, apart }, timeout);
  }

  turn(): void {
    this.engine.tick(this.now);
    this.engine.flush(this.now);
    for (const { connection, requestId } of this.#probes.splice(0)) {
      if (this.isAlive) this.reply(connection, requestId, { type: 'Ok', index: 1, value: null });
    }
  }

  wait(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const next = this.engine.deadline(this.now);
      if (next > until) break;
      this.now = Math.max(this.now, next);
      this.turn();
    }
    this.now = until;
    this.turn();
  }

  /** The newest connection opens, and its member says that it leads, or who does. */
  welcome(leader: { id: number; address: string } | null = null, credits = 10): number {
    const connection = [...this.dialed.keys()].at(-1)!;
    this.#welcomed.add(connection);
    this.engine.opened(connection);
    this.tell(connection, {
      type: 'welcome',
      version: 1,
      clusterId: 'c',
      id: 1,
      leader: leader?.id ?? 1,
      leaderAddress: leader?.address ?? '',
      credits,
    });
    return connection;
  }

  /** A connection waits for its member's welcome. */
  get isDialing(): boolean {
    const connection = [...this.dialed.keys()].at(-1)!;
    return !this.#welcomed.has(connection) && !this.hungUp.has(connection);
  }

  /** Requests sent since last asked. */
  news(): Sent[] {
    const news = this.sent.slice(this.#seen);
    this.#seen = this.sent.length;
    return news;
  }

  /** The one request sent since last asked. */
  next(): Sent {
    const news = this.news();
    if (news.length !== 1) throw new Error(`expected one request, not ${JSON.stringify(news)}`);
    return news[0]!;
  }

  ok({ connection, requestId }: Sent, value: unknown, index = 9): void {
    this.reply(connection, requestId, { type: 'Ok', index, value });
  }

  refuse({ connection, requestId }: Sent, code: string, leaderAddress = ''): void {
    const reply = { type: 'Refused', code, leader: 0 } as ClientReply;
    this.reply(connection, requestId, reply, leaderAddress);
  }

  unknown({ connection, requestId }: Sent): void {
    this.reply(connection, requestId, { type: 'Unknown', index: 9, term: 1 });
  }

  reply(connection: number, requestId: number, reply: ClientReply, leaderAddress = ''): void {
    this.tell(connection, { type: 'reply', requestId, reply, reason: 'because', leaderAddress });
  }

  tell(connection: number, frame: ClientFrame): void {
    this.engine.received(this.now, connection, encodeClient(frame));
    this.turn();
  }

  cut(connection: number): void {
    this.engine.closed(this.now, connection, 'cut');
    this.turn();
  }

  /** A member that leads, with a session open under id 7. */
  withSession(credits = 10): number {
    const first = this.command('first');
    const connection = this.welcome(null, credits);
    this.ok(this.next(), 7);
    this.ok(this.next(), null);
    if (first.outcome?.ok !== true) throw new Error('no session');
    return connection;
  }

  #onSend(connection: number, bytes: Uint8Array): void {
    for (const frame of new FrameDecoder().push(bytes).frames) {
      const read = readClientFrame(frame);
      if (!read.ok) throw new Error(read.reason);
      const { message } = read;
      if (message.type !== 'request') this.others.push(message);
      else if (message.request.type === 'Status') this.#probes.push({ ...message, connection });
      else this.sent.push({ ...message, connection });
    }
  }
}
