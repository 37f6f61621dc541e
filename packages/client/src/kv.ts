/**
 * The built-in key-value machine as methods. Every method is one command or query of kv's README; what it may have done when it throws, the
 * error's `outcome` says. Commands of different keys asked for in the same turn travel together.
 */
import type {
  BloomOptions,
  KvBloomFacts,
  KvChange,
  KvDescribed,
  KvElement,
  KvExpectation,
  KvExpireWhen,
  KvItem,
  KvResult,
  KvRing,
  KvRingStrategy,
  KvValue,
  PutOptions,
} from '@seedraft/kv';
import type { ReadMode } from '@seedraft/replica';
import type { CallOptions, Driver } from './driver.ts';
import type { Answered } from './engine/index.ts';
import { SeedraftError } from './error.ts';
import {
  answeredAs,
  type KvConflict,
  type KvDone,
  type KvLives,
  type KvRinged,
  type KvStep,
  type KvStored,
  type KvUnmet,
  resultsOf,
  unlessMissing,
} from './kv-answers.ts';
import { Watcher } from './watch.ts';

export interface ReadOptions extends CallOptions {
  /** Default `linearizable`. `lease` if the cluster allows it; `stale`: from any member, as of its own past. */
  readonly mode?: ReadMode;
}

export interface KvPage {
  readonly items: readonly KvItem[];
  /** There are more beyond the last one. */
  readonly more: boolean;
  /** What it reflects: every change by an entry up to here. */
  readonly index: number;
}

/** What a watch yields: first, and whenever changes were missed, everything there is; then each change. */
export type KvEvent =
  /** Also when all keys of the namespace were flushed. */
  | { readonly type: 'reset'; readonly items: readonly KvItem[]; readonly index: number }
  | { readonly type: 'put'; readonly item: KvItem; readonly index: number }
  /** Deleted or expired. */
  | { readonly type: 'delete'; readonly key: string; readonly index: number };

/** Items of one page of a whole scan: small enough for a frame with values of some kilobytes. */
const PAGE = 1000;

export class Kv {
  readonly namespace: string;
  readonly #driver: Driver;

  /** By `client.kv(namespace)`. */
  constructor(driver: Driver, namespace: string) {
    this.#driver = driver;
    this.namespace = namespace;
  }

  /** `conflict` only with `ifAbsent` or `ifPresent`. */
  put(
    key: string,
    value: KvValue,
    options?: PutOptions & { readonly ifAbsent?: false; readonly ifPresent?: false } & CallOptions,
  ): Promise<KvStored>;
  put(
    key: string,
    value: KvValue,
    options: PutOptions & CallOptions,
  ): Promise<KvStored | KvConflict>;
  put(
    key: string,
    value: KvValue,
    options?: PutOptions & CallOptions,
  ): Promise<KvStored | KvConflict> {
    const own = options === undefined ? null : putOptionsOf(options);
    const command: unknown[] = ['put', this.namespace, key, value];
    if (own !== null) command.push(own);
    return this.#write(key, command, options, STORED);
  }

  /** Stores `value` only if what is there is as expected: absent, this very value, or this revision. */
  cas(
    key: string,
    expected: KvExpectation,
    value: KvValue,
    options: { readonly ttl?: number } & CallOptions = {},
  ): Promise<KvStored | KvConflict> {
    const command: unknown[] = ['cas', this.namespace, key, expected, value];
    if (options.ttl !== undefined) command.push({ ttl: options.ttl });
    return this.#write(key, command, options, STORED);
  }

  /** What was there; null: nothing. */
  delete(key: string, options?: CallOptions): Promise<KvItem | null> {
    return this.#write(key, ['delete', this.namespace, key], options, deletedOf);
  }

  /** How many of them there were. */
  deleteMany(keys: readonly string[], options?: CallOptions): Promise<number> {
    return this.#write(null, ['deleteMany', this.namespace, keys], options, countOf);
  }

  /** Every key of this namespace goes, at once. How many there were. */
  flush(options?: CallOptions): Promise<number> {
    return this.#write(null, ['flush', this.namespace], options, countOf);
  }

  get(key: string, options?: ReadOptions): Promise<KvItem | null> {
    return this.#read(['get', this.namespace, key], options, itemOf);
  }

  /** An item, or null, for each key: of one moment. */
  getMany(keys: readonly string[], options?: ReadOptions): Promise<readonly (KvItem | null)[]> {
    return this.#read(['getMany', this.namespace, keys], options, itemsOf);
  }

