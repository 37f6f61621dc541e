/**
 * The door of one member, over its own `request`: followers pass commands on and read through the leader (both are the core's), and what an
 * election, an overload or a lost answer brings about is waited out here, within the bound. A write is repeated only under its session and
 * sequence. The rule behind at most once: a submission that was refused had no effect; after one that is Unknown the request is in doubt until an Ok, and a
 * later refusal does not clear it.
 */
import type { ClientRefusalCode, ClientReply, ClientRequest } from '@seedraft/replica';
import type { MemberStatus } from '@seedraft/wire';
import {
  type Door,
  type DoorHost,
  type DoorLimits,
  type DoorOptions,
  type DoorRequest,
  defaultDoorLimits,
} from './door.ts';
import { DoorSession, SESSION_TIMEOUT } from './door-session.ts';
import { SharedEntries, type Write } from './shared-entry.ts';

type Refused = Extract<ClientReply, { type: 'Refused' }>;

/** What passes with time: an election, a handover, back-pressure. */
const PASSING: ReadonlySet<ClientRefusalCode> = new Set<ClientRefusalCode>([
  'NOT_LEADER',
  'NO_LEADER',
  'NOT_READY',
  'TOO_MANY_HOPS',
  'TRANSFERRING',
  'NO_COMMIT_IN_TERM',
  'UNCOMMITTED_LIMIT',
  'LOG_LIMIT',
  'NO_SPACE',
  'OVERLOADED',
]);

const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 100;

/** How long one ask may go on. */
class Patience {
  readonly until: number;
  readonly #leaderless: number;
  #leaderlessSince = Number.POSITIVE_INFINITY;
  #pause = FIRST_PAUSE_MS;

  constructor({ within, leaderless }: DoorLimits) {
    this.until = performance.now() + within;
    this.#leaderless = leaderless;
  }

  /** After a reply that may be another one later. False: it has lasted long enough. */
  async wait(isLeaderKnown: boolean): Promise<boolean> {
    const now = performance.now();
    if (isLeaderKnown) this.#leaderlessSince = Number.POSITIVE_INFINITY;
    else this.#leaderlessSince = Math.min(this.#leaderlessSince, now);
    const end = Math.min(this.until, this.#leaderlessSince + this.#leaderless);
    if (now >= end) return false;
    const pause = Math.min(this.#pause, end - now);
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE_MS);
    await new Promise((resolve) => setTimeout(resolve, pause));
    return true;
  }
}

export class MemberDoor implements Door {
  readonly #host: DoorHost;
  readonly #limits: DoorLimits;
  readonly #leaderAsk: DoorOptions['askLeader'];
  readonly #entries = new SharedEntries((write) => this.#write(write, new Patience(this.#limits)));
  #session: DoorSession | null = null;
  #opening: Promise<DoorSession | ClientReply> | null = null;
  #open = 0;

  constructor(host: DoorHost, { askLeader, ...limits }: DoorOptions = {}) {
    this.#host = host;
    this.#leaderAsk = askLeader;
    this.#limits = { ...defaultDoorLimits, ...limits };
  }

  status(): MemberStatus {
    return this.#host.status();
  }

  watch(
    query: unknown,
    notify: (index: number, change: unknown) => void,
    onLost: () => void,
  ): (() => void) | null {
    return this.#host.watch(query, notify, onLost);
  }

  onChange(notify: (role: MemberStatus['role']) => void): () => void {
    return this.#host.onChange(notify);
  }

