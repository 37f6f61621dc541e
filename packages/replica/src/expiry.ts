/**
 * Which deadline comes first, in O(log n): a binary heap over things whose deadlines only ever move later. A session's deadline moves with
 * each of its commands, so moving it costs nothing here: an item keeps the place of its old deadline until it reaches the top.
 */
export interface Expiring {
  readonly id: number;
  /** May grow while in the queue, never shrink. */
  deadline: number;
  /** True: no longer of interest; dropped when met. */
  closed: boolean;
  /** The deadline by which the queue placed it; never later than `deadline`. The queue's own. */
  placed: number;
}

export class ExpiryQueue<T extends Expiring> {
  #heap: T[] = [];

  /** Items held, closed ones included. */
  get length(): number {
    return this.#heap.length;
  }

  add(item: T): void {
    item.placed = item.deadline;
    this.#heap.push(item);
    this.#siftUp(this.#heap.length - 1);
  }

  /** The open item with the earliest deadline (the smaller id among equals); undefined: there is none. */
  first(): T | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined) return undefined;
      if (top.closed) {
        this.#removeFirst();
      } else if (top.placed < top.deadline) {
        top.placed = top.deadline;
        this.#siftDown();
      } else {
        return top;
      }
    }
  }

  /** Closed items far down would be kept until their deadline: call with the number of open ones to bound the memory. */
  trim(open: number): void {
    if (this.#heap.length <= 2 * open + 64) return;
    const kept = this.#heap.filter((item) => !item.closed);
    this.#heap = [];
    for (const item of kept) this.add(item);
  }

  #removeFirst(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#siftDown();
  }

  #siftUp(from: number): void {
    const heap = this.#heap;
    const item = heap[from]!;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(item, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = item;
  }

  #siftDown(): void {
    const heap = this.#heap;
    const item = heap[0]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, item)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = item;
  }
}

/** Ties by id: the order of expiry is seen by tracers and must not depend on the history of the heap. */
function isBefore(a: Expiring, b: Expiring): boolean {
  return a.placed < b.placed || (a.placed === b.placed && a.id < b.id);
}
