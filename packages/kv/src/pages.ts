/**
 * Long byte arrays that change in a few places at a time: sketches. Immutable, in pages that versions share, so that one changed byte
 * costs a page and not megabytes; a page of zeros costs nothing until it is written. The digest is a sum over pages, kept as they change.
 *
 * Kept: equal bytes have equal digests whatever the history.
 */
import { Hash64 } from '@seedraft/codec';

export const PAGE_BYTES = 1024;

interface Page {
  readonly bytes: Uint8Array;
  readonly hi: number;
  readonly lo: number;
}

const hash = new Hash64();

function pageOf(bytes: Uint8Array, place: number): Page {
  hash.reset().word(place).bytes(bytes);
  return { bytes, hi: hash.hi | 0, lo: hash.lo | 0 };
}

/** Over all pages. */
interface Sums {
  /** Signed. */
  readonly hi: number;
  readonly lo: number;
  /** Bytes in memory. */
  readonly size: number;
}

export class Pages {
  readonly length: number;
  /** Null: all zeros. */
  readonly #pages: readonly (Page | null)[];
  readonly sums: Sums;

  private constructor(length: number, pages: readonly (Page | null)[], sums: Sums) {
    this.length = length;
    this.#pages = pages;
    this.sums = sums;
  }

  static zeros(length: number): Pages {
    const pages = new Array<null>(pagesIn(length)).fill(null);
    return new Pages(length, pages, { hi: 0, lo: 0, size: 0 });
  }

  /** From what `page` gave, in order. Throws when they are not the pages of so many bytes. */
  static from(length: number, pages: readonly unknown[]): Pages {
    if (pages.length !== pagesIn(length)) throw new Error('pages: their number is not right');
    const restored = new Map<number, Uint8Array>();
    pages.forEach((bytes, place) => {
      if (bytes === null) return;
      const expected = Math.min(PAGE_BYTES, length - place * PAGE_BYTES);
      if (!(bytes instanceof Uint8Array) || bytes.length !== expected) {
        throw new Error('pages: one is malformed');
      }
      restored.set(place, bytes);
    });
    return Pages.zeros(length).replaced(length, restored);
  }

  get count(): number {
    return this.#pages.length;
  }

  /** The bytes of one page; null: all zeros. Never to be written to. */
  page(place: number): Uint8Array | null {
    return this.#pages[place]?.bytes ?? null;
  }

  get(at: number): number {
    const page = this.#pages[Math.floor(at / PAGE_BYTES)];
    return page?.bytes[at % PAGE_BYTES] ?? 0;
  }

  edit(length = this.length): PagesDraft {
    return new PagesDraft(this, length);
  }

  /** For the draft: some pages replaced, zeros behind if it is longer. */
  replaced(length: number, changed: ReadonlyMap<number, Uint8Array>): Pages {
    const pages = this.#pages.slice();
    for (let place = pages.length; place < pagesIn(length); place++) pages.push(null);
    let { hi, lo, size } = this.sums;
    for (const [place, bytes] of changed) {
      const [old, page] = [pages[place] ?? null, pageOf(bytes, place)];
      pages[place] = page;
      hi = (hi + page.hi - (old?.hi ?? 0)) | 0;
      lo = (lo + page.lo - (old?.lo ?? 0)) | 0;
      size += bytes.length - (old?.bytes.length ?? 0);
    }
    return new Pages(length, pages, { hi, lo, size });
  }
}

function pagesIn(length: number): number {
  return Math.ceil(length / PAGE_BYTES);
}

/** A new version in the making; nothing of the old one changes. Bytes are only ever set to more than 0, so that zero pages stay rare. */
export class PagesDraft {
  readonly #from: Pages;
  readonly #length: number;
  readonly #changed = new Map<number, Uint8Array>();

  /** `length` may not be less than it was. */
  constructor(from: Pages, length: number) {
    this.#from = from;
    this.#length = length;
    // A short last page grows with the array.
    const last = from.count - 1;
    const isShort = length > from.length && from.length % PAGE_BYTES !== 0;
    if (isShort && from.page(last) !== null) this.#open(last);
  }

  get isChanged(): boolean {
    return this.#changed.size > 0 || this.#length !== this.#from.length;
  }

  get(at: number): number {
    const bytes = this.#changed.get(Math.floor(at / PAGE_BYTES));
    return bytes === undefined ? this.#from.get(at) : bytes[at % PAGE_BYTES]!;
  }

  set(at: number, value: number): void {
    const place = Math.floor(at / PAGE_BYTES);
    const bytes = this.#changed.get(place) ?? this.#open(place);
    bytes[at % PAGE_BYTES] = value;
  }

  done(): Pages {
    return this.isChanged ? this.#from.replaced(this.#length, this.#changed) : this.#from;
  }

  #open(place: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(PAGE_BYTES, this.#length - place * PAGE_BYTES));
    const old = this.#from.page(place);
    if (old !== null) bytes.set(old);
    this.#changed.set(place, bytes);
    return bytes;
  }
}
