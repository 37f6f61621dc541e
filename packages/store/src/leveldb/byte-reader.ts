/** A cursor over LevelDB's primitives: fixed little-endian integers, varints, length-prefixed slices. Runs out by value, not by exception. */

export class ByteReader {
  readonly #bytes: Uint8Array;
  #end: number;
  position: number;
  /** Set once something did not fit; everything read since is 0 or empty. */
  failed = false;

  constructor(bytes: Uint8Array, from = 0, to = bytes.length) {
    this.#bytes = bytes;
    this.position = from;
    this.#end = Math.min(to, bytes.length);
  }

  get atEnd(): boolean {
    return this.failed || this.position >= this.#end;
  }

  byte(): number {
    if (this.position >= this.#end) return this.#fail();
    return this.#bytes[this.position++]!;
  }

  fixed32(): number {
    let value = 0;
    for (let i = 0; i < 4; i++) value += this.byte() * 2 ** (8 * i);
    return value;
  }

  /** Fails beyond 2^53 - 1. */
  fixed64(): number {
    const low = this.fixed32();
    const value = low + this.fixed32() * 2 ** 32;
    return Number.isSafeInteger(value) ? value : this.#fail();
  }

  /** Both widths: fails beyond 2^53 - 1. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 56; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return Number.isSafeInteger(value) ? value : this.#fail();
    }
    return this.#fail();
  }

  /** A view. */
  slice(length: number): Uint8Array {
    if (length > this.#end - this.position) {
      this.#fail();
      return this.#bytes.subarray(0, 0);
    }
    this.position += length;
    return this.#bytes.subarray(this.position - length, this.position);
  }

  prefixed(): Uint8Array {
    return this.slice(this.varint());
  }

  #fail(): 0 {
    this.failed = true;
    this.position = this.#end;
    return 0;
  }
}
