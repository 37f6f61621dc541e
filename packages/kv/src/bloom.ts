/**
 * Bloom filters (Bloom, 1970): whether an element may have been added, or certainly was not, with a stated share of wrong yeses. Filters that
 * grow are layers (Almeida et al., "Scalable Bloom Filters", 2007): each twice as large and half as often wrong as the one before, so that all
 * together stay below the share asked for.
 *
 * A layer for n elements has k = ceil(log2(1 / error)) hashes and 1.05 n k / ln 2 bits: at n elements fewer than half of its bits are
 * set, and a stranger meets k set ones with a chance below 2^-k. No logarithm is taken anywhere, so every engine has the same filter.
 *
 * Kept: no element that was added is ever denied; no layer takes an element beyond its capacity.
 */
import { type Digest, decodeOrThrow, encode } from '@seedraft/codec';
import type { BloomOptions, KvElement } from './command.ts';
import { hashOf } from './element.ts';
import { PAGE_BYTES, Pages, type PagesDraft } from './pages.ts';
import { Refusal } from './refusal.ts';
import type { KvBloomFacts } from './result.ts';
import type { Content } from './table.ts';

/** Of the bits of one filter, all layers together. */
const MAX_BYTES = 32 * 1024 * 1024;
/** 1.05 / ln 2. */
const BITS_PER_HASH = 1.515;

export const DEFAULT_BLOOM: BloomOptions = { capacity: 100, error: 0.01 };

/** One layer, from what it has to hold. */
interface Layer {
  readonly capacity: number;
  readonly hashes: number;
  readonly bits: number;
  /** Where its bits begin. */
  readonly offset: number;
  /** Elements that were not there when they came. */
  items: number;
  /** Bits that are 1. */
  set: number;
}

/** A filter as it is kept: bytes are [capacity, error, fixed, [items, set, items, set, ...]], pages the bits of all layers. */
interface Filter {
  readonly options: BloomOptions;
  readonly layers: Layer[];
}

type Bits = Pick<Pages, 'get'>;

/** Throws a Refusal (TOO_LARGE) for a filter beyond 32 MiB. */
export function emptyBloom(options: BloomOptions): Content {
  const filter: Filter = { options, layers: [] };
  addLayer(filter, 'TOO_LARGE');
  return contentOf(filter, Pages.zeros(bytesOf(filter)));
}

/** Whether each was certainly not there. Throws a Refusal (FULL) when one has no place; nothing is changed then. */
export function addToBloom(
  content: Content,
  elements: readonly KvElement[],
): { readonly content: Content; readonly added: readonly boolean[] } {
  const filter = filterOf(content);
  const hashes = elements.map(hashOf);
  let draft = content.pages!.edit();
  const added: boolean[] = [];
  for (const hash of hashes) {
    const isNew = !filter.layers.some((layer) => holds(draft, layer, hash));
    added.push(isNew);
    if (!isNew) continue;
    if (isFull(filter.layers.at(-1)!)) {
      if (filter.options.fixed === true) throw full(filter);
      addLayer(filter, 'FULL');
      draft = draft.done().edit(bytesOf(filter));
    }
    const last = filter.layers.at(-1)!;
    last.items++;
    last.set += setBits(draft, last, hash);
  }
  return { content: added.includes(true) ? contentOf(filter, draft.done()) : content, added };
}

/** Whether each may be there. */
export function bloomHas(content: Content, elements: readonly KvElement[]): boolean[] {
  const { layers } = filterOf(content);
  return elements.map((element) => {
    const hash = hashOf(element);
    return layers.some((layer) => holds(content.pages!, layer, hash));
  });
}

/**
 * The union, bit by bit, of filters that do not grow: it contains whatever one of them contains, and is wrong no more often than asked for.
 * Throws a Refusal: MISMATCH if they were not reserved alike or may grow (full layers of two filters are too full together), FULL if the union
 * has more elements than they are made for.
 */
export function mergeBlooms(contents: readonly Content[]): Content {
  const [first, ...others] = contents as [Content, ...Content[]];
  const filter = filterOf(first);
  let pages = first.pages!;
  for (const other of others) pages = merge(filter, pages, other);
  return contentOf(filter, pages);
}

export function bloomFacts(content: Content): KvBloomFacts {
  const { options, layers } = filterOf(content);
  let right = 1;
  for (const { set, bits, hashes } of layers) right *= 1 - power(set / bits, hashes);
  return {
    status: 'bloom',
    options,
    capacity: layers.reduce((sum, { capacity }) => sum + capacity, 0),
    items: layers.reduce((sum, { items }) => sum + items, 0),
    layers: layers.length,
    bytes: content.pages!.length,
    error: 1 - right,
  };
}

// ------------------------------------------------------------------------------------------------------------------------- layers

/** The layer that comes next. Of layers that grow, each is half as often wrong as the one before, the first half as often as asked for. */
function addLayer({ options, layers }: Filter, code: 'TOO_LARGE' | 'FULL'): void {
  const last = layers.at(-1);
  const capacity = last === undefined ? options.capacity : 2 * last.capacity;
  const growing = options.fixed === true ? 0 : 1;
  const hashes = last === undefined ? hashesFor(options.error) + growing : last.hashes + 1;
  const bits = 64 * Math.ceil((capacity * hashes * BITS_PER_HASH) / 64);
  const offset = last === undefined ? 0 : last.offset + last.bits / 8;
  const bytes = offset + bits / 8;
  if (bytes > MAX_BYTES) {
    throw new Refusal(
      code,
      `this filter would need ${bytes} bytes, and may have ${MAX_BYTES}: ask for a smaller capacity or a larger error`,
    );
  }
  layers.push({ capacity, hashes, bits, offset, items: 0, set: 0 });
}

