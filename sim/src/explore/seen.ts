/**
 * Which states were seen: a set of 64-bit hashes in one open-addressed typed array, and for each state in order of discovery the state it was
 * reached from and by which move. Two states with one hash are taken for one: among n states that happens with probability about
 * n * n / 2^65 (1e6 states: 3e-8; 1e8: 3e-4), and would at worst leave the later one unexplored.
 */

const CHUNK = 1 << 18;

/** An append-only list of 32-bit numbers, without ever copying what it holds. */
export class Words {
  length = 0;
  readonly #chunks: Uint32Array[] = [];

  push(value: number): void {
    if (this.length === this.#chunks.length * CHUNK) this.#chunks.push(new Uint32Array(CHUNK));
    (this.#chunks[(this.length / CHUNK) | 0] as Uint32Array)[this.length % CHUNK] = value;
    this.length += 1;
  }

  at(index: number): number {
    return (this.#chunks[(index / CHUNK) | 0] as Uint32Array)[index % CHUNK] as number;
  }

  get bytes(): number {
    return this.#chunks.length * CHUNK * 4;
  }
}

export class Seen {
  size = 0;
  #table = new Uint32Array(2 << 16);
  #mask = (1 << 16) - 1;

  /** False: it was there. */
  add(hi: number, lo: number): boolean {
    // Two zeros mean an empty place.
    const low = hi === 0 && lo === 0 ? 1 : lo;
    if (!this.#place(hi, low)) return false;
    this.size += 1;
    if (this.size * 5 > (this.#mask + 1) * 3) this.#grow();
    return true;
  }

  get bytes(): number {
    return this.#table.byteLength;
  }

  #place(hi: number, lo: number): boolean {
    const table = this.#table;
    const high = hi >>> 0;
    const low = lo >>> 0;
    for (let at = (lo ^ (hi << 7)) & this.#mask; ; at = (at + 1) & this.#mask) {
      const here = table[2 * at] as number;
      const there = table[2 * at + 1] as number;
      if (here === high && there === low) return false;
      if (here !== 0 || there !== 0) continue;
      table[2 * at] = high;
      table[2 * at + 1] = low;
      return true;
    }
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Uint32Array(2 * old.length);
    this.#mask = 2 * this.#mask + 1;
    for (let at = 0; at < old.length; at += 2) {
      const hi = old[at] as number;
      const lo = old[at + 1] as number;
      if (hi !== 0 || lo !== 0) this.#place(hi, lo);
    }
  }
}