  /** How many of the keys there are; one named twice counts twice. */
  exists(keys: readonly string[], options?: ReadOptions): Promise<number> {
    return this.#read(['exists', this.namespace, keys], options, countOf);
  }

  /** How many keys this namespace has. */
  count(options?: ReadOptions): Promise<number> {
    return this.#read(['count', this.namespace], options, countOf);
  }

  /** Everything about a key but its value; null: there is none. What is left until it expires stands still while nobody writes. */
  describe(key: string, options?: ReadOptions): Promise<KvDescribed | null> {
    return this.#read(['describe', this.namespace, key], options, DESCRIBED);
  }

  /** Keys that begin with `prefix`, in order, beyond `after`; at most `limit` (default 1000). One consistent view. */
  scan(
    prefix = '',
    options: ReadOptions & { readonly limit?: number; readonly after?: string } = {},
  ): Promise<KvPage> {
    const { limit = PAGE, after = null } = options;
    const query = ['scan', this.namespace, prefix, limit, after];
    return this.#read(query, options, pageOf);
  }

  // -------------------------------------------------------------------------------------------------------- counters and deadlines

  /**
   * Adds to an integer of 64 bits and returns it; an absent key counts as 0, the deadline stays. NOT_AN_INTEGER: what is there is none.
   * OVERFLOW: it would be beyond 64 bits.
   */
  increment(key: string, by: number | bigint = 1, options?: CallOptions): Promise<bigint> {
    const amount = typeof by === 'bigint' ? `${by}` : by;
    return this.#write(key, ['increment', this.namespace, key, amount], options, integerOf);
  }

  /** To the end of a text or of bytes; an absent key counts as empty. Returns the new length in bytes. */
  append(key: string, tail: string | Uint8Array, options?: CallOptions): Promise<number> {
    return this.#write(key, ['append', this.namespace, key, tail], options, lengthOf);
  }

  /**
   * The key goes after `ttl` ms of cluster time, counted from now. Null: there is none. `when`: only if it has no deadline (`unset`) or one (`set`), or the new one is
   * `later` or `earlier`; otherwise a conflict.
   */
  expire(
    key: string,
    ttl: number,
    options?: CallOptions & { readonly when?: undefined },
  ): Promise<KvLives | null>;
  expire(
    key: string,
    ttl: number,
    options: CallOptions & { readonly when?: KvExpireWhen },
  ): Promise<KvLives | KvConflict | null>;
  expire(
    key: string,
    ttl: number,
    options?: CallOptions & { readonly when?: KvExpireWhen | undefined },
  ): Promise<KvLives | KvConflict | null> {
    const command: unknown[] = ['expire', this.namespace, key, ttl];
    if (options?.when !== undefined) command.push(options.when);
    return this.#write(key, command, options, LIVES_OR_NOT);
  }

  /** The key stays for ever. Null: there is none. */
  persist(key: string, options?: CallOptions): Promise<KvLives | null> {
    return this.#write(key, ['persist', this.namespace, key], options, LIVES);
  }

  // -------------------------------------------------------------------------------------------------------------------- sketches

  /** HyperLogLog: how many different elements were seen, about (0.81 % off as a rule), in 16 KiB at most. Whether anything changed. */
  hllAdd(key: string, elements: readonly KvElement[], options?: CallOptions): Promise<boolean> {
    return this.#write(key, ['hllAdd', this.namespace, key, elements], options, changedOf);
  }

  /** The estimate, of one or of the union of several; absent ones are empty. */
  hllCount(keys: string | readonly string[], options?: ReadOptions): Promise<number> {
    const all = typeof keys === 'string' ? [keys] : keys;
    return this.#read(['hllCount', this.namespace, all], options, countOf);
  }

  /** `key` becomes the union of itself and the sources. Whether anything changed. */
  hllMerge(key: string, sources: readonly string[], options?: CallOptions): Promise<boolean> {
    return this.#write(null, ['hllMerge', this.namespace, key, sources], options, changedOf);
  }

  /** A new Bloom filter; conflict: the key is there. Without it the first `bloomAdd` makes one, for 100 elements at 1 %, that grows. */
  bloomReserve(
    key: string,
    bloom: BloomOptions,
    options?: CallOptions,
  ): Promise<KvStored | KvConflict> {
    return this.#write(key, ['bloomReserve', this.namespace, key, bloom], options, STORED);
  }

