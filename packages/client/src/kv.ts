/**
 * The built-in key-value machine as methods. Every method is one command or query of kv's README; what it may have done when it throws, the
 * error's `outcome` says. Commands of different keys asked for in the same turn travel together.
 */
import type { KvChange, KvExpectation, KvItem, KvResult, KvValue, PutOptions } from '@seedraft/kv';
import type { ReadMode } from '@seedraft/replica';
import type { CallOptions, Driver } from './driver.ts';
import type { Answered } from './engine/index.ts';
import { SeedraftError } from './error.ts';
import { Watcher } from './watch.ts';

export interface ReadOptions extends CallOptions {
  /** Default `linearizable`. `lease` if the cluster allows it; `stale`: from any member, as of its own past. */
  readonly mode?: ReadMode;
}

export type KvStored = Extract<KvResult, { readonly status: 'stored' }>;
export type KvConflict = Extract<KvResult, { readonly status: 'conflict' }>;

/** One step of a batch, without the namespace: it is this face's. */
export type KvStep =
  | readonly ['put', key: string, value: KvValue, options?: PutOptions]
  | readonly [
      'cas',
      key: string,
      expected: KvExpectation,
      value: KvValue,
      options?: { readonly ttl?: number },
    ]
  | readonly ['delete', key: string]
  | readonly ['get', key: string];

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

  /** `conflict` only with `ifAbsent`. */
  put(
    key: string,
    value: KvValue,
    options?: PutOptions & { readonly ifAbsent?: false } & CallOptions,
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
    return this.#write(key, command, options, storedOf);
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
    return this.#write(key, command, options, storedOf);
  }

  /** What was there; null: nothing. */
  delete(key: string, options?: CallOptions): Promise<KvItem | null> {
    return this.#write(key, ['delete', this.namespace, key], options, deletedOf);
  }

  get(key: string, options?: ReadOptions): Promise<KvItem | null> {
    return this.#read(['get', this.namespace, key], options, itemOf);
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

  /** All steps or none, in order, with nothing in between; a result for each. A failed condition is a result and undoes nothing. */
  batch(steps: readonly KvStep[], options?: CallOptions): Promise<KvResult[]> {
    const commands = steps.map(([name, ...rest]) => [name, this.namespace, ...rest]);
    return this.#driver.ask({ type: 'batch', commands }, options, resultsOf);
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

  #write<T>(
    key: string,
    command: readonly unknown[],
    options: CallOptions | undefined,
    read: (answer: Answered) => T,
  ): Promise<T> {
    const apart = `${this.namespace}\u0000${key}`;
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

/** Null: none that the machine would have to know. */
function putOptionsOf({ ttl, ifAbsent, previous }: PutOptions): PutOptions | null {
  if (ttl === undefined && ifAbsent === undefined && previous === undefined) return null;
  return {
    ...(ttl !== undefined && { ttl }),
    ...(ifAbsent !== undefined && { ifAbsent }),
    ...(previous !== undefined && { previous }),
  };
}

function resultOf({ value }: Answered): KvResult {
  const result = value as KvResult;
  if (result.status !== 'refused') return result;
  throw new SeedraftError(result.code, `${result.code}: ${result.reason}`, 'not applied');
}

function resultsOf({ value }: Answered): KvResult[] {
  return value as KvResult[];
}

function storedOf(answer: Answered): KvStored | KvConflict {
  return resultOf(answer) as KvStored | KvConflict;
}

function deletedOf(answer: Answered): KvItem | null {
  const result = resultOf(answer);
  return result.status === 'deleted' ? result.previous : null;
}

function itemOf(answer: Answered): KvItem | null {
  const result = resultOf(answer);
  return result.status === 'found' ? result.item : null;
}

function pageOf(answer: Answered): KvPage {
  const result = resultOf(answer);
  if (result.status === 'scanned') {
    return { items: result.items, more: result.more, index: answer.index };
  }
  const reason = `BAD_REPLY: the machine answered ${result.status}; is it the built-in one?`;
  throw new SeedraftError('BAD_REPLY', reason, 'not applied');
}
