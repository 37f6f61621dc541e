/**
 * Bytes that arrived and are not used up yet. Appending copies what is new and little else, however small the pieces: joining buffers anew for
 * each piece would let a stranger who sends byte by byte keep the process copying.
 */
export class HeldBytes {
  #held: Buffer = Buffer.alloc(0);
  #from = 0;
  #to = 0;

  get length(): number {
    return this.#to - this.#from;
  }

  /** What is held; valid until the next `append`. */
  get view(): Buffer {
    return this.#held.subarray(this.#from, this.#to);
  }

  append(piece: Uint8Array): void {
    const { length } = this;
    if (this.#to + piece.length > this.#held.length) {
      const needed = length + piece.length;
      const larger =
        needed <= this.#held.length ? this.#held : Buffer.allocUnsafe(Math.max(needed, 2 * length));
      this.#held.copy(larger, 0, this.#from, this.#to);
      this.#held = larger;
      this.#from = 0;
      this.#to = length;
    }
    this.#held.set(piece, this.#to);
    this.#to += piece.length;
  }

  /** The first `count` are used up. */
  drop(count: number): void {
    this.#from += count;
    if (this.#from < this.#to) return;
    this.#held = Buffer.alloc(0);
    this.#from = 0;
    this.#to = 0;
  }
}
