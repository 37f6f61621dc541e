/**
 * A user's machine on probation: between the replica and the machine, so that each way of breaking the contract is named where it happens.
 * What apply and query return is frozen, so that changing it later throws at the line that does it; what cannot be carried is refused at
 * once; and a machine without a digest gets one, over its own snapshot, or S20 would be blind to it.
 *
 * It never changes what a machine that keeps the contract does.
 */
import { encode, Hash64, tryEncode } from '@seedraft/codec';
import { type ApplyContext, MachineError, type StateMachine } from '@seedraft/replica';
import { describeThrown, frozen, isFrozenWrite, OwnMistake, usersOwn } from './system.ts';

type QueryContext = Parameters<StateMachine['query']>[1];
type Digest = { readonly hi: number; readonly lo: number };

const hash = new Hash64();

/** Makes machines on probation. Throws OwnMistake when the factory fails, or gives a machine twice: members would share one state. */
export function onProbation(create: () => StateMachine): () => StateMachine {
  const given = new WeakSet<StateMachine>();
  return () => {
    const machine = usersOwn('machine()', create);
    if (typeof machine?.apply !== 'function') {
      throw new OwnMistake(
        'machine() must return a state machine: an object with apply, query, snapshot and restore',
      );
    }
    if (given.has(machine)) {
      throw new OwnMistake(
        'machine() returned the same machine twice: it must create a new one for each member',
      );
    }
    given.add(machine);
    return new Probation(machine);
  };
}

class Probation implements StateMachine {
  readonly #machine: StateMachine;
  #index = 0;
  #digest: Digest | null = null;

  constructor(machine: StateMachine) {
    this.#machine = machine;
  }

  apply(command: unknown, context: ApplyContext): unknown {
    this.#index = context.index;
    this.#digest = null;
    return this.#answer('apply', () => this.#machine.apply(command, context));
  }

  query(query: unknown, context: QueryContext): unknown {
    this.#index = 0;
    return this.#answer('query', () => this.#machine.query(query, context));
  }

  snapshot(): Iterator<unknown> {
    this.#index = 0;
    const chunks = this.#named('snapshot', () => this.#machine.snapshot());
    if (typeof chunks?.next !== 'function') {
      throw this.#error('snapshot must return an iterator over its chunks (a generator will do)');
    }
    return { next: () => this.#chunk(chunks) };
  }

  restore(chunks: Iterable<unknown>): void {
    this.#index = 0;
    this.#digest = null;
    this.#named('restore', () => this.#machine.restore(chunks));
  }

  nextDeadline(): number {
    return this.#machine.nextDeadline?.() ?? Number.POSITIVE_INFINITY;
  }

  onTime(time: number, index: number): void {
    this.#index = index;
    this.#digest = null;
    this.#named('onTime', () => this.#machine.onTime?.(time, index));
  }

  size(): number {
    return this.#machine.size?.() ?? 0;
  }

  digest(): Digest {
    if (this.#machine.digest !== undefined) return this.#ownDigest();
    this.#digest ??= this.#digestOfSnapshot();
    return this.#digest;
  }

  #ownDigest(): Digest {
    const digest = this.#named('digest', () => this.#machine.digest?.());
    if (isDigest(digest)) return digest;
    throw this.#error('digest must return { hi, lo }, two whole numbers of 32 bits');
  }

  #digestOfSnapshot(): Digest {
    const chunks = this.snapshot();
    hash.reset();
    for (let chunk = chunks.next(); !chunk.done; chunk = chunks.next()) {
      hash.bytes(encode(chunk.value));
    }
    return hash.digest();
  }

  #chunk(chunks: Iterator<unknown>): IteratorResult<unknown> {
    const chunk = this.#named('snapshot', () => chunks.next());
    if (!chunk.done) this.#assertPlain('a chunk of the snapshot', chunk.value);
    return chunk;
  }

  #answer(method: 'apply' | 'query', ask: () => unknown): unknown {
    const answer = this.#named(method, ask);
    if (answer !== undefined) this.#assertPlain(`what ${method} returned`, answer);
    return frozen(answer);
  }

  #assertPlain(what: string, value: unknown): void {
    const encoded = tryEncode(value);
    if (encoded.ok) return;
    throw this.#error(`${what} cannot be carried: ${encoded.code}: ${encoded.reason}`);
  }

  #named<T>(method: string, action: () => T): T {
    let result: T;
    try {
      result = action();
    } catch (thrown) {
      const hint = isFrozenWrite(thrown) ? CHANGED : '';
      throw this.#error(`${method} threw ${describeThrown(thrown)}${hint}`);
    }
    if (isPromise(result)) {
      throw this.#error(
        `${method} returned a promise: a machine is synchronous, or members would differ in what came first`,
      );
    }
    return result;
  }

  #error(sentence: string): MachineError {
    return new MachineError(this.#index, `the machine broke its contract: ${sentence}`);
  }
}

const CHANGED =
  '. What apply and query returned is frozen here: an answer that is changed later would reach clients changed. Return a copy';

function isDigest(digest: Digest | undefined): digest is Digest {
  return Number.isInteger(digest?.hi) && Number.isInteger(digest?.lo);
}

function isPromise(value: unknown): boolean {
  const then = (value as { then?: unknown } | null | undefined)?.then;
  return typeof then === 'function';
}