  /** For each element: whether it was certainly not there before. FULL: a fixed filter has no more room. */
  bloomAdd(
    key: string,
    elements: readonly KvElement[],
    options?: CallOptions,
  ): Promise<readonly boolean[]> {
    return this.#write(key, ['bloomAdd', this.namespace, key, elements], options, addedOf);
  }

  /** For each element: it may have been added, or (false) certainly was not. */
  bloomHas(
    key: string,
    elements: readonly KvElement[],
    options?: ReadOptions,
  ): Promise<readonly boolean[]> {
    return this.#read(['bloomHas', this.namespace, key, elements], options, containedOf);
  }

  /** `key` becomes the union of itself and the sources. MISMATCH: they were not reserved alike, or may grow. */
  bloomMerge(key: string, sources: readonly string[], options?: CallOptions): Promise<KvStored> {
    const command = ['bloomMerge', this.namespace, key, sources];
    return this.#write(null, command, options, STORED_ONLY);
  }

  /** Null: there is none. */
  bloomInfo(key: string, options?: ReadOptions): Promise<KvBloomFacts | null> {
    return this.#read(['bloomInfo', this.namespace, key], options, BLOOM);
  }

  // ----------------------------------------------------------------------------------------------------------------------- rings

  /** Which node has which vnodes. Null: there is no such ring. */
  ring(name: string, options?: ReadOptions): Promise<KvRing | null> {
    return this.#read(['ring', this.namespace, name], options, ringOf);
  }

  /** A new ring of `size` vnodes (1 to 16,384), without nodes. Conflict: it is there, with another size or strategy. */
  ringSize(
    name: string,
    size: number,
    options: CallOptions & { readonly strategy?: KvRingStrategy } = {},
  ): Promise<KvRinged | KvConflict> {
    const command: unknown[] = ['ringSize', this.namespace, name, size];
    if (options.strategy !== undefined) command.push(options.strategy);
    return this.#write(name, command, options, RING_OR_NOT);
  }

  /** The vnodes that go to the new node; none if it was there. Null: the ring has no size yet. */
  ringAdd(name: string, node: string, options?: CallOptions): Promise<KvRinged | null> {
    return this.#write(name, ['ringAdd', this.namespace, name, node], options, RING);
  }

  /** The vnodes that go to the others; none if it was not there. Null: the ring has no size yet. */
  ringRemove(name: string, node: string, options?: CallOptions): Promise<KvRinged | null> {
    return this.#write(name, ['ringRemove', this.namespace, name, node], options, RING);
  }

  // -------------------------------------------------------------------------------------------------- several at once, and watches

  /**
   * All steps, in order, with nothing in between, if all guards hold (`[key, expected]`, as in `cas`); else nothing at all. A step that is refused or
   * conflicts is a result and undoes nothing.
   */
  transact(
    guards: readonly (readonly [key: string, expected: KvExpectation])[],
    steps: readonly KvStep[],
    options?: CallOptions,
  ): Promise<KvDone | KvUnmet> {
    const held = guards.map(([key, expected]) => [this.namespace, key, expected]);
    return this.#write(null, ['transact', held, this.#commands(steps)], options, TRANSACTED);
  }

  /** All steps or none, in order, with nothing in between; a result for each. A failed condition is a result and undoes nothing. */
  batch(steps: readonly KvStep[], options?: CallOptions): Promise<KvResult[]> {
    const commands = this.#commands(steps);
    return this.#driver.ask({ type: 'batch', commands }, options, resultsOf);
  }