/** The least k with 2^-k <= error. */
function hashesFor(error: number): number {
  let hashes = 1;
  for (let chance = 0.5; chance > error; chance /= 2) hashes++;
  return hashes;
}

function isFull({ items, capacity }: Layer): boolean {
  return items >= capacity;
}

function bytesOf({ layers }: Filter): number {
  const last = layers.at(-1)!;
  return last.offset + last.bits / 8;
}

function full({ options }: Filter): Refusal {
  return new Refusal(
    'FULL',
    `the filter was reserved for ${options.capacity} elements and holds them: reserve a larger one, or one that grows`,
  );
}

function merge({ options, layers }: Filter, pages: Pages, other: Content): Pages {
  const theirs = filterOf(other);
  const isAlike =
    options.capacity === theirs.options.capacity && options.error === theirs.options.error;
  if (!isAlike || options.fixed !== true || theirs.options.fixed !== true) {
    throw new Refusal(
      'MISMATCH',
      'only filters that were reserved alike, and fixed, can be merged',
    );
  }
  const [mine, layer] = [layers[0]!, theirs.layers[0]!];
  const draft = pages.edit();
  mine.set += unite(draft, other.pages!, layer);
  const items = unitedItems(mine, layer);
  if (items > mine.capacity) {
    throw new Refusal(
      'FULL',
      'together they hold more than they were reserved for, and would be wrong too often: reserve larger ones',
    );
  }
  mine.items = items;
  return draft.done();
}

/**
 * How many elements a union has at most, in `mine`, whose bits are united already: what both had must not count twice, or a filter that is
 * united again and again would be full of nothing. At its capacity half of a filter's bits are set, and the fewer are set the more each element
 * sets; so no more elements made them than the share of that half.
 */
function unitedItems(mine: Layer, other: Layer): number {
  const shown = Math.ceil((2 * mine.set * mine.capacity) / mine.bits);
  return Math.max(mine.items, other.items, Math.min(mine.items + other.items, shown));
}

/** All bits of a layer; says how many of them were not set before. */
function unite(draft: PagesDraft, from: Pages, { offset, bits }: Layer): number {
  let more = 0;
  for (let at = offset; at < offset + bits / 8; at++) {
    if (from.page(Math.floor(at / PAGE_BYTES)) === null) {
      at += PAGE_BYTES - 1 - (at % PAGE_BYTES);
      continue;
    }
    const [mine, theirs] = [draft.get(at), from.get(at)];
    if ((mine | theirs) === mine) continue;
    draft.set(at, mine | theirs);
    more += bitsIn(theirs & ~mine);
  }
  return more;
}

function bitsIn(byte: number): number {
  let count = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
}

// --------------------------------------------------------------------------------------------------------------------------- bits

/**
 * Where the i-th hash of an element points: two lanes make all of them (Kirsch and Mitzenmacher, 2006), scrambled so that layers and
 * moduli do not line up.
 */
function bitOf({ hi, lo }: Digest, i: number, bits: number): number {
  let x = (lo + Math.imul(i, hi | 1)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0xd35a2d97 | 0);
  x ^= x >>> 15;
  return Math.floor(((x >>> 0) * bits) / 0x1_0000_0000);
}

function holds(from: Bits, { hashes, bits, offset }: Layer, hash: Digest): boolean {
  for (let i = 0; i < hashes; i++) {
    const bit = bitOf(hash, i, bits);
    if ((from.get(offset + (bit >>> 3)) & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}

/** Says how many were not set. */
function setBits(draft: PagesDraft, { hashes, bits, offset }: Layer, hash: Digest): number {
  let more = 0;
  for (let i = 0; i < hashes; i++) {
    const bit = bitOf(hash, i, bits);
    const at = offset + (bit >>> 3);
    const byte = draft.get(at);
    const mask = 1 << (bit & 7);
    if ((byte & mask) !== 0) continue;
    draft.set(at, byte | mask);
    more++;
  }
  return more;
}

function power(base: number, exponent: number): number {
  let product = 1;
  for (let i = 0; i < exponent; i++) product *= base;
  return product;
}

// -------------------------------------------------------------------------------------------------------------------------- bytes

function contentOf({ options, layers }: Filter, pages: Pages): Content {
  const counts = layers.flatMap(({ items, set }) => [items, set]);
  const bytes = encode([options.capacity, options.error, options.fixed === true, counts]);
  return { type: 'bloom', bytes, pages };
}

function filterOf({ bytes }: Content): Filter {
  const [capacity, error, fixed, counts] = decodeOrThrow(bytes) as [
    number,
    number,
    boolean,
    number[],
  ];
  const filter: Filter = { options: { capacity, error, fixed }, layers: [] };
  for (let i = 0; i < counts.length; i += 2) {
    addLayer(filter, 'FULL');
    const layer = filter.layers.at(-1)!;
    layer.items = counts[i]!;
    layer.set = counts[i + 1]!;
  }
  return filter;
}
