/**
 * What the built-in state machine can be told, asked and asked to watch. Commands and queries are tuples, since every byte of them is
 * replicated; builders.ts spares counting positions, result.ts says what is answered, shape.ts what is malformed.
 *
 * A key holds a plain value, a ring, a HyperLogLog or a Bloom filter. A command meant for one kind over a key of another is refused
 * (WRONG_TYPE) and changes nothing; `delete`, `expire`, `persist` and conditions of presence and revision know no kinds.
 */

/** What can be stored: codec's data model. */
export type KvValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly KvValue[]
  | { readonly [key: string]: KvValue };

/** What a key holds. */
export type KvType = 'value' | 'ring' | 'hyperloglog' | 'bloom';

export interface PutOptions {
  /** Expire after this many milliseconds of cluster time; > 0. Absent: never. Every put sets it anew. */
  readonly ttl?: number;
  /** The deadline stays as it is; not together with `ttl`. */
  readonly keepTtl?: boolean;
  /** Only if the key does not exist. */
  readonly ifAbsent?: boolean;
  /** Only if the key exists; not together with `ifAbsent`. */
  readonly ifPresent?: boolean;
  /** Bring the previous item along in the result. */
  readonly previous?: boolean;
  /** Whatever the key holds is replaced; without it, only a plain value is. */
  readonly anyType?: boolean;
}

/** What must hold for a cas or a transaction: no such key, a deep-equal plain value, or the very version last seen. */
export type KvExpectation =
  | readonly ['absent']
  | readonly ['value', KvValue]
  | readonly ['revision', number];

export type KvPut =
  | readonly ['put', namespace: string, key: string, value: KvValue]
  | readonly ['put', namespace: string, key: string, value: KvValue, options: PutOptions];
export type KvCas =
  | readonly ['cas', namespace: string, key: string, expected: KvExpectation, value: KvValue]
  | readonly [
      'cas',
      namespace: string,
      key: string,
      expected: KvExpectation,
      value: KvValue,
      options: { readonly ttl?: number },
    ];
export type KvDelete =
  | readonly ['delete', namespace: string, key: string]
  | readonly ['delete', namespace: string, key: string, options: DeleteOptions];
export interface DeleteOptions {
  /** Only a plain value is deleted; anything else is refused (WRONG_TYPE). */
  readonly valueOnly?: boolean;
}
/** Says how many there were, not what they held. A key named twice counts once. */
export type KvDeleteMany = readonly ['deleteMany', namespace: string, keys: readonly string[]];
/** Every key of the namespace goes, in constant time. */
export type KvFlush = readonly ['flush', namespace: string];
/**
 * Adds `by` to an integer of 64 bits; an absent key counts as 0. A value is an integer if it is a whole number or a text in plain
 * decimal; it stays what it is, but a number beyond 2^53 - 1 becomes a text. The deadline stays.
 */
export type KvIncrement = readonly [
  'increment',
  namespace: string,
  key: string,
  /** A safe integer, or the decimal text of any integer of 64 bits. */
  by: number | string,
];
/** A text to a text, bytes to bytes; a mix of both becomes bytes (UTF-8), a number its decimal text. An absent key counts as empty. */
export type KvAppend = readonly [
  'append',
  namespace: string,
  key: string,
  tail: string | Uint8Array,
];
/**
 * A new deadline, `ttl` ms from now; `when`: only if it has none (`unset`), has one (`set`), or the new one is `later` or `earlier` than
 * the one it has (none at all is the latest).
 */
export type KvExpire =
  | readonly ['expire', namespace: string, key: string, ttl: number]
  | readonly ['expire', namespace: string, key: string, ttl: number, when: KvExpireWhen];
export type KvExpireWhen = 'unset' | 'set' | 'later' | 'earlier';
/** The key stays for ever. */
export type KvPersist = readonly ['persist', namespace: string, key: string];

export type KvGuard = readonly [namespace: string, key: string, expected: KvExpectation];
/**
 * All guards hold, or nothing is done at all: optimistic transactions (WATCH ... EXEC) as one command. The commands are carried out in
 * order, each seeing what those before it did; one that is refused or conflicts changes nothing itself and undoes nothing of the others.
 */
export type KvTransact = readonly [
  'transact',
  guards: readonly KvGuard[],
  commands: readonly Exclude<KvCommand, KvTransact>[],
];

/** How vnodes are placed: `continuous` in blocks, in the order of the nodes; `minimal` moves as few as a balanced ring allows. */
export type KvRingStrategy = 'continuous' | 'minimal';
/** A new ring of `size` vnodes (1 to 16,384) and no nodes. Once set, its size stays. */
export type KvRingSize =
  | readonly ['ringSize', namespace: string, ring: string, size: number]
  | readonly ['ringSize', namespace: string, ring: string, size: number, strategy: KvRingStrategy];
export type KvRingAdd = readonly ['ringAdd', namespace: string, ring: string, node: string];
export type KvRingRemove = readonly ['ringRemove', namespace: string, ring: string, node: string];

