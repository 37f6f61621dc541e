/**
 * The built-in key-value machine as methods. Every method is one command or query of kv's README; what it may have done when it throws, the
 * error's `outcome` says. Commands of different keys asked for in the same turn travel together.
 */
import type { KvExpectation, KvItem, KvResult, KvValue, PutOptions } from '@seedraft/kv';
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

/** What a watch yields: first, and whenever changes were missed, everything there is; then each change. */
export type KvEvent =
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
  async put(
    key: string,
    value: KvValue,
    options: PutOptions & CallOptions = {},
  ): Promise<KvStored | KvConflict> {
    const { timeout: _, signal: __, ...own } = options;
    const command = ['put', this.namespace, key, value];
    if (hasAny(own)) command.push(own as KvValue);
    return (await this.#write(key, command, options)) as KvStored | KvConflict;
  }

  /** Stores `value` only if what is there is as expected: absent, this very value, or this revision. */
  async cas(
    key: string,
    expected: KvExpectation,
    value: KvValue,
    options: { readonly ttl?: number } & CallOptions = {},
  ): Promise<KvStored | KvConflict> {
    const command: unknown[] = ['cas', this.namespace, key, expected, value];
    if (options.ttl !== undefined) command.push({ ttl: options.ttl });
    return (await this.#write(key, command, options)) as KvStored | KvConflict;
  }

  /** What was there; null: nothing. */
  async delete(key: string, options?: CallOptions): Promise<KvItem | null> {
    const result = await this.#write(key, ['delete', this.namespace, key], options);
    return result.status === 'deleted' ? result.previous : null;
  }

  async get(key: string, options?: ReadOptions): Promise<KvItem | null> {
    const { result } = await this.#read(['get', this.namespace, key], options);
    return result.status === 'found' ? result.item : null;
  }

  /** Keys that begin with `prefix`, in order, beyond `after`; at most `limit` (default 1000). One consistent view. */
  async scan(
    prefix = '',
    options: ReadOptions & { readonly limit?: number; readonly after?: string } = {},
  ): Promise<{
    readonly items: readonly KvItem[];
    readonly more: boolean;
    readonly index: number;
  }> {
    const { limit = PAGE, after = null } = options;
    const query = ['scan', this.namespace, prefix, limit, after];
    const { result, index } = await this.#read(query, options);
    if (result.status !== 'scanned') throw unexpected(result);
    return { items: result.items, more: result.more, index };
  }

  /** All steps or none, in order, with nothing in between; a result for each. A failed condition is a result and undoes nothing. */
  async batch(steps: readonly KvStep[], options?: CallOptions): Promise<KvResult[]> {
    const commands = steps.map(([name, ...rest]) => [name, this.namespace, ...rest]);
    const answer = await this.#driver.ask({ type: 'batch', commands }, options);
    return answer.value as KvResult[];
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
          const { key, item } = value as { readonly key: string; readonly item: KvItem | null };
          if (index <= whole.index && whole.covers(key, index)) continue;
          yield item === null ? { type: 'delete', key, index } : { type: 'put', item, index };
        }
        return undefined;
      } catch (thrown) {
        if (!(thrown instanceof SeedraftError) || thrown.code !== 'WATCH_LOST') throw thrown;
      } finally {
        await watcher.return();
      }
    }
  }

  /** Page by page, each at its own index: `covers` says which changes are in it already. */
  async #whole(prefix: string) {
    const items: KvItem[] = [];
    const pages: { readonly last: string; readonly index: number }[] = [];
    let after: string | null = null;
    for (;;) {
      const page = await this.scan(prefix, after === null ? {} : { after });
      for (const item of page.items) items.push(item);
      if (!page.more) {
        const covers = (key: string, index: number) =>
          index <= (pages.find(({ last }) => key <= last)?.index ?? page.index);
        return { items, index: page.index, covers };
      }
      after = page.items.at(-1)!.key;
      pages.push({ last: after, index: page.index });
    }
  }

  async #write(
    key: string,
    command: readonly unknown[],
    options: CallOptions | undefined,
  ): Promise<KvResult> {
    const apart = `${this.namespace}\u0000${key}`;
    const answer = await this.#driver.ask({ type: 'command', command, apart }, options);
    return resultOf(answer);
  }

  async #read(query: readonly unknown[], options: ReadOptions | undefined) {
    const mode = options?.mode ?? 'linearizable';
    const answer = await this.#driver.ask({ type: 'query', mode, query }, options);
    return { result: resultOf(answer), index: answer.index };
  }
}

function hasAny(options: object): boolean {
  for (const _ in options) return true;
  return false;
}

function resultOf({ value }: Answered): KvResult {
  const result = value as KvResult;
  if (result.status !== 'refused') return result;
  throw new SeedraftError(result.code, `${result.code}: ${result.reason}`, 'not applied');
}

function unexpected({ status }: KvResult): SeedraftError {
  const reason = `BAD_REPLY: the machine answered ${status}; is it the built-in one?`;
  return new SeedraftError('BAD_REPLY', reason, 'not applied');
}
