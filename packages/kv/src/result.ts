/**
 * What the built-in state machine answers and tells: objects named by `status` and `kind`, since people read them. Whatever a command is,
 * the answer is one of these and never a throw: a malformed command is a committed entry like any other, and each member must say the same.
 */
import type { BloomOptions, KvRingStrategy, KvType, KvValue } from './command.ts';

export interface KvItem {
  readonly key: string;
  /** Of a ring: its KvRing. Null for sketches: ask them. */
  readonly value: KvValue;
  /** The log index of the last modification. */
  readonly revision: number;
  /** The cluster time at which it expires, ms; null: never. */
  readonly expires: number | null;
  /** Absent: a plain value. */
  readonly type?: Exclude<KvType, 'value'>;
}

export type KvRingNode = {
  readonly id: string;
  /** In order; each vnode from 0 to size - 1 is in exactly one list, once there is a node. */
  readonly vnodes: readonly number[];
};

export type KvRing = {
  readonly size: number;
  readonly strategy: KvRingStrategy;
  /** In the order in which they were added. */
  readonly nodes: readonly KvRingNode[];
};

/** Vnodes, in order, that went from one node to another. */
export interface KvRelocation {
  readonly source: string;
  readonly destination: string;
  readonly vnodes: readonly number[];
}

export type KvResult =
  /** put, cas, bloomReserve, bloomMerge. `previous` is null unless asked for, or when there was none. */
  | { readonly status: 'stored'; readonly revision: number; readonly previous: KvItem | null }
  /** A condition (ifAbsent, ifPresent, cas, when, a ring's size, a filter's reservation) met something else; null: no such key. */
  | { readonly status: 'conflict'; readonly current: KvItem | null }
  | { readonly status: 'deleted'; readonly previous: KvItem }
  /** There is no such key. */
  | { readonly status: 'missing' }
  | { readonly status: 'found'; readonly item: KvItem }
  /** getMany: in the order asked for. */
  | { readonly status: 'items'; readonly items: readonly (KvItem | null)[] }
  /** scan. */
  | { readonly status: 'scanned'; readonly items: readonly KvItem[]; readonly more: boolean }
  /** keys: `cursor` is where to go on; 0: that was all. */
  | { readonly status: 'keys'; readonly keys: readonly string[]; readonly cursor: number }
  /** deleteMany, flush: keys that went; exists, count: keys there are; hllCount: the estimate. */
  | { readonly status: 'counted'; readonly count: number }
  /** increment: the new integer, in decimal, exact over all 64 bits. */
  | { readonly status: 'incremented'; readonly value: string; readonly revision: number }
  /** append: the new length in bytes. */
  | { readonly status: 'appended'; readonly length: number; readonly revision: number }
  /** expire, persist: the deadline from now on. persist of a key without one changes nothing, and says its old revision. */
  | { readonly status: 'lives'; readonly expires: number | null; readonly revision: number }
  | KvDescribed
  /** transact: the guards held; one result for each command. */
  | { readonly status: 'done'; readonly results: readonly KvResult[] }
  /** transact: nothing was done, since guard number `guard` found `current`. */
  | { readonly status: 'unmet'; readonly guard: number; readonly current: KvItem | null }
  /** ring, ringSize, ringAdd, ringRemove. A node added twice, or removed though it is not there, relocates nothing. */
  | {
      readonly status: 'ring';
      readonly ring: KvRing;
      readonly relocations: readonly KvRelocation[];
      readonly revision: number;
    }
  /** hllAdd, hllMerge: whether anything changed. */
  | { readonly status: 'sketched'; readonly changed: boolean }
  /** bloomAdd: whether each element was certainly not there before. */
  | { readonly status: 'added'; readonly added: readonly boolean[] }
  /** bloomHas. */
  | { readonly status: 'contained'; readonly contained: readonly boolean[] }
  | KvBloomFacts
  | KvRefused;

export interface KvDescribed {
  readonly status: 'described';
  readonly type: KvType;
  readonly revision: number;
  readonly expires: number | null;
  /** Milliseconds until it expires; null: never. */
  readonly remaining: number | null;
  /** In bytes, of a text (UTF-8) or of bytes; null: it is something else. */
  readonly length: number | null;
}

export interface KvBloomFacts {
  readonly status: 'bloom';
  readonly options: BloomOptions;
  /** What all its layers are made for together. */
  readonly capacity: number;
  /** Elements that were not there when they were added; of a union, at most so many. */
  readonly items: number;
  readonly layers: number;
  /** Of its bits. */
  readonly bytes: number;
  /** The share of strangers it claims to contain as it is filled now; at most `options.error`. */
  readonly error: number;
}

/** Nothing was changed. */
export interface KvRefused {
  readonly status: 'refused';
  readonly code: KvRefusalCode;
  readonly reason: string;
}

/**
 * BAD_COMMAND: its shape. BAD_VALUE: a value codec has no place for. WRONG_TYPE: the key holds another kind of thing. NOT_AN_INTEGER,
 * OVERFLOW: of increment. TOO_LARGE: what it would make, or answer. FULL: a Bloom filter that may not grow, or a ring's nodes.
 * MISMATCH: filters that were not reserved alike, or may grow.
 */
export type KvRefusalCode =
  | 'BAD_COMMAND'
  | 'BAD_VALUE'
  | 'WRONG_TYPE'
  | 'NOT_AN_INTEGER'
  | 'OVERFLOW'
  | 'TOO_LARGE'
  | 'FULL'
  | 'MISMATCH';

export type KvChangeKind =
  /** A value or sketch was stored, whatever the command but cas. */
  | 'put'
  | 'cas'
  /** Nothing changed: a cas found `item` where it wanted `wanted`. Only told if asked for. */
  | 'conflict'
  /** Nothing but the deadline changed. */
  | 'deadline'
  | 'delete'
  | 'expire'
  /** Every key of the namespace went at once; `key` is ''. */
  | 'flush'
  /** A ring was made or changed; see `ring`. */
  | 'ring';

/** What whoever watches is told. Shared between watchers: read only. */
export interface KvChange {
  readonly kind: KvChangeKind;
  readonly namespace: string;
  readonly key: string;
  /** What is there from now on; null: nothing. */
  readonly item: KvItem | null;
  /** What was there before; null: nothing. Only there if asked for, and never for a flush. */
  readonly previous?: KvItem | null;
  readonly wanted?: KvValue;
  readonly ring?: KvRingChange;
}

export type KvRingChange =
  | { readonly change: 'sized' }
  | {
      readonly change: 'added';
      readonly node: string;
      readonly relocations: readonly KvRelocation[];
    }
  | {
      readonly change: 'removed';
      readonly node: string;
      readonly relocations: readonly KvRelocation[];
    };
