/**
 * Clients in a world without time: each request is a step, each answer reaches its client at once, nobody waits or gives up. What they saw
 * is a history like any other.
 */
import type { Operation } from '@seedraft/check';
import type { Entry } from '@seedraft/core';
import type { Mutable } from '../client.ts';
import { historyOf, type Invocation } from '../history.ts';
import type { SimMember, Submission, Submitted } from '../member.ts';
import type { MemberView, Observer } from '../observer.ts';
import type { OperationCounts } from '../tally.ts';
import { type Intent, kvSubject } from '../workload.ts';
import type { ScheduleWorld } from './world.ts';

/** What a step asks for. */
export interface Asked {
  readonly asked: 'put' | 'get' | 'lease-get';
  readonly key: string;
  readonly ttl?: number;
}

const MODES = { put: 'write', get: 'linearizable', 'lease-get': 'lease' } as const;

/** The client of `propose n1`. */
const NOBODY = 0x7fff;

interface ScheduledClient {
  sessionId: number;
  sequence: number;
  readonly requests: Map<number, Submission>;
}

export class ScheduleClients implements Observer {
  readonly #clients = new Map<number, ScheduledClient>();
  readonly #operations: Mutable<Invocation>[] = [];
  readonly #executed = new Map<string, number>();
  readonly #applied: Entry[] = [];
  #world: ScheduleWorld | null = null;
  #position = 0;
  #proposals = 0;

  attach(world: ScheduleWorld): void {
    this.#world = world;
  }

  get counts(): OperationCounts {
    const operations = this.#operations;
    const ok = operations.filter(({ outcome }) => outcome === 'ok');
    const reads = ok.filter(({ readOnly }) => readOnly).length;
    return {
      invoked: operations.length,
      acknowledged: ok.length,
      reads,
      writes: ok.length - reads,
      failed: 0,
      info: 0,
      open: operations.length - ok.length,
    };
  }

  onApply(_member: MemberView, entry: Entry): void {
    if (entry.index > (this.#applied.at(-1)?.index ?? 0)) this.#applied.push(entry);
  }
  onSession(
    _member: MemberView,
    sessionId: number,
    sequence: number,
    kind: 'executed' | 'duplicate' | 'expired',
    index: number,
  ): void {
    const key = `${sessionId} ${sequence}`;
    if (kind === 'executed' && !this.#executed.has(key)) this.#executed.set(key, index);
  }

  openSession(client: number, timeout: number, member: SimMember): boolean {
    const request = { type: 'OpenSession', timeout } as const;
    this.#client(client);
    return this.#ask(member, { client, operation: null, attempt: 1, request });
  }

  propose(member: SimMember): boolean {
    this.#proposals += 1;
    return this.operate(NOBODY, this.#proposals, { asked: 'put', key: 'k0' }, member);
  }

  /** The same number again: the same request, sent again. */
  operate(index: number, number: number, order: Asked, member: SimMember): boolean {
    if (member.replica === null) return false;
    const client = this.#client(index);
    const before = client.requests.get(number);
    if (before !== undefined) return this.#ask(member, before);
    const submission = this.#invoke(index, client, order, member);
    client.requests.set(number, submission);
    return this.#ask(member, submission);
  }

  #invoke(
    index: number,
    client: ScheduledClient,
    { asked, key, ttl }: Asked,
    member: SimMember,
  ): Submission {
    const id = this.#operations.length + 1;
    const readOnly = asked !== 'put';
    const write = ttl === undefined ? 'put' : 'expire';
    const f = readOnly ? 'get' : write;
    const mode = MODES[asked];
    const input = readOnly ? { key } : { key, value: `<${id}>`, ...(ttl !== undefined && { ttl }) };
    // Keys that expire are outside the model.
    const intent: Intent = { f, input, readOnly, mode, isJudged: ttl === undefined };
    const inSession = !readOnly && client.sessionId > 0;
    if (inSession) client.sequence += 1;
    const { sessionId, sequence } = inSession ? client : { sessionId: 0, sequence: 0 };
    const operation: Mutable<Invocation> = {
      id,
      client: index,
      // Each of its own: a client here may ask again before it is answered.
      process: id,
      f,
      input,
      readOnly,
      mode,
      intent,
      sessionId,
      sequence,
      invokedAt: this.#now,
      member: member.id,
      index: 0,
      told: 0,
      output: undefined,
      outcome: 'open',
      completedAt: Infinity,
      invoked: this.#position,
      returned: Infinity,
    };
    this.#position += 1;
    this.#operations.push(operation);
    for (const observer of this.#observers.invoke) observer.onInvoke(operation);
    const request = kvSubject.requestFor(intent, sessionId, sequence, sequence);
    return { client: index, operation, attempt: 1, request };
  }

  answered({ submission, reply }: Submitted): void {
    if (reply.type !== 'Ok') return;
    const operation = submission.operation as Mutable<Invocation> | null;
    if (operation === null) {
      const client = this.#client(submission.client);
      client.sessionId = reply.value as number;
      client.sequence = 0;
      return;
    }
    if (operation.outcome !== 'open') return;
    operation.outcome = 'ok';
    operation.told = reply.index;
    const first = this.#executed.get(`${operation.sessionId} ${operation.sequence}`);
    operation.index = first ?? reply.index;
    operation.output = kvSubject.outputOf(operation.intent, reply.value);
    operation.completedAt = this.#now;
    operation.returned = this.#position;
    this.#position += 1;
    for (const observer of this.#observers.complete) observer.onComplete(operation);
  }

  history(): Operation[] {
    const world = this.#world as ScheduleWorld;
    const outside = this.#operations.filter(
      ({ readOnly, sessionId }) => !readOnly && sessionId === 0,
    );
    const claims = kvSubject.claimsOf(outside, this.#applied);
    return historyOf(this.#operations, world.plan, ({ id, sessionId, sequence }) =>
      sessionId > 0 ? (this.#executed.get(`${sessionId} ${sequence}`) ?? 0) : (claims.get(id) ?? 0),
    );
  }

  #ask(member: SimMember, submission: Submission): boolean {
    return (this.#world as ScheduleWorld).request(member, submission);
  }
  #client(index: number): ScheduledClient {
    const known = this.#clients.get(index) ?? { sessionId: 0, sequence: 0, requests: new Map() };
    this.#clients.set(index, known);
    return known;
  }
  get #now(): number {
    return this.#world?.now ?? 0;
  }
  get #observers() {
    return (this.#world as ScheduleWorld).observers;
  }
}
