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
    return (this.byte() | (this.byte() << 8) | (this.byte() << 16) | (this.byte() << 24)) >>> 0;
  }

  /** Fails beyond 2^53 - 1. */
  fixed64(): number {
    const low = this.fixed32();
    const value = low + this.fixed32() * 0x1_0000_0000;
    return Number.isSafeInteger(value) ? value : this.#fail();
  }

  /** Both widths: fails beyond 2^53 - 1. */
  varint(): number {
    let value = 0;
    let unit = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * unit;
      unit *= 128;
      if (byte < 0x80) return Number.isSafeInteger(value) ? value : this.#fail();
    }
    return this.#fail();
  }

  skip(length: number): void {
    if (length > this.#end - this.position) this.#fail();
    else this.position += length;
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
