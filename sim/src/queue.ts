/**
 * The event queue: a binary heap on (time, sequence), so that events of one instant run in the order they were scheduled and no run
 * depends on how a heap breaks ties. Slots are pooled and fields lie in typed arrays: scheduling allocates nothing.
 */

/** One heap, cleared by being dropped. `pop` exposes the fields of the popped event until the next `pop`. */
export class EventQueue {
  // Heap order: parallel arrays, so that sifting touches only times, sequences and slot numbers.
  #heapTime = new Float64Array(1024);
  #heapSequence = new Float64Array(1024);
  #heapSlot = new Int32Array(1024);
  #size = 0;
  #sequence = 0;

  // Slots.
  #kinds = new Int32Array(1024);
  #as = new Int32Array(1024);
  #bs = new Int32Array(1024);
  #items: unknown[] = new Array<unknown>(1024).fill(null);
  #free = new Int32Array(1024);
  #freeCount = 1024;

  /** Of the event popped last. */
  time = 0;
  kind = 0;
  a = 0;
  b = 0;
  item: unknown = null;

  constructor() {
    for (let slot = 0; slot < 1024; slot += 1) this.#free[slot] = 1023 - slot;
  }

  get size(): number {
    return this.#size;
  }

  /** The time of the next event; Infinity when there is none. */
  get nextTime(): number {
    return this.#size === 0 ? Infinity : (this.#heapTime[0] as number);
  }

  /** `time` in integer microseconds; `kind`, `a`, `b` are the scheduler's own small integers. */
  push(time: number, kind: number, a: number, b: number, item: unknown): void {
    // NaN would sort anywhere, Infinity never come.
    if (!(time < Infinity)) throw new Error(`an event of kind ${kind} was scheduled at ${time}`);
    if (this.#freeCount === 0) this.#grow();
    this.#freeCount -= 1;
    const slot = this.#free[this.#freeCount] as number;
    this.#kinds[slot] = kind;
    this.#as[slot] = a;
    this.#bs[slot] = b;
    this.#items[slot] = item;
    this.#siftUp(this.#size, time, this.#sequence, slot);
    this.#size += 1;
    this.#sequence += 1;
  }

  /** Takes the next event out and exposes it; false when there is none. */
  pop(): boolean {
    if (this.#size === 0) return false;
    const slot = this.#heapSlot[0] as number;
    this.time = this.#heapTime[0] as number;
    this.kind = this.#kinds[slot] as number;
    this.a = this.#as[slot] as number;
    this.b = this.#bs[slot] as number;
    this.item = this.#items[slot];
    this.#items[slot] = null;
    this.#free[this.#freeCount] = slot;
    this.#freeCount += 1;
    this.#size -= 1;
    if (this.#size > 0) this.#siftDown();
    return true;
  }

  /** Events of this kind and `a` that would come after `latest` come then, in the order they had. Forgets the event popped last. */
  hasten(kind: number, a: number, latest: number): void {
    const events: [time: number, kind: number, a: number, b: number, item: unknown][] = [];
    while (this.pop()) events.push([this.time, this.kind, this.a, this.b, this.item]);
    for (const event of events) {
      if (event[1] === kind && event[2] === a) event[0] = Math.min(event[0], latest);
      this.push(...event);
    }
  }

  #siftUp(from: number, time: number, sequence: number, slot: number): void {
    const times = this.#heapTime;
    const sequences = this.#heapSequence;
    const slots = this.#heapSlot;
    let hole = from;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      // A newer sequence never passes an older one of the same time.
      if ((times[parent] as number) <= time) break;
      times[hole] = times[parent] as number;
      sequences[hole] = sequences[parent] as number;
      slots[hole] = slots[parent] as number;
      hole = parent;
    }
    times[hole] = time;
    sequences[hole] = sequence;
    slots[hole] = slot;
  }

  /** The last leaf fills the hole at the root. */
  #siftDown(): void {
    const times = this.#heapTime;
    const sequences = this.#heapSequence;
    const slots = this.#heapSlot;
    const size = this.#size;
    const time = times[size] as number;
    const sequence = sequences[size] as number;
    const slot = slots[size] as number;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size && this.#before(right, child)) child = right;
      const childTime = times[child] as number;
      if (childTime > time || (childTime === time && (sequences[child] as number) > sequence))
        break;
      times[hole] = childTime;
      sequences[hole] = sequences[child] as number;
      slots[hole] = slots[child] as number;
      hole = child;
    }
    times[hole] = time;
    sequences[hole] = sequence;
    slots[hole] = slot;
  }

  #before(x: number, y: number): boolean {
    const timeX = this.#heapTime[x] as number;
    const timeY = this.#heapTime[y] as number;
    if (timeX !== timeY) return timeX < timeY;
    return (this.#heapSequence[x] as number) < (this.#heapSequence[y] as number);
  }

  #grow(): void {
    const before = this.#kinds.length;
    const after = before * 2;
    this.#heapTime = grownFloats(this.#heapTime, after);
    this.#heapSequence = grownFloats(this.#heapSequence, after);
    this.#heapSlot = grownInts(this.#heapSlot, after);
    this.#kinds = grownInts(this.#kinds, after);
    this.#as = grownInts(this.#as, after);
    this.#bs = grownInts(this.#bs, after);
    this.#free = grownInts(this.#free, after);
    for (let slot = after - 1; slot >= before; slot -= 1) {
      this.#items.push(null);
      this.#free[this.#freeCount] = slot;
      this.#freeCount += 1;
    }
  }
}

function grownFloats(from: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const to = new Float64Array(length);
  to.set(from);
  return to;
}

function grownInts(from: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(length);
  to.set(from);
  return to;
}