  #commands(steps: readonly KvStep[]): readonly (readonly unknown[])[] {
    return steps.map(([name, ...rest]) => [name, this.namespace, ...rest]);
  }

  /**
   * What happens to the keys that begin with `prefix`, until the loop is left or the client closed: first a `reset` with all that is
   * there, then each change once, in order; a `reset` again whenever changes were missed.
   */
  async *watch(prefix = ''): AsyncGenerator<KvEvent, undefined> {
    for (;;) {
      const watcher = new Watcher(this.#driver, ['watch', this.namespace, prefix]);
      try {
        const first = await watcher.next();
        if (first.done) return undefined;
        const whole = await this.#whole(prefix);
        yield { type: 'reset', items: whole.items, index: whole.index };
        for await (const { index, value } of watcher) {
          const { kind, key, item } = value as KvChange;
          if (kind === 'flush') {
            yield { type: 'reset', items: whole.since(index), index };
            continue;
          }
          if (index <= whole.index && whole.covers(key, index)) continue;
          yield item === null ? { type: 'delete', key, index } : { type: 'put', item, index };
        }
        return undefined;
      } catch (thrown) {
        const code = thrown instanceof SeedraftError ? thrown.code : null;
        if (code === 'CLOSED') return undefined;
        if (code !== 'WATCH_LOST') throw thrown;
      } finally {
        await watcher.return();
      }
    }
  }

  /**
   * Page by page, each at its own index: `covers` says which changes are in it already, `since` gives the items that were read at this
   * index or later.
   */
  async #whole(prefix: string) {
    const items: KvItem[] = [];
    const pages: { readonly last: string; readonly index: number }[] = [];
    let after: string | null = null;
    for (;;) {
      const page = await this.scan(prefix, after === null ? {} : { after });
      for (const item of page.items) items.push(item);
      if (!page.more) {
        const indexOf = (key: string) => pages.find(({ last }) => key <= last)?.index ?? page.index;
        const covers = (key: string, index: number) => index <= indexOf(key);
        const since = (index: number) => items.filter(({ key }) => index <= indexOf(key));
        return { items, index: page.index, covers, since };
      }
      after = page.items.at(-1)!.key;
      pages.push({ last: after, index: page.index });
    }
  }

  /** `key`: all that it touches; null: more than one. */
  #write<T>(
    key: string | null,
    command: readonly unknown[],
    options: CallOptions | undefined,
    read: (answer: Answered) => T,
  ): Promise<T> {
    const apart = key === null ? null : `${this.namespace}\u0000${key}`;
    return this.#driver.ask({ type: 'command', command, apart }, options, read);
  }

  #read<T>(
    query: readonly unknown[],
    options: ReadOptions | undefined,
    read: (answer: Answered) => T,
  ): Promise<T> {
    const mode = options?.mode ?? 'linearizable';
    return this.#driver.ask({ type: 'query', mode, query }, options, read);
  }
}

const PUT_OPTIONS = ['ttl', 'keepTtl', 'ifAbsent', 'ifPresent', 'previous', 'anyType'] as const;

/** Those that the machine has to know; null: none. */
function putOptionsOf(options: PutOptions): PutOptions | null {
  const given = PUT_OPTIONS.filter((name) => options[name] !== undefined);
  if (given.length === 0) return null;
  return Object.fromEntries(given.map((name) => [name, options[name]]));
}

// ------------------------------------------------------------------------------------------------------------------------ answers

const STORED = answeredAs('stored', 'conflict');
const STORED_ONLY = answeredAs('stored');
const DESCRIBED = unlessMissing('described');
const LIVES = unlessMissing('lives');
const LIVES_OR_NOT = unlessMissing('lives', 'conflict');
const BLOOM = unlessMissing('bloom');
const RING = unlessMissing('ring');
const RING_OR_NOT = answeredAs('ring', 'conflict');
const TRANSACTED = answeredAs('done', 'unmet');
const DELETED = unlessMissing('deleted');
const FOUND = unlessMissing('found');
const SCANNED = answeredAs('scanned');
const COUNTED = answeredAs('counted');
const ITEMS = answeredAs('items');
const INCREMENTED = answeredAs('incremented');
const APPENDED = answeredAs('appended');
const SKETCHED = answeredAs('sketched');
const ADDED = answeredAs('added');
const CONTAINED = answeredAs('contained');

const deletedOf = (answer: Answered) => DELETED(answer)?.previous ?? null;
const itemOf = (answer: Answered) => FOUND(answer)?.item ?? null;
const itemsOf = (answer: Answered) => ITEMS(answer).items;
const countOf = (answer: Answered) => COUNTED(answer).count;
const integerOf = (answer: Answered) => BigInt(INCREMENTED(answer).value);
const lengthOf = (answer: Answered) => APPENDED(answer).length;
const changedOf = (answer: Answered) => SKETCHED(answer).changed;
const addedOf = (answer: Answered) => ADDED(answer).added;
const containedOf = (answer: Answered) => CONTAINED(answer).contained;
const ringOf = (answer: Answered) => RING(answer)?.ring ?? null;

function pageOf(answer: Answered): KvPage {
  const { items, more } = SCANNED(answer);
  return { items, more, index: answer.index };
}
