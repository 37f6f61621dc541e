/** The bytes of a snapshot: however they are cut, the same pieces come out, and no more is pulled per turn than one chunk needs. */

import { fc, test } from '@fast-check/vitest';
import { crc32c } from '@seedraft/codec';
import { expect } from 'vitest';
import {
  encodePiece,
  HEADER,
  MACHINE,
  readPieces,
  SESSIONS,
  SnapshotWriter,
} from '../../packages/replica/src/snapshot-stream.ts';

const piece = fc.record({
  kind: fc.constantFrom(HEADER, SESSIONS, MACHINE),
  value: fc.oneof(fc.string({ maxLength: 300 }), fc.array(fc.integer()), fc.constant(null)),
});

test.prop([fc.array(piece, { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 200 })])(
  'cut into chunks of any size and put together again, the pieces and the checksum agree',
  (pieces, chunkBytes) => {
    let pulled = 0;
    function* encoded(): Generator<Uint8Array, undefined> {
      for (const { kind, value } of pieces) {
        pulled++;
        yield encodePiece(kind, value);
      }
    }
    const writer = new SnapshotWriter(encoded(), chunkBytes);
    const chunks: Uint8Array[] = [];
    for (let chunk = writer.next(); chunk !== null; chunk = writer.next()) {
      expect(chunk.length).toBeGreaterThan(0);
      expect(chunk.length).toBeLessThanOrEqual(chunkBytes);
      chunks.push(chunk);
      // Whatever is pulled beyond this chunk is at most the rest of the piece that filled it.
      const needed = pieces.slice(0, pulled - 1).map((p) => encodePiece(p.kind, p.value).length);
      expect(needed.reduce((a, b) => a + b, 0)).toBeLessThan(writer.size + chunkBytes);
    }
    const bytes = new Uint8Array(writer.size);
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    expect(crc32c(bytes)).toBe(writer.checksum);
    expect([...readPieces(bytes)]).toEqual(pieces);
  },
);
