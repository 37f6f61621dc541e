/**
 * Client processes: each asks for one operation at a time, follows leader hints, gives up, retries an unknown outcome only under a
 * session, and at times sends a request twice. What it knows at the end is one of: ok, fail (certainly nothing happened), info (for
 * ever unknown). They act at arrival times drawn in advance, so a slow answer does not thin out the load by more than its own wait.
 */
import type { Operation } from '@seedraft/check';
import type { Entry, MemberId } from '@seedraft/core';
import { type ClientReply, type ClientRequest, sentence } from '@seedraft/replica';
import { EventKind } from './choices.ts';
import type { Client, Mutable } from './client.ts';
import type { ClientsDoor } from './engine.ts';
import { clusterTimes, historyOf, type Invocation } from './history.ts';
import { CLIENT_BASE } from './link.ts';
import type { Submission, Submitted } from './member.ts';
import type { ClientOperation, MemberView, Micros, Observer } from './observer.ts';
import { OwnMistake } from './own/system.ts';
import { Pace } from './pace.ts';
import { type Completion, markOf, type OperationCounts, Tally } from './tally.ts';
import type { Intent, Subject } from './workload.ts';
import type { World } from './world.ts';

export class Clients implements ClientsDoor, Observer {
  readonly #world: World;
  readonly #subject: Subject;
  readonly #clients: Client[] = [];
  readonly #operations: Mutable<Invocation>[] = [];
  readonly #pace: Pace;
  readonly #tally: Tally;
  #retired = false;
  #fresh = 0;
  #appliedTo = 0;
  /** Where each command of a session first ran: a duplicate is answered at a later index. */
  readonly #executed = new Map<number, number>();
  /** Entries in the order of their index, as first applied anywhere. */
  readonly #applied: Entry[] = [];

  constructor(world: World, subject: Subject) {
    this.#world = world;
    this.#subject = subject;
    const { kind, clients, rate } = world.plan.workload;
    const active = kind !== 'none' && rate > 0;
    this.#pace = new Pace(world, clients, active ? rate : 0);
    this.#tally = new Tally(clients);
    for (let index = 0; active && index < clients; index += 1) this.#add(index, null);
  }

  get counts(): OperationCounts {
    return this.#tally.counts;
  }

  get operations(): readonly Invocation[] {
    return this.#operations;
  }

  // An Observer too: the system's own claims about operations whose clients never learned their fate.

