/**
 * Proves: CRC32C is the standard's and continues across splits; hash64's values never change under our feet, every input bit reaches
 * every output bit, and structured inputs do not collide.
 */
import { crc32c, crc32cChange, Hash64, hash64 } from '@seedraft/codec';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

/** One bit at a time, straight from the definition. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe('crc32c', () => {
  // The first is the check value of the catalogues, the others are RFC 3720 appendix B.4.
  test.each<[string, Uint8Array, number]>([
    ['123456789', new TextEncoder().encode('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(0), 0],
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['0..31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['31..0', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ])('known answer: %s', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  test('agrees with the definition at every length and offset', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 70, size: 'max' }),
        fc.nat(70),
        fc.nat(70),
        (bytes, a, b) => {
          const from = Math.min(a, b, bytes.length);
          const to = Math.min(Math.max(a, b), bytes.length);
          expect(crc32c(bytes, 0, from, to)).toBe(slowCrc32c(bytes.subarray(from, to)));
          expect(crc32c(bytes, crc32c(bytes, 0, 0, from), from)).toBe(slowCrc32c(bytes));
        },
      ),
    );
  });

  test('long inputs, which take another way, are the short ones one after the other', () => {
    const bytes = Uint8Array.from({ length: 150_000 }, (_, i) => Math.imul(i, 2654435761) >>> 23);
    const ends = [0, 1, 63, 64, 65, 300, 1024, 49_151, 49_152, 49_153, 98_304, 100_001, 149_999];
    for (const from of [0, 1, 7, 16]) {
      for (const end of ends) {
        const to = Math.min(from + end, bytes.length);
        let inShortOnes = 5;
        for (let at = from; at < to; at += 50) {
          inShortOnes = crc32c(bytes, inShortOnes, at, Math.min(at + 50, to));
        }
        expect(crc32c(bytes, 5, from, to)).toBe(inShortOnes);
      }
    }
  });

  test('follows the change of a byte without reading the others', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 300, size: 'max' }),
        fc.nat(299),
        fc.integer({ min: 1, max: 255 }),
        (bytes, place, difference) => {
          const at = place % bytes.length;
          const before = crc32c(bytes);
          bytes[at] = bytes[at]! ^ difference;
          const change = crc32cChange(difference, bytes.length - at - 1);
          expect((before ^ change) >>> 0).toBe(slowCrc32c(bytes));
        },
      ),
    );
    const long = new Uint8Array(1_000_003);
    const before = crc32c(long);
    long[2] = 7;
    expect((before ^ crc32cChange(7, 1_000_000)) >>> 0).toBe(crc32c(long));
  });

  test('finds every damage of one and two bits in a frame-sized block', () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, i) => (i * 37) & 255);
    const sound = crc32c(bytes);
    const flip = (bit: number) => {
      bytes[bit >> 3] = bytes[bit >> 3]! ^ (1 << (bit & 7));
    };
    for (let i = 0; i < 512; i++) {
      flip(i);
      expect(crc32c(bytes)).not.toBe(sound);
      for (let j = i + 1; j < 512; j += 7) {
        flip(j);
        if (crc32c(bytes) === sound) expect.fail(`bits ${i} and ${j}`);
        flip(j);
      }
      flip(i);
    }
  });
});

const show = ({ hi, lo }: { hi: number; lo: number }) =>
  hi.toString(16).padStart(8, '0') + lo.toString(16).padStart(8, '0');

describe('hash64', () => {
  test('known answers: recorded runs compare these across versions', () => {
    const answers = {
      empty: show(hash64('')),
      a: show(hash64('a')),
      text: show(hash64('the quick brown fox')),
      bytes: show(hash64(Uint8Array.from({ length: 21 }, (_, i) => i * 11))),
      chained: show(hash64('b', hash64('a'))),
      parts: show(
        new Hash64()
          .number(-5)
          .number(2 ** 40)
          .number(0.5)
          .text('é')
          .digest(),
      ),
    };
    expect(answers).toMatchInlineSnapshot(`
      {
        "a": "0da3a941ce8b65c7",
        "bytes": "a6bb5c7b9a84756c",
        "chained": "cf6f217b8883d572",
        "empty": "b2a843fc191b1528",
        "parts": "61bb0ad685a8e3b0",
        "text": "1e0d23f6264ec5ec",
      }
    `);
  });

  test('long inputs, which take another way, are words one after the other', () => {
    const bytes = Uint8Array.from({ length: 150_000 }, (_, i) => Math.imul(i, 2654435761) >>> 23);
    const view = new DataView(bytes.buffer);
    for (const length of [0, 63, 64, 67, 256, 1001, 49_152, 49_156, 98_305, 149_996]) {
      const expected = new Hash64(3, 4);
      let at = 0;
      for (; at + 4 <= length; at += 4) expected.word(view.getUint32(at, true));
      let tail = 0;
      for (let shift = 0; at < length; at++, shift += 8) tail |= bytes[at]! << shift;
      if (length % 4 !== 0) expected.word(tail);
      const given = new Hash64(3, 4).bytes(bytes.subarray(0, length));
      expect(given.digest()).toEqual(expected.word(length).digest());
    }
  });

  test('avalanche: each flipped input bit flips each output bit about half of the time', () => {
    const trials = 400;
    for (const length of [1, 4, 7, 16]) {
      for (let bit = 0; bit < length * 8; bit++) {
        const flips = new Array<number>(64).fill(0);
        for (let t = 0; t < trials; t++) {
          const bytes = Uint8Array.from(
            { length },
            (_, i) => Math.imul(t * 31 + i, 2654435761) >>> 24,
          );
          const a = hash64(bytes);
          bytes[bit >> 3] = bytes[bit >> 3]! ^ (1 << (bit & 7));
          const b = hash64(bytes);
          for (let o = 0; o < 32; o++) {
            flips[o]! += ((a.hi ^ b.hi) >>> o) & 1;
            flips[o + 32]! += ((a.lo ^ b.lo) >>> o) & 1;
          }
        }
        // 400 fair coins leave [0.3, 0.7] with probability 1e-15; 16k cells are looked at. One byte has 256 inputs only.
        for (const n of flips) {
          const rate = n / trials;
          if (rate < 0.3 || rate > 0.7) expect.fail(`length ${length} bit ${bit}: ${rate}`);
        }
      }
    }
  });

  test('structured inputs do not collide, not even in one lane beyond chance', () => {
    const seen = new Set<string>();
    const high = new Set<number>();
    const low = new Set<number>();
    let inputs = 0;
    const take = (h: { hi: number; lo: number }) => {
      seen.add(show(h));
      high.add(h.hi);
      low.add(h.lo);
      inputs++;
    };
    for (let i = 0; i < 40_000; i++) take(hash64(`key${i}`));
    for (let i = 0; i < 20_000; i++)
      take(
        new Hash64()
          .number(i)
          .number(i + 1)
          .digest(),
      );
    for (let i = 0; i < 200; i++)
      for (let j = 0; j < 200; j++) take(hash64(`${'\0'.repeat(i)}|${'\0'.repeat(j)}`));
    expect(seen.size).toBe(inputs);
    // A random 32-bit lane would lose about n^2 / 2^33 = 1.2 of 100,000.
    expect(inputs - high.size).toBeLessThan(12);
    expect(inputs - low.size).toBeLessThan(12);
  });

  test('parts do not run into each other, and seeds and order matter', () => {
    const parts = (...p: string[]) => show(p.reduce((h, s) => h.text(s), new Hash64()).digest());
    expect(parts('ab', 'c')).not.toBe(parts('a', 'bc'));
    expect(parts('a', '')).not.toBe(parts('a'));
    expect(parts('a', 'b')).not.toBe(parts('b', 'a'));
    expect(show(hash64('a', { hi: 1, lo: 0 }))).not.toBe(show(hash64('a')));
    expect(show(new Hash64().number(-0).digest())).toBe(show(new Hash64().number(0).digest()));
    expect(show(new Hash64().number(1.5).digest())).not.toBe(show(new Hash64().number(1).digest()));
  });

  test('hi and lo are the digest, and reading it changes nothing', () => {
    const h = new Hash64(1, 2).text('x');
    const first = h.digest();
    expect({ hi: h.hi, lo: h.lo }).toEqual(first);
    expect(h.digest()).toEqual(first);
    expect(h.reset(1, 2).text('x').digest()).toEqual(first);
  });
});