  async ask(request: DoorRequest): Promise<ClientReply> {
    if (this.#open >= this.#limits.maxOpen) return this.#refused('OVERLOADED');
    this.#open += 1;
    try {
      const patience = new Patience(this.#limits);
      switch (request.type) {
        case 'Command':
        case 'Batch':
          return await this.#entries.ask(request);
        case 'Query':
        case 'Snapshot':
          return await this.#repeat(request, patience, (asked) => this.#host.request(asked));
        default:
          return await this.#repeat(request, patience, (asked) => this.#askLeader(asked, patience));
      }
    } finally {
      this.#open -= 1;
    }
  }

  /** What may be asked again after a refusal; never after an Unknown. */
  async #repeat(
    request: ClientRequest,
    patience: Patience,
    send: (request: ClientRequest) => Promise<ClientReply>,
  ): Promise<ClientReply> {
    const isRead = request.type === 'Query';
    for (;;) {
      const reply = await this.#within(patience, isRead, send(request));
      if (reply.type !== 'Refused' || !PASSING.has(reply.code)) return reply;
      if (!(await patience.wait(this.#knowsLeader()))) return reply;
    }
  }

  async #write(request: Write, patience: Patience): Promise<ClientReply> {
    let doubt: ClientReply | null = null;
    let session: DoorSession | null = null;
    let sequence = 0;
    try {
      for (;;) {
        if (sequence === 0) {
          const found = await this.#sessionBy(patience);
          session = found instanceof DoorSession ? found : null;
          sequence = session?.take() ?? 0;
          if (session === null || sequence === 0) {
            const refusal = session === null ? (found as Refused) : this.#refused('OVERLOADED');
            if (!PASSING.has(refusal.code)) return refusal;
            if (!(await patience.wait(this.#knowsLeader()))) return refusal;
            continue;
          }
        }
        const reply = await this.#submit(request, session!, sequence, patience);
        if (reply.type === 'Ok') return reply;
        if (reply.type === 'Unknown') doubt = reply;
        else if (reply.code === 'SESSION_EXPIRED') {
          if (this.#session === session) this.#session = null;
          if (doubt !== null) return doubt;
          // Nothing was done under it, nor ever will be: begin anew.
          sequence = 0;
          continue;
        } else if (!PASSING.has(reply.code)) return doubt ?? reply;
        if (!(await patience.wait(this.#knowsLeader()))) return doubt ?? reply;
      }
    } finally {
      if (sequence > 0) session!.done(sequence);
    }
  }

  async #submit(
    request: Write,
    session: DoorSession,
    sequence: number,
    patience: Patience,
  ): Promise<ClientReply> {
    const { id: sessionId, firstIncomplete } = session;
    const asked: ClientRequest = { ...request, sessionId, sequence, firstIncomplete };
    const reply = await this.#within(patience, false, this.#host.request(asked));
    if (reply.type === 'Ok') session.usedAt = performance.now();
    return reply;
  }

  /** One opening serves all who wait for a session. */
  async #sessionBy(patience: Patience): Promise<DoorSession | ClientReply> {
    const session = this.#session;
    if (session !== null && !session.isStale(performance.now())) return session;
    this.#opening ??= this.#openSession();
    return this.#within<DoorSession | ClientReply>(patience, true, this.#opening);
  }

  async #openSession(): Promise<DoorSession | ClientReply> {
    try {
      const reply = await this.#host.request({ type: 'OpenSession', timeout: SESSION_TIMEOUT });
      // One that was opened without our hearing of it expires by itself.
      if (reply.type !== 'Ok') return reply.type === 'Unknown' ? this.#refused('NOT_READY') : reply;
      this.#session = new DoorSession(reply.index, performance.now());
      return this.#session;
    } finally {
      this.#opening = null;
    }
  }

  #askLeader(request: ClientRequest, patience: Patience): Promise<ClientReply> {
    const { id, leader } = this.#host.status();
    if (leader === id || leader === 0 || this.#leaderAsk === undefined) {
      return this.#host.request(request);
    }
    return this.#leaderAsk(request, Math.max(1, patience.until - performance.now()));
  }

  /** The reply, or at the end of patience what can be said without it. `isHarmless`: whatever becomes of it has no effect. */
  async #within<T>(
    patience: Patience,
    isHarmless: boolean,
    work: Promise<T>,
  ): Promise<T | ClientReply> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<ClientReply>((resolve) => {
      const left = Math.max(0, patience.until - performance.now());
      timer = setTimeout(() => {
        const code = this.#knowsLeader() ? 'NOT_READY' : 'NO_LEADER';
        resolve(isHarmless ? this.#refused(code) : { type: 'Unknown', index: 0, term: 0 });
      }, left);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #knowsLeader(): boolean {
    return this.#host.status().leader !== 0;
  }

  #refused(code: ClientRefusalCode): Refused {
    return { type: 'Refused', code, leader: this.#host.status().leader };
  }
}