  onSession(
    _member: MemberView,
    sessionId: number,
    sequence: number,
    kind: 'executed' | 'duplicate' | 'expired',
    index: number,
  ): void {
    if (kind !== 'executed') return;
    const key = sessionKey(sessionId, sequence);
    if (!this.#executed.has(key)) this.#executed.set(key, index);
  }

  onApply(_member: MemberView, entry: Entry): void {
    if (entry.index > this.#appliedTo) {
      this.#appliedTo = entry.index;
      this.#applied.push(entry);
    }
  }

  /** What operations came to, for the judge of histories. */
  history(): Operation[] {
    const outside = this.#operations.filter(
      ({ readOnly, sessionId, outcome }) => !readOnly && sessionId === 0 && outcome !== 'fail',
    );
    const claims = this.#subject.claimsOf(outside, this.#applied);
    const claimOf = ({ id, sessionId, sequence }: Invocation): number =>
      sessionId > 0
        ? (this.#executed.get(sessionKey(sessionId, sequence)) ?? 0)
        : (claims.get(id) ?? 0);
    const timeOf = this.#subject.timed ? clusterTimes(this.#applied) : null;
    return historyOf(this.#operations, this.#world.plan, claimOf, timeOf);
  }

  start(): void {
    for (const client of this.#clients) this.#pace.awaitArrival(client);
  }

  #add(index: number, core: readonly MemberId[] | null): Client {
    const { plan, randomness } = this.#world;
    const choice = randomness.stream('client.choice', index);
    const hasSession = core === null && !choice.chance(plan.workload.sessionless);
    const isReader =
      core === null && randomness.stream('client.reader', index).chance(plan.workload.readers);
    const client: Client = {
      index,
      workload: this.#subject.client(plan, randomness, index, { hasSession, isReader }),
      arrival: randomness.stream('client.arrival', index),
      choice,
      isReader,
      sessionId: 0,
      opening: false,
      sequence: 0,
      target: 1 + choice.below(plan.members.length),
      intent: null,
      operation: null,
      request: null,
      attempt: 0,
      doubts: 0,
      doubled: false,
      giveUpAt: Infinity,
      backingOff: false,
      nextArrival: 0,
      token: 0,
      process: index,
      core,
      agenda: [],
    };
    this.#clients[index] = client;
    return client;
  }

  // -------------------------------------------------------------------------------------------------------------------- timing

  wake(index: number, token: number): void {
    const client = this.#clients[index] as Client;
    if (token !== client.token) return;
    const endpoint = CLIENT_BASE + index;
    if (client.request === null) {
      if (this.#retired) return;
      this.#world.executed(EventKind.ClientInvoke, endpoint, 0, client.sequence);
      this.#begin(client);
    } else if (client.backingOff) {
      this.#world.executed(EventKind.ClientInvoke, endpoint, client.target, client.attempt);
      this.#submit(client);
    } else {
      this.#world.executed(EventKind.ClientTimeout, endpoint, client.target, client.attempt);
      if (!this.#isPatient(client)) client.target = this.#anotherMember(client);
      this.#inDoubt(client);
    }
  }

  #idle(client: Client): void {
    client.intent = null;
    client.operation = null;
    client.request = null;
    client.opening = false;
    if (client.core === null && !this.#retired) {
      this.#pace.awaitArrival(client);
      return;
    }
    this.#pace.silence(client);
    if (client.core !== null) this.#askNext(client);
  }

  /** Sets the rate, in ppm of the planned one; returns its undoing. */
  tune(ratePpm: number): () => void {
    return this.#pace.tune(ratePpm, () => {
      if (this.#retired) return [];
      return this.#clients.filter(({ request, core }) => request === null && core === null);
    });
  }

  /** Nothing is invoked any more; what is open still ends. */
  retire(): void {
    this.#retired = true;
  }

  // ----------------------------------------------------------------------------------------------------------------- operations

  #begin(client: Client): void {
    const { timeout, retries } = this.#world.plan.workload;
    client.attempt = 0;
    client.doubts = 0;
    client.doubled = false;
    client.giveUpAt = this.#world.now + timeout * (retries + 2);
    if (client.workload.hasSession && client.sessionId === 0) {
      client.opening = true;
      const milliseconds = Math.ceil(this.#world.plan.workload.sessionTimeout / 1000);
      client.request = { type: 'OpenSession', timeout: milliseconds };
      this.#submit(client);
      return;
    }
    const id = this.#operations.length + 1;
    const intent = client.workload.next(id);
    if (intent === null) {
      this.#idle(client);
      return;
    }
    this.#invoke(client, id, intent);
  }

  #invoke(client: Client, id: number, intent: Intent): void {
    const write = !intent.readOnly;
    if (write) client.sequence += 1;
    const inSession = write && client.sessionId > 0;
    const operation: Mutable<Invocation> = {
      id,
      client: client.index,
      process: client.process,
      f: intent.f,
      input: intent.input,
      readOnly: intent.readOnly,
      mode: intent.mode,
      intent,
      sessionId: inSession ? client.sessionId : 0,
      sequence: inSession ? client.sequence : 0,
      invokedAt: this.#world.now,
      member: client.target,
      index: 0,
      told: 0,
      output: undefined,
      outcome: 'open',
      completedAt: Infinity,
      invoked: this.#tally.begin(),
      returned: Infinity,
    };
    this.#operations.push(operation);
    client.intent = intent;
    client.operation = operation;
    const { sessionId, sequence } = operation;
    client.request = this.#subject.requestFor(intent, sessionId, sequence, sequence);
    for (const observer of this.#world.observers.invoke) observer.onInvoke(operation);
    this.#submit(client);
  }

  #submit(client: Client): void {
    const { workload } = this.#world.plan;
    client.backingOff = false;
    client.attempt += 1;
    if (client.operation !== null) client.operation.member = client.target;
    const submission: Submission = {
      client: client.index,
      operation: client.operation,
      attempt: client.attempt,
      request: client.request as ClientRequest,
    };
    this.#world.network.sendRequest(client.index, client.target, submission);
    const twice = client.operation !== null && client.operation.sessionId > 0;
    if (twice && workload.duplicates > 0 && client.choice.chance(workload.duplicates)) {
      client.doubled = true;
      const to = client.choice.chance(500_000) ? client.target : this.#anotherMember(client);
      this.#world.network.sendRequest(client.index, to, submission);
    }
    const patience = client.core === null ? workload.timeout : this.#heartbeat();
    this.#pace.wakeAt(client, this.#world.now + patience);
  }

  answered(index: number, { submission, reply }: Submitted): void {
    const client = this.#clients[index] as Client;
    const { operation } = submission;
    // An answer to something it no longer waits for.
    if (operation !== client.operation || client.request === null) return;
    if (operation === null && (!client.opening || submission.attempt !== client.attempt)) return;
    if (reply.type === 'Ok') {
      if (operation === null) {
        this.#opened(client, reply.value as number);
        return;
      }
      this.#complete(
        client,
        'ok',
        reply.index,
        this.#subject.outputOf(client.intent as Intent, reply.value),
      );
      return;
    }
    // Only the latest attempt decides what to do next; what an earlier one failed to do changes nothing.
    if (submission.attempt !== client.attempt || client.backingOff) return;
    if (reply.type === 'Unknown') this.#inDoubt(client);
    else this.#refused(client, reply);
  }