/** What is counted or remembered by a sketch. A text is its UTF-8 bytes. */
export type KvElement = string | Uint8Array;
/** An absent key becomes an empty HyperLogLog first. */
export type KvHllAdd = readonly [
  'hllAdd',
  namespace: string,
  key: string,
  elements: readonly KvElement[],
];
/** `key` becomes the union of itself, if it exists, and the sources; absent sources are empty. */
export type KvHllMerge = readonly [
  'hllMerge',
  namespace: string,
  key: string,
  sources: readonly string[],
];

export interface BloomOptions {
  /** Elements it is made for; 1 to 2^24. */
  readonly capacity: number;
  /** The share of elements never added that it may claim to contain; 1e-9 to 0.5. */
  readonly error: number;
  /** Beyond its capacity it refuses (FULL) instead of growing by layers, each twice as large. */
  readonly fixed?: boolean;
}
/** A new Bloom filter; conflict if the key exists. */
export type KvBloomReserve = readonly [
  'bloomReserve',
  namespace: string,
  key: string,
  options: BloomOptions,
];
/** An absent key becomes a growing filter for 100 elements at 1 % first. */
export type KvBloomAdd = readonly [
  'bloomAdd',
  namespace: string,
  key: string,
  elements: readonly KvElement[],
];
/** `key` becomes the union of itself, if it exists, and the sources; all must have been reserved alike, and fixed (else MISMATCH). */
export type KvBloomMerge = readonly [
  'bloomMerge',
  namespace: string,
  key: string,
  sources: readonly string[],
];

export type KvGet = readonly ['get', namespace: string, key: string];
/** One item, or null, for each key. */
export type KvGetMany = readonly ['getMany', namespace: string, keys: readonly string[]];
/** How many of the keys exist; one named twice counts twice. */
export type KvExists = readonly ['exists', namespace: string, keys: readonly string[]];
/**
 * Everything about a key but its value. What is left until its deadline is counted from the cluster time applied so far, which stands
 * still while nobody writes: asked as a command, it is exact.
 */
export type KvDescribe = readonly ['describe', namespace: string, key: string];
/** Keys that begin with `prefix`, in order of UTF-16 units, beyond `after` (null: from the first), at most `limit`. */
export type KvScan = readonly [
  'scan',
  namespace: string,
  prefix: string,
  limit: number,
  after: string | null,
];
/**
 * At least `limit` keys (fewer: it is the end) from a numeric cursor on, 0 at first, in an order that every member shares. From one end
 * to the other, a key that was there all the time comes exactly once.
 */
export type KvKeys = readonly ['keys', namespace: string, cursor: number, limit: number];
/** How many keys a namespace has. */
export type KvCount = readonly ['count', namespace: string];
export type KvRingGet = readonly ['ring', namespace: string, ring: string];
/** How many different elements the union of these HyperLogLogs has seen, about. */
export type KvHllCount = readonly ['hllCount', namespace: string, keys: readonly string[]];
/** Whether each element may have been added (true) or certainly was not. */
export type KvBloomHas = readonly [
  'bloomHas',
  namespace: string,
  key: string,
  elements: readonly KvElement[],
];
export type KvBloomInfo = readonly ['bloomInfo', namespace: string, key: string];

export type KvQuery =
  | KvGet
  | KvGetMany
  | KvExists
  | KvDescribe
  | KvScan
  | KvKeys
  | KvCount
  | KvRingGet
  | KvHllCount
  | KvBloomHas
  | KvBloomInfo;
/** Queries may also be commands: a batch can then read what it wrote. */
export type KvCommand =
  | KvPut
  | KvCas
  | KvDelete
  | KvDeleteMany
  | KvFlush
  | KvIncrement
  | KvAppend
  | KvExpire
  | KvPersist
  | KvTransact
  | KvRingSize
  | KvRingAdd
  | KvRingRemove
  | KvHllAdd
  | KvHllMerge
  | KvBloomReserve
  | KvBloomAdd
  | KvBloomMerge
  | KvQuery;

export interface WatchOptions {
  /** Also tell what was there before. */
  readonly previous?: boolean;
  /** Also tell of a cas that found something else than it expected. */
  readonly conflicts?: boolean;
}
/** What one may watch: every key of a namespace that begins with `prefix`. */
export type KvWatch =
  | readonly ['watch', namespace: string, prefix: string]
  | readonly ['watch', namespace: string, prefix: string, options: WatchOptions];

/** Of a key or namespace, in UTF-16 units: keys are held in memory and sent with every command. */
export const MAX_KEY_LENGTH = 4096;
/** Of one scan; more are fetched with `after`. */
export const MAX_SCAN_LIMIT = 10_000;
/** Keys, elements, guards or commands in one command. */
export const MAX_LIST_LENGTH = 10_000;
/** Of what `append` may make, in bytes. */
export const MAX_APPENDED_BYTES = 1_048_576;
export const MAX_RING_SIZE = 16_384;
export const MAX_RING_NODES = 1_024;
export const MAX_BLOOM_CAPACITY = 16_777_216;
