/**
 * The built-in replicated state machine: namespaces that isolate, put, get, delete, cas and scan, expiry by cluster time.
 *
 * Kept: deterministic (nothing but the command, the log index and cluster time is looked at); nothing expires but in `onTime`, so a read at an
 * index gives the same on every member; a malformed command is answered with a value and changes nothing; values never alias a client's.
 */
import { decodeOrThrow, type Refused, tryEncode } from '@seedraft/codec';
import type { ApplyContext, StateMachine } from '@seedraft/replica';
import type {
  KvCas,
  KvCommand,
  KvDelete,
  KvExpectation,
  KvGet,
  KvPut,
  KvScan,
  KvValue,
} from './command.ts';
import { ExpiryQueue } from './expiry.ts';
import type { KvItem, KvRefused, KvResult } from './result.ts';
import { commandFlaw, isWatch, queryFlaw } from './shape.ts';
import { CHUNK_BYTES, ChunkIterator, restoreTable } from './snapshot.ts';
import { type Entry, Table } from './table.ts';
import { type Notify, Watchers } from './watchers.ts';

const MISSING: KvResult = Object.freeze({ status: 'missing' });

export interface KvOptions {
  /** A snapshot's chunk is closed once it holds this many bytes of keys and values. Default 64 KiB. */
  readonly chunkBytes?: number;
}

export class KvMachine implements StateMachine {
  readonly #chunkBytes: number;
  readonly #watchers = new Watchers();
  #table = new Table();
  #expiry = new ExpiryQueue();

  constructor(options: KvOptions = {}) {
    this.#chunkBytes = options.chunkBytes ?? CHUNK_BYTES;
  }

  /** `command` should be a KvCommand; whatever it is, the answer is a KvResult. */
  apply(command: unknown, context: ApplyContext): KvResult {
    const flaw = commandFlaw(command);
    if (flaw !== null) return flaw;
    const valid = command as KvCommand;
    switch (valid[0]) {
      case 'put':
        return this.#put(valid, context);
      case 'cas':
        return this.#cas(valid, context);
      case 'delete':
        return this.#delete(valid, context);
      default:
        return this.#answer(valid as KvGet | KvScan);
    }
  }

  /** `query` should be a KvQuery; whatever it is, the answer is a KvResult. */
  query(query: unknown): KvResult {
    return queryFlaw(query) ?? this.#answer(query as KvGet | KvScan);
  }

  /** Read it to its end, or `return()` it: until then changes are recorded for it. */
  snapshot(): Iterator<unknown> {
    return new ChunkIterator(this.#table.freeze(), this.#chunkBytes);
  }

  /** A snapshot that is still being read goes on over the state it froze. */
  restore(chunks: Iterable<unknown>): void {
    const table = restoreTable(chunks);
    const expiry = new ExpiryQueue();
    const version = table.freeze();
    for (let next = version.next(); !next.done; next = version.next()) {
      if (next.value.expires !== Number.POSITIVE_INFINITY) expiry.add(next.value);
    }
    this.#table = table;
    this.#expiry = expiry;
    this.#watchers.clear();
  }

  /** `query` should be a KvWatch; the changes are KvChanges. */
  watch(query: unknown, notify: Notify): (() => void) | null {
    return isWatch(query) ? this.#watchers.add(query[1], query[2], notify) : null;
  }

  nextDeadline(): number {
    return this.#expiry.first()?.expires ?? Number.POSITIVE_INFINITY;
  }

  /** A key is there up to its deadline, and gone at it. */
  onTime(time: number, index: number): void {
    for (
      let due = this.#expiry.first();
      due !== null && due.expires <= time;
      due = this.#expiry.first()
    ) {
      this.#remove(due, index);
    }
  }

  digest(): { readonly hi: number; readonly lo: number } {
    return this.#table.digest();
  }

  size(): number {
    return this.#table.size;
  }

  #put(command: KvPut, context: ApplyContext): KvResult {
    const [, namespace, key, value, options] = command;
    if (options === undefined) return this.#store(namespace, key, value, undefined, context, null);
    const old = this.#table.get(namespace, key);
    if (options.ifAbsent === true && old !== undefined) {
      return { status: 'conflict', current: itemOf(old) };
    }
    const previous = options.previous === true && old !== undefined ? itemOf(old) : null;
    return this.#store(namespace, key, value, options.ttl, context, previous);
  }

