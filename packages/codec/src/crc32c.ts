/**
 * CRC32C (Castagnoli), the checksum of entries, frames, groups and snapshots. It finds every burst of up to 32 bits and every damage of
 * up to three bits; TCP's own sum is 16 bits of plain addition, which reordered or doubly damaged words pass.
 * Eight bytes a step from eight tables; sixteen from sixteen where WebAssembly does it (assembled.ts).
 */
import { assembled, STEP, WORTHWHILE } from './assembled.ts';
import { POLYNOMIAL, tables } from './crc-tables.ts';

const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

/**
 * The CRC32C of bytes[from, to), an unsigned 32-bit integer. `seed` continues an earlier one:
 * crc32c(b, crc32c(a)) is the CRC of a followed by b; 0 starts afresh.
 */
export function crc32c(bytes: Uint8Array, seed = 0, from = 0, to = bytes.length): number {
  let crc = ~seed;
  let i = from;
  if (to - from >= WORTHWHILE && assembled !== null) {
    i = to - ((to - from) % STEP);
    crc = assembled.crc(bytes, from, i, crc);
  }
  for (const last = to - 7; i < last; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc =
      t7[crc & 0xff]! ^
      t6[(crc >>> 8) & 0xff]! ^
      t5[(crc >>> 16) & 0xff]! ^
      t4[crc >>> 24]! ^
      t3[bytes[i + 4]!]! ^
      t2[bytes[i + 5]!]! ^
      t1[bytes[i + 6]!]! ^
      t0[bytes[i + 7]!]!;
  }
  for (; i < to; i++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]!) & 0xff]!;
  return ~crc >>> 0;
}

/** x^(8 * 2^k) modulo the polynomial: what 2^k zero bytes multiply a remainder by. */
const zeros: readonly number[] = buildZeros();

function buildZeros(): number[] {
  const built: number[] = [];
  // Reflected, so x^8 is the bit eight places below the highest, which is x^0.
  for (let power = 1 << 23, k = 0; k < 32; k++, power = multiply(power, power)) built.push(power);
  return built;
}

/** The product of two remainders. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let rest = a; rest !== 0; rest <<= 1) {
    if (rest < 0) product ^= factor;
    factor = factor & 1 ? (factor >>> 1) ^ POLYNOMIAL : factor >>> 1;
  }
  return product;
}

/**
 * What to XOR the CRC32C of some bytes with when one of them changes by XOR with `difference` and `following` bytes come after it. The
 * sum is linear, so the rest need not be read again.
 */
export function crc32cChange(difference: number, following: number): number {
  let change: number = t0[difference & 0xff]!;
  for (let k = 0, left = following; left > 0; k++, left = Math.floor(left / 2)) {
    if (left % 2 === 1) change = multiply(zeros[k]!, change);
  }
  return change >>> 0;
}
