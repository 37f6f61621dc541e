/** The states of one depth, each a row of small numbers of its own length, packed one behind the other. Read once, in the order written. */

const CHUNK = 1 << 18;

export class Frontier {
  rows = 0;
  readonly #chunks: Int32Array[] = [];
  #used = CHUNK;
  #reading = 0;
  #at = 0;

  push(row: Int32Array, length: number): void {
    let chunk = this.#chunks.at(-1) as Int32Array;
    if (this.#used + length + 1 > CHUNK) {
      if (chunk !== undefined && this.#used < CHUNK) chunk[this.#used] = -1;
      chunk = new Int32Array(CHUNK);
      this.#chunks.push(chunk);
      this.#used = 0;
    }
    chunk[this.#used] = length;
    for (let i = 0; i < length; i += 1) chunk[this.#used + 1 + i] = row[i] as number;
    this.#used += length + 1;
    this.rows += 1;
  }

  /** Copies the next row; returns its length, -1: there is none. What is read is given back. */
  shift(into: Int32Array): number {
    if (this.rows === 0) return -1;
    let chunk = this.#chunks[this.#reading] as Int32Array;
    if (this.#at >= CHUNK || (chunk[this.#at] as number) < 0) {
      this.#chunks[this.#reading] = EMPTY;
      this.#reading += 1;
      this.#at = 0;
      chunk = this.#chunks[this.#reading] as Int32Array;
    }
    const length = chunk[this.#at] as number;
    for (let i = 0; i < length; i += 1) into[i] = chunk[this.#at + 1 + i] as number;
    this.#at += length + 1;
    this.rows -= 1;
    return length;
  }

  get bytes(): number {
    return (this.#chunks.length - this.#reading) * CHUNK * 4;
  }
}

const EMPTY = new Int32Array(0);
