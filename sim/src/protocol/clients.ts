/**
 * The clients of a protocol: each asks one thing at a time, turns elsewhere when it is refused, asks again after silence if the operation may
 * be repeated, and else never learns what became of it. They know no sessions: a protocol that bears repetition does it by operation number.
 */
import type { Operation } from '@seedraft/check';
import { EventKind } from '../choices.ts';
import type { Mutable } from '../client.ts';
import type { ClientsDoor } from '../engine.ts';
import { CLIENT_BASE } from '../link.ts';
import type { Micros } from '../observer.ts';
import { frozen, OwnMistake, usersOwn } from '../own/system.ts';
import { WorkloadDraw } from '../own/workload.ts';
import { Pace } from '../pace.ts';
import type { Stream } from '../random.ts';
import { type Completion, markOf, type OperationCounts, Tally } from '../tally.ts';
import { assertPlain } from './contract.ts';
import type { Answered, Submission } from './member.ts';
import type { ProtocolClient, ProtocolOperation } from './protocol.ts';
import type { Invocation } from './witness.ts';
import type { ProtocolWorld } from './world.ts';

interface Client {
  readonly index: number;
  readonly draw: WorkloadDraw;
  readonly arrival: Stream;
  readonly choice: Stream;
  user: ProtocolClient | null;
  operation: Mutable<Invocation> | null;
  asked: ProtocolOperation | null;
  /** The id of the member it asks. */
  target: number;
  attempt: number;
  /** Attempts that ended in not knowing. */
  doubts: number;
  giveUpAt: Micros;
  backingOff: boolean;
  nextArrival: Micros;
  token: number;
  /** A new one after each info: a process of unknown fate does nothing more. */
  process: number;
}

export class ProtocolClients implements ClientsDoor {
  readonly #world: ProtocolWorld;
  readonly #clients: Client[] = [];
  readonly #operations: Mutable<Invocation>[] = [];
  readonly #pace: Pace;
  readonly #tally: Tally;

  constructor(world: ProtocolWorld) {
    this.#world = world;
    const { clients, rate } = world.plan.workload;
    this.#pace = new Pace(world, clients, rate);
    this.#tally = new Tally(clients);
    for (let index = 0; rate > 0 && index < clients; index += 1) this.#add(index);
  }

  get counts(): OperationCounts {
    return this.#tally.counts;
  }

