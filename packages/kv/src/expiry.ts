/**
 * Which entry expires next: a binary min-heap on `expires`. Displaced entries stay in it until they come to the top or outnumber the live
 * ones, so a put or delete never searches the heap. Ties may leave in any order: expiry only removes, and removals commute.
 */
import { type Entry, isLive } from './table.ts';

export class ExpiryQueue {
  #heap: Entry[] = [];
  /** Rebuild when the heap has grown to this: twice what was live at the last rebuild, at least. */
  #limit = 64;

  add(entry: Entry): void {
    if (this.#heap.length >= this.#limit) this.#rebuild();
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
  }

  /** The live entry that expires first, or null. */
  first(): Entry | null {
    let top = this.#heap[0];
    while (top !== undefined && !isLive(top)) {
      this.#dropFirst();
      top = this.#heap[0];
    }
    return top ?? null;
  }

  /** Much of it went at once: let go of it soon. */
  shed(): void {
    this.#limit = 0;
  }

  #rebuild(): void {
    this.#heap = this.#heap.filter(isLive).sort((a, b) => a.expires - b.expires);
    this.#limit = Math.max(64, 2 * this.#heap.length);
  }

  #dropFirst(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink();
  }

  #rise(from: number): void {
    const heap = this.#heap;
    const entry = heap[from]!;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (heap[above]!.expires <= entry.expires) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = entry;
  }

  #sink(): void {
    const heap = this.#heap;
    const entry = heap[0]!;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]!.expires < heap[below]!.expires) below++;
      if (heap[below]!.expires >= entry.expires) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = entry;
  }
}
