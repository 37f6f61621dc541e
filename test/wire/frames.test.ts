/**
 * Proves: a stream cut anywhere gives the same frames as its whole frames one by one; every damage of a byte is found; the cap is told from
 * the header alone; no input makes the decoder throw; and what it gives is owned by the receiver.
 */
import {
  decodeFrame,
  encodeFrame,
  FrameDecoder,
  HEADER_BYTES,
  MAX_PAYLOAD_BYTES,
  WIRE_VERSION,
} from '@seedraft/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const payload = fc.uint8Array({ maxLength: 200, size: 'max' }).map((b) => Uint8Array.from(b));
const kind = fc.nat(255);

const concat = (parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((p) => [...p]));

/** Pushes `bytes` in pieces of the given lengths, over and over. */
function pushInPieces(decoder: FrameDecoder, bytes: Uint8Array, lengths: readonly number[]) {
  const frames = [];
  for (let from = 0, i = 0; from < bytes.length; i++) {
    const to = from + lengths[i % lengths.length]!;
    const scratch = bytes.slice(from, to);
    const pushed = decoder.push(scratch);
    // The chunk belongs to the socket again.
    scratch.fill(0xee);
    frames.push(...pushed.frames);
    if (pushed.flaw) return { frames, flaw: pushed.flaw };
    from = to;
  }
  return { frames, flaw: null };
}

describe('frames', () => {
  test('round trip of one frame', () => {
    fc.assert(
      fc.property(kind, payload, (k, p) => {
        expect(decodeFrame(encodeFrame(k, p))).toEqual({ ok: true, kind: k, payload: p });
      }),
    );
  });

  test('a stream cut anywhere gives the frames that went in', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(fc.tuple(kind, payload), { maxLength: 6 }), lengths, (sent, cuts) => {
        const stream = concat(sent.map(([k, p]) => encodeFrame(k, p)));
        const { frames, flaw } = pushInPieces(new FrameDecoder(), stream, cuts);
        expect(flaw).toBe(null);
        expect(frames).toEqual(sent.map(([k, p]) => ({ ok: true, kind: k, payload: p })));
      }),
    );
  });

  test('two frames cut at every single place', () => {
    const stream = concat([
      encodeFrame(1, Uint8Array.of(1, 2, 3)),
      encodeFrame(2, new Uint8Array(0)),
    ]);
    for (let cut = 0; cut <= stream.length; cut++) {
      const decoder = new FrameDecoder();
      const first = decoder.push(stream.subarray(0, cut));
      const second = decoder.push(stream.subarray(cut));
      expect([...first.frames, ...second.frames].map((f) => f.kind)).toEqual([1, 2]);
    }
  });

  test('any one damaged byte of any frame is found, whole or in a stream', () => {
    fc.assert(
      fc.property(kind, payload, fc.nat(), fc.integer({ min: 1, max: 255 }), (k, p, at, mask) => {
        const bytes = encodeFrame(k, p);
        bytes[at % bytes.length]! ^= mask;
        expect(decodeFrame(bytes).ok).toBe(false);
        const { frames } = new FrameDecoder().push(bytes);
        expect(frames).toEqual([]);
      }),
    );
  });

  test('a large frame in many chunks', () => {
    const big = new Uint8Array(600_000).fill(7, 1000, 500_000);
    const decoder = new FrameDecoder();
    const stream = encodeFrame(9, big);
    let got = 0;
    for (let at = 0; at < stream.length; at += 16_384) {
      for (const frame of decoder.push(stream.subarray(at, at + 16_384)).frames) {
        got++;
        expect(Buffer.compare(frame.payload, big)).toBe(0);
      }
    }
    expect(got).toBe(1);
  });
});

describe('flaws', () => {
  const sound = encodeFrame(2, Uint8Array.of(1, 2, 3));
  const damaged = (at: number, byte: number) => sound.with(at, byte);

  test.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'TRUNCATED'],
    ['half a header', sound.subarray(0, 7), 'TRUNCATED'],
    ['half a payload', sound.subarray(0, -1), 'TRUNCATED'],
    ['more than a frame', concat([sound, sound]), 'TRAILING'],
    ['HTTP', new TextEncoder().encode('GET / HTTP/1.1\r\n'), 'BAD_MAGIC'],
    ['a newer version', damaged(1, WIRE_VERSION + 1), 'BAD_VERSION'],
    ['the reserved byte', damaged(3, 1), 'BAD_HEADER'],
    ['a length of 4 GiB', damaged(4, 255), 'TOO_LARGE'],
    ['another kind', damaged(2, 3), 'BAD_CHECKSUM'],
    ['a payload byte', damaged(HEADER_BYTES, 9), 'BAD_CHECKSUM'],
  ])('%s', (_, bytes, code) => {
    expect(decodeFrame(bytes)).toMatchObject({ ok: false, code });
  });

  test('the cap is told from eight bytes of header, before anything is held', () => {
    const header = encodeFrame(2, new Uint8Array(101)).subarray(0, 8);
    expect(new FrameDecoder(100).push(header).flaw).toMatchObject({ code: 'TOO_LARGE' });
    expect(new FrameDecoder(101).push(header).flaw).toBe(null);
    expect(MAX_PAYLOAD_BYTES).toBe(16 * 1024 * 1024);
  });

  test('a flaw ends the stream: frames before it count, nothing after it does', () => {
    const decoder = new FrameDecoder();
    const pushed = decoder.push(concat([sound, damaged(HEADER_BYTES, 9), sound]));
    expect(pushed.frames.length).toBe(1);
    expect(pushed.flaw).toMatchObject({ code: 'BAD_CHECKSUM' });
    expect(decoder.push(sound)).toEqual({ frames: [], flaw: pushed.flaw });
  });

  test('arbitrary bytes never throw', () => {
    const start = fc.constantFrom([], [0x5d], [0x5d, 1], [0x5d, 1, 2, 0, 0, 0, 0, 1]);
    fc.assert(
      fc.property(
        start,
        fc.array(fc.uint8Array({ maxLength: 30, size: 'max' })),
        (prefix, chunks) => {
          const decoder = new FrameDecoder(50);
          decoder.push(Uint8Array.from(prefix));
          for (const chunk of chunks) decoder.push(chunk);
          decodeFrame(concat([Uint8Array.from(prefix), ...chunks]));
        },
      ),
      { numRuns: 500 },
    );
  });
});