  #add(index: number): void {
    const { randomness, plan, members } = this.#world;
    const choice = randomness.stream('client.choice', index);
    this.#clients.push({
      index,
      draw: new WorkloadDraw(randomness.stream('client.own', index), index, plan.workload),
      arrival: randomness.stream('client.arrival', index),
      choice,
      user: null,
      operation: null,
      asked: null,
      target: 1 + choice.below(members.length),
      attempt: 0,
      doubts: 0,
      giveUpAt: Infinity,
      backingOff: false,
      nextArrival: 0,
      token: 0,
      process: index,
    });
  }

  start(): void {
    for (const client of this.#clients) this.#idle(client);
  }

  /** What is judged: what was answered, and what may have happened. */
  history(): Operation[] {
    return this.#operations
      .filter(({ outcome, readOnly }) => outcome === 'ok' || (outcome !== 'fail' && !readOnly))
      .map(({ process, f, input, output, outcome, invoked, returned }) => ({
        process,
        f,
        input,
        output: outcome === 'ok' ? output : undefined,
        invoked,
        returned: outcome === 'ok' ? returned : Infinity,
      }));
  }

  /** Has an operation that began at or after `since` been answered? */
  answeredSince(since: Micros): boolean {
    for (let n = this.#operations.length - 1; n >= 0; n -= 1) {
      const { invokedAt, outcome } = this.#operations[n] as Invocation;
      if (invokedAt < since) return false;
      if (outcome === 'ok') return true;
    }
    return false;
  }

  /** At the end of a run: how many operations are open. */
  finish(): void {
    this.#tally.finish(this.#operations);
  }

  // -------------------------------------------------------------------------------------------------------------------- timing

  wake(index: number, token: number): void {
    const client = this.#clients[index] as Client;
    if (token !== client.token) return;
    const world = this.#world;
    const endpoint = CLIENT_BASE + index;
    if (client.operation === null) {
      world.executed(EventKind.ClientInvoke, endpoint, 0, this.#operations.length + 1);
      this.#begin(client);
    } else if (client.backingOff) {
      world.executed(EventKind.ClientInvoke, endpoint, client.target, client.attempt);
      this.#submit(client);
    } else {
      world.executed(EventKind.ClientTimeout, endpoint, client.target, client.attempt);
      this.#inDoubt(client);
    }
  }

  #idle(client: Client): void {
    client.operation = null;
    client.asked = null;
    this.#pace.awaitArrival(client);
  }

  /** Sets the rate, in ppm of the planned one; returns its undoing. */
  tune(ratePpm: number): () => void {
    return this.#pace.tune(ratePpm, () =>
      this.#clients.filter(({ operation }) => operation === null),
    );
  }

  // ----------------------------------------------------------------------------------------------------------------- operations

  #begin(client: Client): void {
    const { timeout, retries } = this.#world.plan.workload;
    const id = this.#operations.length + 1;
    const asked = this.#next(client, id);
    const readOnly = asked.readOnly === true;
    const operation: Mutable<Invocation> = {
      id,
      client: `c${client.index}`,
      process: client.process,
      f: asked.f,
      input: frozen(asked.input ?? null),
      readOnly,
      invokedAt: this.#world.now,
      invoked: this.#tally.begin(),
      returned: Infinity,
      outcome: 'open',
      output: undefined,
    };
    this.#operations.push(operation);
    client.operation = operation;
    client.asked = asked;
    client.attempt = 0;
    client.doubts = 0;
    client.giveUpAt = this.#world.now + timeout * (retries + 2);
    if (asked.to !== undefined) client.target = this.#idOf(asked.to, asked.f);
    this.#world.witness?.onInvoke(operation);
    this.#world.checked({ type: 'invoke', operation });
    this.#submit(client);
  }

  #next(client: Client, id: number): ProtocolOperation {
    const { protocol } = this.#world;
    client.draw.id = id;
    return usersOwn('next of the workload', () => {
      client.user ??= protocol.workload(client.index);
      const asked = client.user.next(client.draw);
      if (typeof asked?.f !== 'string') {
        throw new OwnMistake(
          "next of the workload must return an operation: { f: 'write', input: ... }",
        );
      }
      assertPlain(`the input of ${asked.f}`, asked.input ?? null);
      return asked;
    });
  }

  #idOf(name: string, f: string): number {
    const { names } = this.#world;
    const place = names.indexOf(name);
    if (place >= 0) return place + 1;
    throw new OwnMistake(`${f} is asked of ${name}; there are ${names.join(', ')}`);
  }

  #submit(client: Client): void {
    const { id, f, input } = client.operation as Invocation;
    client.backingOff = false;
    client.attempt += 1;
    const { index, attempt } = client;
    const submission: Submission = { client: index, operation: id, attempt, f, input };
    this.#world.network.sendRequest(index, client.target, submission);
    this.#pace.wakeAt(client, this.#world.now + this.#world.plan.workload.timeout);
  }

  answered(index: number, answered: unknown): void {
    const client = this.#clients[index] as Client;
    const { submission, reply } = answered as Answered;
    // An answer to something it no longer waits for.
    if (client.operation === null || submission.operation !== client.operation.id) return;
    if ('output' in reply) {
      this.#complete(client, 'ok', reply.output);
    } else if (submission.attempt === client.attempt && !client.backingOff) {
      this.#refused(client, reply.ask);
    }
  }

  /** Nothing happened and nothing will come of this attempt. */
  #refused(client: Client, ask: string | undefined): void {
    if (this.#isSpent(client, client.attempt)) {
      this.#giveUp(client);
      return;
    }
    const hinted = ask === undefined ? -1 : this.#world.names.indexOf(ask);
    client.target = hinted >= 0 ? hinted + 1 : this.#another(client);
    this.#pace.backOff(client, client.choice.between(5_000, 50_000));
  }

  /** This attempt may have taken effect, or may yet. */
  #inDoubt(client: Client): void {
    client.doubts += 1;
    const { readOnly, retry } = client.asked as ProtocolOperation;
    const mayRepeat = readOnly === true || retry === true;
    const isSpent = this.#isSpent(client, client.doubts);
    client.target = this.#another(client);
    if (mayRepeat && !isSpent) this.#pace.backOff(client, client.choice.below(20_000));
    else this.#giveUp(client);
  }

  #isSpent({ giveUpAt }: Client, attempts: number): boolean {
    return attempts > this.#world.plan.workload.retries || this.#world.now >= giveUpAt;
  }

  /** Whatever they wait for, they give up and begin anew: a world in which everything is healed is asked afresh. */
  renew(): void {
    this.#pace.reset();
    for (const client of this.#clients) {
      client.nextArrival = this.#world.now;
      if (client.operation === null) this.#idle(client);
      else {
        client.doubts += 1;
        this.#giveUp(client);
      }
    }
  }

  #giveUp(client: Client): void {
    const { readOnly } = client.operation as Invocation;
    this.#complete(client, readOnly || client.doubts === 0 ? 'fail' : 'info', undefined);
  }

  #complete(client: Client, outcome: Completion, output: unknown): void {
    const world = this.#world;
    const operation = client.operation as Mutable<Invocation>;
    operation.output = output;
    this.#tally.end(operation, outcome);
    if (outcome === 'ok') {
      const { f, input } = operation;
      usersOwn('learn of the workload', () => client.user?.learn?.({ f, input }, output));
    } else if (outcome === 'info') client.process = this.#tally.newProcess();
    world.choices.mix(markOf(operation.id, outcome));
    world.witness?.onComplete(operation);
    world.checked({ type: 'complete', operation });
    this.#idle(client);
  }

  #another({ target, choice }: Client): number {
    const { length } = this.#world.members;
    if (length === 1) return 1;
    const other = 1 + choice.below(length - 1);
    return other < target ? other : other + 1;
  }
}
