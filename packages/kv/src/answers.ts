/**
 * Items on their way into an answer. Answers are replicated too (a session remembers them on every member) and travel in one frame, so what
 * one entry or one query may show is limited: without that, one small batch of reads of one large value would answer with gigabytes.
 */
import { itemOf } from './item.ts';
import { Refusal } from './refusal.ts';
import type { KvItem } from './result.ts';
import type { Entry } from './table.ts';

/** Half of what a frame carries. A single value larger than this is still shown, alone. */
export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** Around a key and a value, at most about. */
const ITEM_BYTES = 64;

export class Answers {
  #index = 0;
  #spent = 0;

  /** What follows is answered by the entry at `index`; the commands of one batch share it. */
  forEntry(index: number): this {
    if (index !== this.#index) {
      this.#index = index;
      this.#spent = 0;
    }
    return this;
  }

  forQuery(): this {
    return this.forEntry(0).#anew();
  }

  hasRoomFor(entry: Entry): boolean {
    return this.#spent === 0 || this.#spent + costOf(entry) <= MAX_ANSWER_BYTES;
  }

  /** Throws a Refusal (TOO_LARGE) when too much is shown already: so ask before anything is changed. */
  item(entry: Entry): KvItem {
    if (!this.hasRoomFor(entry)) {
      throw new Refusal(
        'TOO_LARGE',
        `the answer to one request holds at most ${MAX_ANSWER_BYTES} bytes of items: ask for fewer at a time`,
      );
    }
    this.#spent += costOf(entry);
    return itemOf(entry);
  }

  itemOrNull(entry: Entry | undefined): KvItem | null {
    return entry === undefined ? null : this.item(entry);
  }

  #anew(): this {
    this.#spent = 0;
    return this;
  }
}

function costOf({ key, bytes, type }: Entry): number {
  // A ring is kept as runs and shown as lists.
  const content = type === 'ring' ? 8 * bytes.length : bytes.length;
  return ITEM_BYTES + 3 * key.length + content;
}
