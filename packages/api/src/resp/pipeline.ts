/**
 * Commands that came together, carried out in order with as few rounds as that allows: from the first write to the last they are one entry, reads
 * between them included; of reads alone, the first confirms that this member is up to date and the others read what it has. That is linearizable,
 * for all of them had been sent when the first began, and nobody sees time go backwards, for one member's state does not. Kept: one reply for each
 * command, in order; once the cluster cannot be asked, what follows is refused at once instead of being waited for again; for who is gone nothing more
 * is carried out.
 */
import type { KvCommand, KvResult } from '@seedraft/kv';
import type { ClientReply } from '@seedraft/replica';
import type { DoorRequest } from '../door.ts';
import { bytesIn, dispatch } from './dispatch.ts';
import { failureOf, isAboutCluster, NOT_TRIED } from './door-failure.ts';
import { type Plan, said } from './plan.ts';
import { bytesOfReply, Failure, type Reply, type RespVersion } from './reply.ts';
import type { Arguments } from './request-parser.ts';
import type { RedisSession } from './session.ts';

export interface ReplySink {
  write(reply: Reply, version: RespVersion): void;
  /** So much waits to be taken that what comes next had better come singly. */
  readonly isLaden: boolean;
  /** Resolves when the client has taken enough of what waits for it; false: it is gone, and takes nothing more. */
  room(): Promise<boolean>;
}

interface Step {
  readonly plan: Plan;
  /** As the session was when it was planned. */
  readonly version: RespVersion;
  readonly readsStale: boolean;
}

/** Reads at a time, of small answers: each may bring as much as an answer holds. */
const READS_AT_ONCE = 16;
/** Of the commands of one entry, and of what is answered without asking anybody, about. */
const MAX_ENTRY_BYTES = 1024 * 1024;

export class Pipeline {
  readonly #session: RedisSession;
  readonly #sink: ReplySink;
  /** This member's state is no older than the commands that are carried out. */
  #isFresh = false;
  #failure: Failure | null = null;

  constructor(session: RedisSession, sink: ReplySink) {
    this.#session = session;
    this.#sink = sink;
  }

  async run(commands: readonly Arguments[]): Promise<void> {
    this.#isFresh = false;
    this.#failure = null;
    let steps: Step[] = [];
    let bytes = 0;
    for (const args of commands) {
      const plan = dispatch(args, this.#session);
      const { version, readsStale } = this.#session;
      steps.push({ plan, version, readsStale });
      bytes += bytesIn(args) + (plan.kind === 'answer' ? bytesOfReply(plan.reply) : 0);
      if (this.#session.isOver) break;
      const settles = plan.kind !== 'answer' && plan.settles;
      if (!settles && bytes < MAX_ENTRY_BYTES) continue;
      if (!(await this.#settle(steps))) return;
      steps = [];
      bytes = 0;
    }
    await this.#settle(steps);
  }

  /** False: the client is gone. */
  async #settle(steps: readonly Step[]): Promise<boolean> {
    const first = steps.findIndex(({ plan }) => plan.kind === 'write');
    const last = steps.findLastIndex(({ plan }) => plan.kind === 'write');
    const isThere = await this.#read(first < 0 ? steps : steps.slice(0, first));
    if (first < 0 || !isThere) return isThere;
    if (!(await this.#write(steps.slice(first, last + 1)))) return false;
    return await this.#read(steps.slice(last + 1));
  }

  async #read(steps: readonly Step[]): Promise<boolean> {
    let most = 1;
    for (let at = 0; at < steps.length; ) {
      const together = [steps[at]!];
      while (together.length < most && this.#readsHere(steps[at + together.length])) {
        together.push(steps[at + together.length]!);
      }
      const replies = await Promise.all(together.map((step) => this.#ask(step)));
      for (const [i, { version }] of together.entries()) this.#sink.write(replies[i]!, version);
      most = this.#sink.isLaden ? 1 : Math.min(2 * most, READS_AT_ONCE);
      if (!(await this.#sink.room())) return false;
      at += together.length;
    }
    return true;
  }

  #readsHere(step: Step | undefined): boolean {
    return step !== undefined && (this.#isFresh || step.readsStale);
  }

  async #ask(step: Step): Promise<Reply> {
    const { plan } = step;
    if (plan.kind === 'answer') return plan.reply;
    const results: KvResult[] = [];
    for (const query of plan.commands) {
      if (this.#failure !== null) return this.#failure;
      const mode = this.#readsHere(step) ? 'stale' : 'linearizable';
      const reply = await this.#door({ type: 'Query', mode, query });
      if (reply instanceof Failure) return reply;
      this.#isFresh ||= mode === 'linearizable';
      results.push(reply.value as KvResult);
    }
    return said(plan, results);
  }

  async #write(steps: readonly Step[]): Promise<boolean> {
    const all = steps.flatMap(({ plan }): readonly KvCommand[] => commandsOf(plan));
    const reply = this.#failure ?? (await this.#enter(all));
    let at = 0;
    for (const { plan, version } of steps) {
      const from = at;
      at += commandsOf(plan).length;
      const isRefused = reply instanceof Failure && plan.kind !== 'answer';
      const results = reply instanceof Failure ? [] : reply.slice(from, at);
      this.#sink.write(isRefused ? reply : said(plan, results), version);
    }
    return await this.#sink.room();
  }

  async #enter(commands: readonly KvCommand[]): Promise<readonly KvResult[] | Failure> {
    const [only] = commands;
    const isOne = commands.length === 1;
    const reply = await this.#door(
      isOne ? { type: 'Command', command: only } : { type: 'Batch', commands },
    );
    if (reply instanceof Failure) return reply;
    // Whoever wrote here reads it here: the answer came when this member had applied it.
    this.#isFresh = true;
    return isOne ? [reply.value as KvResult] : (reply.value as readonly KvResult[]);
  }

  async #door(request: DoorRequest): Promise<Extract<ClientReply, { type: 'Ok' }> | Failure> {
    const { door } = this.#session.server.context;
    const reply = await door.ask(request);
    if (reply.type === 'Ok') return reply;
    const failure = failureOf(reply, door.status());
    if (isAboutCluster(reply)) this.#failure = reply.type === 'Unknown' ? NOT_TRIED : failure;
    return failure;
  }
}

function commandsOf(plan: Plan): readonly KvCommand[] {
  return plan.kind === 'answer' ? [] : plan.commands;
}
