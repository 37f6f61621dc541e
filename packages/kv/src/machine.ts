/**
 * The built-in replicated state machine behind replica's port: which command is carried out where, all-or-nothing transactions, and refusals
 * as answers.
 *
 * Kept: deterministic (nothing but the command, the log index and cluster time is looked at); nothing expires but in `onTime`, so a read at an
 * index gives the same on every member; whatever a command is, it is answered with a value, and refused ones change nothing; values never
 * alias a client's.
 */
import type { ApplyContext, StateMachine } from '@seedraft/replica';
import { Answers } from './answers.ts';
import type { KvCommand, KvQuery, KvTransact } from './command.ts';
import { Keyspace } from './keyspace.ts';
import { answer } from './reads.ts';
import { Refusal } from './refusal.ts';
import type { KvResult } from './result.ts';
import { changeRing, sizeRing } from './rings.ts';
import { commandFlaw, isWatch, queryFlaw } from './shape.ts';
import * as sketches from './sketches.ts';
import { CHUNK_BYTES } from './snapshot.ts';
import { meets } from './value.ts';
import type { Notify } from './watchers.ts';
import * as writes from './writes.ts';

export interface KvOptions {
  /** A snapshot's chunk is closed once it holds this many bytes of keys and values. Default 64 KiB. */
  readonly chunkBytes?: number;
}

export class KvMachine implements StateMachine {
  readonly #chunkBytes: number;
  readonly #keys = new Keyspace();
  readonly #answers = new Answers();

  constructor(options: KvOptions = {}) {
    this.#chunkBytes = options.chunkBytes ?? CHUNK_BYTES;
  }

  /** `command` should be a KvCommand; whatever it is, the answer is a KvResult. */
  apply(command: unknown, context: ApplyContext): KvResult {
    const flaw = commandFlaw(command);
    if (flaw !== null) return flaw;
    const answers = this.#answers.forEntry(context.index);
    return this.#carryOut(command as KvCommand, { keys: this.#keys, answers, context });
  }

  /** `query` should be a KvQuery; whatever it is, the answer is a KvResult. `time`: cluster time, for what is left until a deadline. */
  query(query: unknown, { time }: { readonly time: number } = { time: 0 }): KvResult {
    const flaw = queryFlaw(query);
    if (flaw !== null) return flaw;
    const reading = { keys: this.#keys, answers: this.#answers.forQuery(), time };
    return orRefused(() => answer(query as KvQuery, reading));
  }

  /** Read it to its end, or `return()` it: until then changes are recorded for it. */
  snapshot(): Iterator<unknown> {
    return this.#keys.snapshot(this.#chunkBytes);
  }

  /** A snapshot that is still being read goes on over the state it froze. */
  restore(chunks: Iterable<unknown>): void {
    this.#keys.restore(chunks);
  }

  /** `query` should be a KvWatch; the changes are KvChanges. */
  watch(query: unknown, notify: Notify): (() => void) | null {
    if (!isWatch(query)) return null;
    return this.#keys.watchers.add(query[1], query[2], query[3] ?? {}, notify);
  }

  nextDeadline(): number {
    return this.#keys.nextDeadline;
  }

  onTime(time: number, index: number): void {
    this.#keys.expire(time, index);
  }

  digest(): { readonly hi: number; readonly lo: number } {
    return this.#keys.digest();
  }

  size(): number {
    return this.#keys.size;
  }

  #carryOut(command: KvCommand, bench: writes.Bench): KvResult {
    return orRefused(() =>
      command[0] === 'transact' ? this.#transact(command, bench) : carryOut(command, bench),
    );
  }

  /** Nothing comes between the guards and the commands: they are one entry. */
  #transact([, guards, commands]: KvTransact, bench: writes.Bench): KvResult {
    for (const [guard, [namespace, key, expected]] of guards.entries()) {
      const current = this.#keys.find(namespace, key);
      if (meets(current, expected)) continue;
      return { status: 'unmet', guard, current: bench.answers.itemOrNull(current) };
    }
    return { status: 'done', results: commands.map((command) => this.#carryOut(command, bench)) };
  }
}

/** What throws anything but a Refusal is a broken invariant, and stops the member. */
function orRefused(action: () => KvResult): KvResult {
  try {
    return action();
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown.answer;
    throw thrown;
  }
}

function carryOut(command: Exclude<KvCommand, KvTransact>, bench: writes.Bench): KvResult {
  switch (command[0]) {
    case 'put':
      return writes.put(command, bench);
    case 'cas':
      return writes.cas(command, bench);
    case 'delete':
      return writes.remove(command, bench);
    case 'deleteMany':
      return writes.removeMany(command, bench);
    case 'flush':
      return writes.flush(command, bench);
    case 'increment':
      return writes.increment(command, bench);
    case 'append':
      return writes.append(command, bench);
    case 'expire':
      return writes.expire(command, bench);
    case 'persist':
      return writes.persist(command, bench);
    case 'ringSize':
      return sizeRing(command, bench);
    case 'ringAdd':
    case 'ringRemove':
      return changeRing(command, bench);
    case 'hllAdd':
      return sketches.addToSketch(command, bench);
    case 'hllMerge':
      return sketches.mergeSketches(command, bench);
    case 'bloomReserve':
      return sketches.reserveBloom(command, bench);
    case 'bloomAdd':
      return sketches.addToFilter(command, bench);
    case 'bloomMerge':
      return sketches.mergeFilters(command, bench);
    default:
      return answer(command, { ...bench, time: bench.context.time });
  }
}
