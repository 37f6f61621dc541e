/**
 * HyperLogLog: how many different elements were added, in at most 16 KiB (Flajolet et al., 2007), with the estimator of Ertl ("New cardinality
 * estimation algorithms for HyperLogLog sketches", 2017), which needs no correction tables and no logarithms: products, sums and square
 * roots are the same on every engine, and so is the estimate.
 *
 * 2^14 registers over a 64-bit hash: 14 bits choose a register, which keeps the longest run of zeros (plus one) seen at the head of the
 * other 50. Standard error 1.04 / sqrt(2^14) = 0.81 %. Few registers are kept as a sorted list, many as pages of one byte each; which of
 * the two depends on the registers alone, so that equal sets give equal bytes whatever their history.
 */
import type { KvElement } from './command.ts';
import { hashOf } from './element.ts';
import { Pages } from './pages.ts';
import type { Content } from './table.ts';

const INDEX_BITS = 14;
const REGISTERS = 1 << INDEX_BITS;
/** Bits that are left of the hash when the register is chosen; a register is at most one more. */
const RANK_BITS = 64 - INDEX_BITS;
/** Registers that are kept as a list: 3 KiB. */
const MAX_LISTED = 1024;
/** A record is 24 bits: register << 8 | rank. */
const RECORD_BYTES = 3;
/** 1 / (2 ln 2). */
const ALPHA = 0.721_347_520_444_481_7;

const NO_BYTES = new Uint8Array(0);

export const EMPTY_HLL: Content = { type: 'hyperloglog', bytes: NO_BYTES, pages: null };

/** The same content if nothing changed. */
export function addToHll(content: Content, elements: readonly KvElement[]): Content {
  const raised = new Map<number, number>();
  const current = registersOf(content);
  for (const element of elements) {
    const { hi, lo } = hashOf(element);
    const register = lo & (REGISTERS - 1);
    const rank = rankOf(hi, lo >>> INDEX_BITS);
    if (rank > (raised.get(register) ?? current(register))) raised.set(register, rank);
  }
  return raise(content, raised);
}

/** The union. The same content as the first if nothing changed. */
export function mergeHlls(contents: readonly Content[]): Content {
  const [first = EMPTY_HLL, ...others] = contents;
  const raised = new Map<number, number>();
  const current = registersOf(first);
  for (const other of others) {
    forEachRegister(other, (register, rank) => {
      if (rank > (raised.get(register) ?? current(register))) raised.set(register, rank);
    });
  }
  return raise(first, raised);
}

/** How many different elements the union has, about. */
export function countHlls(contents: readonly Content[]): number {
  const ranks = new Uint8Array(REGISTERS);
  for (const content of contents) {
    forEachRegister(content, (register, rank) => {
      if (rank > ranks[register]!) ranks[register] = rank;
    });
  }
  return Math.round(estimate(histogramOf(ranks)));
}

/** How many registers there are of each rank. */
function histogramOf(ranks: Uint8Array): readonly number[] {
  const histogram = new Array<number>(RANK_BITS + 2).fill(0);
  for (const rank of ranks) histogram[rank]!++;
  return histogram;
}

/** 1 + the leading zeros of the 50 bits hi, low18. */
function rankOf(hi: number, low18: number): number {
  if (hi !== 0) return 1 + Math.clz32(hi);
  return 1 + 32 + Math.clz32(low18) - INDEX_BITS;
}

// ---------------------------------------------------------------------------------------------------------------------- registers

/** A register's rank, 0 if nothing was ever there. */
function registersOf({ bytes, pages }: Content): (register: number) => number {
  if (pages !== null) return (register) => pages.get(register);
  return (register) => {
    const at = firstRecord(bytes, register);
    return at < bytes.length && registerAt(bytes, at) === register ? bytes[at + 2]! : 0;
  };
}

/** Every register that is not 0. */
function forEachRegister(
  { bytes, pages }: Content,
  visit: (register: number, rank: number) => void,
): void {
  if (pages === null) {
    for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
      visit(registerAt(bytes, at), bytes[at + 2]!);
    }
    return;
  }
  for (let register = 0; register < REGISTERS; register++) {
    const rank = pages.get(register);
    if (rank > 0) visit(register, rank);
  }
}

/** These registers at these ranks, which are higher than they were. */
function raise(content: Content, raised: ReadonlyMap<number, number>): Content {
  if (raised.size === 0) return content;
  if (content.pages !== null) return paged(content.pages, raised);
  const bytes = listed(content.bytes, raised);
  const list: Content = { type: 'hyperloglog', bytes, pages: null };
  if (bytes.length <= RECORD_BYTES * MAX_LISTED) return list;
  const all = new Map<number, number>();
  forEachRegister(list, (register, rank) => all.set(register, rank));
  return paged(Pages.zeros(REGISTERS), all);
}

function paged(pages: Pages, raised: ReadonlyMap<number, number>): Content {
  const draft = pages.edit();
  for (const [register, rank] of raised) draft.set(register, rank);
  return { type: 'hyperloglog', bytes: NO_BYTES, pages: draft.done() };
}

/** The list with these registers at these ranks. */
function listed(bytes: Uint8Array, raised: ReadonlyMap<number, number>): Uint8Array {
  const list = new Uint8Array(bytes.length + RECORD_BYTES * raised.size);
  let length = 0;
  let at = 0;
  for (const [register, rank] of [...raised].sort(([a], [b]) => a - b)) {
    const until = firstRecord(bytes, register);
    list.set(bytes.subarray(at, until), length);
    length += until - at;
    at =
      until < bytes.length && registerAt(bytes, until) === register ? until + RECORD_BYTES : until;
    list.set([register >> 8, register & 0xff, rank], length);
    length += RECORD_BYTES;
  }
  list.set(bytes.subarray(at), length);
  return list.slice(0, length + bytes.length - at);
}

function registerAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Where the first record of this register or a later one is. */
function firstRecord(bytes: Uint8Array, register: number): number {
  let low = 0;
  let high = bytes.length / RECORD_BYTES;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (registerAt(bytes, RECORD_BYTES * middle) < register) low = middle + 1;
    else high = middle;
  }
  return RECORD_BYTES * low;
}

// ----------------------------------------------------------------------------------------------------------------------- estimate

/** Ertl, algorithm 6: from how many registers there are of each rank. */
function estimate(histogram: readonly number[]): number {
  let z = REGISTERS * tau(1 - histogram[RANK_BITS + 1]! / REGISTERS);
  for (let rank = RANK_BITS; rank >= 1; rank--) z = 0.5 * (z + histogram[rank]!);
  z += REGISTERS * sigma(histogram[0]! / REGISTERS);
  return (ALPHA * REGISTERS * REGISTERS) / z;
}

/** x + sum of 2^(k-1) x^(2^k): what registers that are still 0 add. */
function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let [x, y, z, before] = [share, 1, share, -1];
  while (z !== before) {
    before = z;
    x *= x;
    z += x * y;
    y += y;
  }
  return z;
}

/** What registers at the highest rank take away. */
function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let [x, y, z, before] = [share, 1, 1 - share, -1];
  while (z !== before) {
    before = z;
    x = Math.sqrt(x);
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}
