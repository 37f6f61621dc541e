/** What a command entry carries, end to end: every damage is noticed before it is applied, and what cannot be carried is refused early. */
import { crc32c } from '@seedraft/codec';
import type { Entry } from '@seedraft/core';
import { describe, expect, test } from 'vitest';
import {
  BATCH,
  COMMAND,
  decodeEnvelope,
  encodeRequest,
} from '../../packages/replica/src/envelope.ts';

const COMMAND_REQUEST = {
  type: 'Command',
  sessionId: 5,
  sequence: 3,
  firstIncomplete: 2,
  command: { put: 'x' },
} as const;

function entryOf(data: Uint8Array, checksum = crc32c(data)): Entry {
  return { index: 7, term: 2, kind: 'command', data, checksum, configuration: null };
}

describe('envelope', () => {
  test('comes out as it went in', () => {
    const data = encodeRequest(COMMAND_REQUEST, 1234)!;
    expect(decodeEnvelope(entryOf(data))).toEqual({
      kind: COMMAND,
      time: 1234,
      sessionId: 5,
      sequence: 3,
      firstIncomplete: 2,
      body: { put: 'x' },
    });
    const batch = encodeRequest({ ...COMMAND_REQUEST, type: 'Batch', commands: [1, 'b'] }, 9)!;
    expect(decodeEnvelope(entryOf(batch))).toMatchObject({ kind: BATCH, body: [1, 'b'] });
  });

  test('outside a session, sequence and firstIncomplete do not matter and are not kept', () => {
    const data = encodeRequest({ ...COMMAND_REQUEST, sessionId: 0, sequence: -1 }, 1)!;
    expect(decodeEnvelope(entryOf(data))).toMatchObject({ sessionId: 0, sequence: 0 });
  });

  test('every flipped bit stops the member, naming the entry', () => {
    const data = encodeRequest(COMMAND_REQUEST, 1)!;
    for (let bit = 0; bit < data.length * 8; bit++) {
      const damaged = data.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => decodeEnvelope(entryOf(damaged, crc32c(data)))).toThrow(/7@2 .*checksum/);
    }
  });

  test('a later format stops the member with a sentence', () => {
    const data = encodeRequest(COMMAND_REQUEST, 1)!;
    // The version is the first element of the tuple: the byte after the array's header.
    data[1] = 2;
    expect(() => decodeEnvelope(entryOf(data))).toThrow(/format 2.*upgrade/);
  });

  test.each([
    ['a value outside the data model', { ...COMMAND_REQUEST, command: { x: undefined } }],
    ['a number that is not finite', { ...COMMAND_REQUEST, command: Number.NaN }],
    ['a session id out of range', { ...COMMAND_REQUEST, sessionId: -1 }],
    ['a sequence of 0', { ...COMMAND_REQUEST, sequence: 0, firstIncomplete: 0 }],
    ['a fractional sequence', { ...COMMAND_REQUEST, sequence: 2.5 }],
    ['a result it says it has', { ...COMMAND_REQUEST, sequence: 3, firstIncomplete: 4 }],
    ['commands that are no list', { ...COMMAND_REQUEST, type: 'Batch', commands: 'ab' }],
    ['a timeout of 0', { type: 'OpenSession', timeout: 0 }],
    ['no session to close', { type: 'CloseSession', sessionId: 0 }],
    ['an unknown type', { type: 'Nonsense' }],
  ])('refused at the door: %s', (_, request) => {
    expect(encodeRequest(request as typeof COMMAND_REQUEST, 1)).toBeNull();
  });
});
