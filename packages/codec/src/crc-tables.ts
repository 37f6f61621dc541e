/**
 * The tables of CRC32C: table k gives what a byte does to the remainder when k bytes follow it, so that many bytes can be looked up at once.
 */

/** Reflected form of 0x1EDC6F41. */
export const POLYNOMIAL = 0x82f63b78;

/** As many as one step of the widest loop has bytes (assembled.ts). */
export const tables: readonly Uint32Array[] = buildTables();

function buildTables(): Uint32Array[] {
  const built = Array.from({ length: 16 }, () => new Uint32Array(256));
  for (let n = 0; n < 256; n++) {
    let crc = n;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    built[0]![n] = crc >>> 0;
  }
  for (let n = 0; n < 256; n++) {
    for (let k = 1; k < built.length; k++) {
      const before = built[k - 1]![n]!;
      built[k]![n] = ((before >>> 8) ^ built[0]![before & 0xff]!) >>> 0;
    }
  }
  return built;
}