  #opened(client: Client, sessionId: number): void {
    client.sessionId = sessionId;
    client.sequence = 0;
    client.request = null;
    client.opening = false;
    // The operation it wanted a session for comes at once.
    this.#pace.wakeAt(client, this.#world.now);
  }

  /** Nothing happened and nothing will come of this attempt. */
  #refused(client: Client, reply: Extract<ClientReply, { type: 'Refused' }>): void {
    if (reply.code === 'SESSION_EXPIRED' || reply.code === 'STALE_SEQUENCE') {
      client.sessionId = 0;
      this.#giveUp(client);
      return;
    }
    if (reply.code === 'BAD_REQUEST' || reply.code === 'MACHINE_ERROR') {
      const asked = `a client's ${JSON.stringify(client.request)} was refused`;
      const isOwn = this.#world.plan.workload.kind === 'own';
      throw isOwn ? new OwnMistake(`${asked}: ${sentence(reply.code)}`) : new Error(asked);
    }
    if (reply.code === 'LEASE_DISABLED' || this.#world.now >= client.giveUpAt) {
      this.#giveUp(client);
      return;
    }
    const hinted = reply.leader !== 0 && reply.leader !== client.target;
    client.target = hinted ? reply.leader : this.#anotherMember(client);
    const wait = hinted ? client.choice.below(2_000) : client.choice.between(10_000, 100_000);
    this.#pace.backOff(client, client.core === null ? wait : this.#heartbeat());
  }

  /** This attempt may have taken effect, or may yet. */
  #inDoubt(client: Client): void {
    const { operation } = client;
    client.doubts += 1;
    if (client.core === null) {
      const mayRetry = operation === null || operation.readOnly || operation.sessionId > 0;
      const exhausted = client.doubts > this.#world.plan.workload.retries;
      if (!mayRetry || exhausted || this.#world.now >= client.giveUpAt) {
        this.#giveUp(client);
        return;
      }
    }
    this.#pace.backOff(
      client,
      client.core === null ? client.choice.below(20_000) : this.#heartbeat(),
    );
  }

  #giveUp(client: Client): void {
    const { operation } = client;
    if (operation === null) {
      this.#idle(client);
      return;
    }
    // A read that was never answered constrains nothing; a write that was refused each time did not happen.
    const nothing = operation.readOnly || (client.doubts === 0 && !client.doubled);
    this.#complete(client, nothing ? 'fail' : 'info', 0, undefined);
  }

  #complete(client: Client, outcome: Completion, index: number, output: unknown): void {
    const operation = client.operation as Mutable<Invocation>;
    const executed = this.#executed.get(sessionKey(operation.sessionId, operation.sequence));
    operation.told = index;
    operation.index = executed ?? index;
    operation.output = output;
    operation.completedAt = this.#world.now;
    this.#tally.end(operation, outcome);
    if (outcome === 'ok') client.workload.learn(operation.f, operation.input, output);
    else if (outcome === 'info') client.process = this.#tally.newProcess();
    this.#world.choices.mix(markOf(operation.id, outcome));
    this.#world.choices.mix(index | 0);
    for (const observer of this.#world.observers.complete) observer.onComplete(operation);
    this.#idle(client);
  }

  // --------------------------------------------------------------------------------------------------------------------- whom to ask

  #anotherMember(client: Client): MemberId {
    const ids = client.core ?? this.#world.committedConfiguration.members.map(({ id }) => id);
    const others = ids.filter((id) => id !== client.target);
    if (others.length === 0) return client.target;
    return others[client.choice.below(others.length)] as MemberId;
  }

  #isPatient({ isReader, choice }: Client): boolean {
    return isReader && choice.chance(750_000);
  }

  #heartbeat(): Micros {
    return this.#world.plan.raft.heartbeatInterval * 1000;
  }

  // The liveness phase (liveness.ts): clients that ask only the core and never give up.

  submitFresh(core: readonly MemberId[], first: MemberId): ClientOperation {
    const id = this.#operations.length + 1;
    this.#assign(core, first, [this.#subject.fresh(id, this.#world.plan)]);
    return this.#operations[id - 1] as Invocation;
  }

  /** Returns how many are left. */
  readBack(core: readonly MemberId[], first: MemberId, keys: readonly string[]): () => number {
    const reads = this.#subject.readsBack(this.#operations);
    const client = this.#assign(
      core,
      first,
      keys.map((key) => reads.get(key) as Intent),
    );
    return () => client.agenda.length + (client.operation === null ? 0 : 1);
  }

  /** Names of the reads that show what the run's writes left, in the order of first use. */
  writtenKeys(): readonly string[] {
    return [...this.#subject.readsBack(this.#operations).keys()];
  }

  #assign(core: readonly MemberId[], first: MemberId, agenda: readonly Intent[]): Client {
    const index = this.#world.plan.workload.clients + this.#fresh;
    this.#fresh += 1;
    for (const { id } of this.#world.members) this.#world.network.addClient(index, id);
    const client = this.#add(index, core);
    client.process = this.#tally.newProcess();
    client.target = first;
    client.agenda.push(...agenda);
    this.#askNext(client);
    return client;
  }

  #askNext(client: Client): void {
    const intent = client.agenda.shift();
    if (intent === undefined) return;
    const id = this.#operations.length + 1;
    this.#world.executed(EventKind.ClientInvoke, CLIENT_BASE + client.index, client.target, id);
    client.attempt = 0;
    this.#invoke(client, id, intent);
  }

  /** At the end of a run: how many operations are open. */
  finish(): void {
    this.#tally.finish(this.#operations);
  }
}

function sessionKey(sessionId: number, sequence: number): number {
  return sessionId * 0x1000000 + sequence;
}