  #cas(command: KvCas, context: ApplyContext): KvResult {
    const [, namespace, key, expected, value, options] = command;
    const current = this.#table.get(namespace, key);
    const holds = meets(current, expected);
    if (typeof holds !== 'boolean') return holds;
    if (!holds) {
      return { status: 'conflict', current: current === undefined ? null : itemOf(current) };
    }
    return this.#store(namespace, key, value, options?.ttl, context, null);
  }

  #delete(command: KvDelete, context: ApplyContext): KvResult {
    const entry = this.#table.get(command[1], command[2]);
    if (entry === undefined) return MISSING;
    this.#remove(entry, context.index);
    return { status: 'deleted', previous: itemOf(entry) };
  }

  #answer(query: KvGet | KvScan): KvResult {
    if (query[0] === 'scan') return this.#scan(query);
    const entry = this.#table.get(query[1], query[2]);
    return entry === undefined ? MISSING : { status: 'found', item: itemOf(entry) };
  }

  #scan(query: KvScan): KvResult {
    const [, namespace, prefix, limit, after] = query;
    const keys = this.#table.keys(namespace);
    const items: KvItem[] = [];
    // From the first key that is neither before the prefix nor up to `after`.
    let at = firstFrom(keys, after !== null && after > prefix ? after : prefix);
    if (keys[at] === after) at++;
    for (; at < keys.length && keys[at]!.startsWith(prefix); at++) {
      if (items.length === limit) return { status: 'scanned', items, more: true };
      items.push(itemOf(this.#table.get(namespace, keys[at]!)!));
    }
    return { status: 'scanned', items, more: false };
  }

  #remove(entry: Entry, index: number): void {
    this.#table.remove(entry);
    if (this.#watchers.isEmpty) return;
    this.#watchers.tell(index, entry.namespace.name, entry.key, null);
  }

  #store(
    namespace: string,
    key: string,
    value: KvValue,
    ttl: number | undefined,
    context: ApplyContext,
    previous: KvItem | null,
  ): KvResult {
    const encoded = tryEncode(value);
    if (!encoded.ok) return badValue(encoded);
    const expires = ttl === undefined ? Number.POSITIVE_INFINITY : context.time + ttl;
    if (ttl !== undefined && !Number.isSafeInteger(expires)) return TTL_TOO_FAR;
    const entry = this.#table.put(namespace, key, encoded.bytes, context.index, expires);
    if (ttl !== undefined) this.#expiry.add(entry);
    if (!this.#watchers.isEmpty) this.#watchers.tell(context.index, namespace, key, itemOf(entry));
    // In the codec's order of keys, as in itemOf: results are remembered as bytes on every member, and need no sorting then.
    return { status: 'stored', previous, revision: context.index };
  }
}

const TTL_TOO_FAR: KvRefused = Object.freeze({
  status: 'refused',
  code: 'BAD_COMMAND',
  reason: 'ttl reaches beyond the last millisecond there is',
});

function badValue({ code, reason }: Refused): KvRefused {
  return { status: 'refused', code: 'BAD_VALUE', reason: `${code}: ${reason}` };
}

function itemOf(entry: Entry): KvItem {
  return {
    key: entry.key,
    value: decodeOrThrow(entry.bytes) as KvValue,
    expires: entry.expires === Number.POSITIVE_INFINITY ? null : entry.expires,
    revision: entry.revision,
  };
}

/** Whether the state is the expected one. Values are compared by their canonical bytes, which is deep equality. */
function meets(current: Entry | undefined, expected: KvExpectation): boolean | KvRefused {
  switch (expected[0]) {
    case 'absent':
      return current === undefined;
    case 'revision':
      return current?.revision === expected[1];
    case 'value': {
      const wanted = tryEncode(expected[1]);
      if (!wanted.ok) return badValue(wanted);
      return current !== undefined && sameBytes(current.bytes, wanted.bytes);
    }
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The place of the first key >= `key`. */
function firstFrom(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
