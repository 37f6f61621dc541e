/**
 * Proves: every peer message survives the wire unchanged; a message that no correct member could have sent is refused by name; and no
 * bytes behind a valid checksum make the reader throw or let through something ill-typed.
 */
import { encode } from '@seedraft/codec';
import { type AppendEntries, InvariantError } from '@seedraft/core';
import type { MemberMessage } from '@seedraft/replica';
import {
  decodeFrame,
  decodePeer,
  encodeFrame,
  encodeHandshake,
  encodePeer,
  FRAME_KIND,
  type Frame,
  PEER_TYPES,
  PeerEncoder,
  proofInput,
  readHandshakeFrame,
} from '@seedraft/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { peerMessage } from './messages.ts';

const framed = (value: unknown) => encodeFrame(FRAME_KIND.peer, encode(value));
const opened = (bytes: Uint8Array) => decodeFrame(bytes) as Frame;

describe('peer messages', () => {
  test('round trip of all fifteen', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(peerMessage, (message) => {
        seen.add(message.type);
        expect(decodePeer(encodePeer(message))).toEqual({ ok: true, message });
      }),
      { numRuns: 1500 },
    );
    expect([...seen].sort()).toEqual([...PEER_TYPES].sort());
  });

  test('one message, one sequence of bytes', () => {
    fc.assert(
      fc.property(peerMessage, (message) => {
        const decoded = decodePeer(encodePeer(message));
        if (!decoded.ok) throw new Error(decoded.reason);
        expect(encodePeer(decoded.message)).toEqual(encodePeer(message));
      }),
    );
  });

  test('encoded once for all followers, the bytes are those of each message by itself', () => {
    const receivers = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 4 });
    const changed = fc.constantFrom('term', 'leaderCommit', 'round', 'from', 'type');
    let readdressed = 0;
    const check = (encoder: PeerEncoder, message: MemberMessage): void => {
      expect(Buffer.compare(encoder.encode(message), encodePeer(message))).toBe(0);
    };
    fc.assert(
      fc.property(peerMessage, receivers, changed, (message, ids, field) => {
        const encoder = new PeerEncoder();
        for (const to of ids) check(encoder, { ...message, to });
        if (message.type !== 'AppendEntries' || field === 'type') return;
        if (message.entries.length > 0) readdressed++;
        check(encoder, { ...message, [field]: message[field] + 1 });
      }),
      { numRuns: 1000 },
    );
    expect(readdressed).toBeGreaterThan(10);
  });

  test('decoded bytes are the receiver’s: the frame may be reused', () => {
    const data = Uint8Array.of(1, 2, 3);
    const frame = encodePeer({
      type: 'ForwardProposal',
      from: 1,
      to: 2,
      term: 3,
      id: 4,
      data,
      checksum: 5,
      hops: 0,
    });
    const decoded = decodePeer(frame);
    frame.fill(0);
    expect(decoded).toMatchObject({ ok: true, message: { data } });
  });

  const E: readonly unknown[] = [1, 0, 7, new Uint8Array(1)];
  const member = (id: number, role: number): unknown[] => [id, '', '', '', '', role, 0];
  const snapshot = (configuration: unknown, change: object = {}) =>
    Object.values({ id: 's', i: 5, t: 1, configuration, ci: 0, size: 10, sum: 0, ...change });
  const install = (s: unknown, offset = 0, length = 2, data = new Uint8Array(2)) => [
    7,
    1,
    2,
    3,
    s,
    offset,
    length,
    data,
    0,
  ];
  const C = [[member(1, 0)], null, false, 9];
  test.each<[string, unknown]>([
    ['no tuple', 5],
    ['empty', []],
    ['an unknown type', [15, 1, 2, 3]],
    ['type 0', [0, 1, 2, 3]],
    ['a fractional type', [1.5, 1, 2, 3]],
    ['too short', [9, 1, 2]],
    ['too long', [9, 1, 2, 3, 4]],
    ['from nobody', [9, 0, 2, 3]],
    ['a fractional id', [9, 1, 2.5, 3]],
    ['a negative term', [9, 1, 2, -1]],
    ['an unsafe term', [9, 1, 2, 2 ** 53]],
    ['a text term', [9, 1, 2, '3']],
    ['a number for a flag', [2, 1, 2, 3, 1]],
    ['a log term without an index', [3, 1, 2, 3, 0, 2]],
    ['an index without a log term', [3, 1, 2, 3, 2, 0]],
    ['a log beyond the message’s term', [3, 1, 2, 3, 9, 4]],
    ['entries that are no list', [5, 1, 2, 3, 0, 0, 0, 0, null]],
    ['an entry of term 0', [5, 1, 2, 3, 0, 0, 0, 0, [E.with(0, 0)]]],
    ['an entry of a later term', [5, 1, 2, 3, 0, 0, 0, 0, [E.with(0, 4)]]],
    ['decreasing terms', [5, 1, 2, 3, 0, 0, 0, 0, [E.with(0, 2), E]]],
    ['terms below prevLogTerm', [5, 1, 2, 3, 4, 2, 0, 0, [E]]],
    ['indexes beyond 2^53', [5, 1, 2, 3, Number.MAX_SAFE_INTEGER, 1, 0, 0, [E]]],
    ['an unknown entry kind', [5, 1, 2, 3, 0, 0, 0, 0, [E.with(1, 3)]]],
    ['a noop with data', [5, 1, 2, 3, 0, 0, 0, 0, [E.with(1, 1)]]],
    ['a command without bytes', [5, 1, 2, 3, 0, 0, 0, 0, [E.with(3, 'x')]]],
    ['a checksum of 33 bits', [5, 1, 2, 3, 0, 0, 0, 0, [E.with(2, 2 ** 32)]]],
    ['an unknown role', install(snapshot([[member(1, 3)], null, false, 9]))],
    ['unsorted members', install(snapshot([[member(2, 0), member(1, 0)], null, false, 9]))],
    ['a member twice', install(snapshot([[member(1, 0), member(1, 0)], null, false, 9]))],
    ['leaving nothing', install(snapshot([[member(1, 2)], null, false, 9]))],
    ['an outgoing stranger', install(snapshot([[member(1, 0)], [2], false, 9]))],
    ['a bad incarnation', install(snapshot([[member(1, 0).with(1, 'XYZ')], null, false, 9]))],
    ['a member above highestId', install(snapshot([[member(2, 0)], null, false, 1]))],
    ['a configuration from after the snapshot', install(snapshot(C, { ci: 6 }))],
    ['a snapshot of nothing', install(snapshot(C, { i: 0 }))],
    ['bytes beyond the snapshot’s end', install(snapshot(C), 9)],
    ['more bytes than announced', install(snapshot(C), 0, 1)],
    ['an unknown refusal', [10, 1, 2, 3, 'BECAUSE']],
    ['a refusal from a prototype', [10, 1, 2, 3, 'constructor']],
    ['an unknown outcome', [14, 1, 2, 3, 4, [4, 1, 1]]],
  ])('refused: %s', (_, value) => {
    const decoded = decodePeer(framed(value));
    expect(decoded).toMatchObject({ ok: false, code: 'BAD_MESSAGE' });
  });

  test('the counterparts of those are accepted', () => {
    const good = [
      [9, 1, 2, 0],
      [3, 1, 2, 3, 0, 0],
      [3, 1, 2, 3, 9, 3],
      [5, 1, 2, 3, 4, 1, 0, 0, [E, E.with(0, 2), E.with(0, 3)]],
      install(snapshot(C), 8),
      install(snapshot([[member(1, 0), member(2, 2)], [1, 2], true, 9], { ci: 5 })),
    ];
    for (const value of good) expect(decodePeer(framed(value))).toMatchObject({ ok: true });
  });

  test('other flaws keep their names', () => {
    const frame = encodePeer({ type: 'TimeoutNow', from: 1, to: 2, term: 3 });
    expect(decodePeer(frame.with(-1 + frame.length, 77))).toMatchObject({ code: 'BAD_CHECKSUM' });
    expect(decodePeer(encodeFrame(1, encode([9, 1, 2, 3])))).toMatchObject({ code: 'WRONG_KIND' });
    expect(decodePeer(encodeFrame(2, Uint8Array.of(0xff)))).toMatchObject({ code: 'BAD_PAYLOAD' });
    expect(decodePeer(frame, 3)).toMatchObject({ code: 'TOO_LARGE' });
  });

  test('payloads damaged behind a valid checksum never throw, and what passes is a message that encodes again', () => {
    const mutated = fc.tuple(peerMessage, fc.nat(), fc.nat(255)).map(([m, at, byte]) => {
      const { payload } = opened(encodePeer(m));
      payload[at % payload.length] = byte;
      return payload;
    });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 60 })), (payload) => {
        const decoded = decodePeer(encodeFrame(FRAME_KIND.peer, payload));
        if (decoded.ok) expect(decodePeer(encodePeer(decoded.message))).toEqual(decoded);
      }),
      { numRuns: 1500 },
    );
  });

  test('what could only arrive as something else is not sent', () => {
    const data = new Uint8Array(0);
    const entry = {
      index: 7,
      term: 1,
      kind: 'command',
      data,
      checksum: 0,
      configuration: null,
    } as const;
    const gap: AppendEntries = {
      type: 'AppendEntries',
      from: 1,
      to: 2,
      term: 3,
      prevLogIndex: 5,
      prevLogTerm: 1,
      entries: [entry],
      leaderCommit: 0,
      round: 0,
    };
    expect(() => encodePeer(gap)).toThrow(InvariantError);
    const decoded = decodePeer(framed(install(snapshot(C)))) as { message: MemberMessage };
    expect(() => encodePeer({ ...decoded.message, data: null } as MemberMessage)).toThrow(
      InvariantError,
    );
  });
});

describe('handshake', () => {
  const handshake = {
    version: 1,
    clusterId: 'blue',
    id: 3,
    incarnation: '0123456789abcdef0123456789abcdef',
    address: 'b:7000',
    authentication: 'open' as const,
    nonce: new Uint8Array(0),
  };
  const rest = ['b:7000', 0, new Uint8Array(0)];

  test('round trip', () => {
    const read = readHandshakeFrame(opened(encodeHandshake(handshake)));
    expect(read).toEqual({ ok: true, message: handshake });
  });

  test.each<[string, unknown]>([
    ['no incarnation', [1, 'blue', 3, '', ...rest]],
    ['no id', [1, 'blue', 0, handshake.incarnation, ...rest]],
    ['a secret without a nonce', [1, 'blue', 3, handshake.incarnation, 'b:7000', 1, rest[2]]],
    ['a nonce for nothing', [1, 'blue', 3, handshake.incarnation, 'b:7000', 0, new Uint8Array(32)]],
  ])('refused: %s', (_, value) => {
    const frame = opened(encodeFrame(FRAME_KIND.handshake, encode(value)));
    expect(readHandshakeFrame(frame)).toMatchObject({ ok: false, code: 'BAD_MESSAGE' });
  });

  test('another version can be read, and judged', () => {
    const read = readHandshakeFrame(opened(encodeHandshake({ ...handshake, version: 2 })));
    expect(read).toEqual({ ok: true, message: { ...handshake, version: 2 } });
  });

  test('a proof covers its direction and every byte of both handshakes', () => {
    const one = encodeHandshake(handshake);
    const two = encodeHandshake({ ...handshake, id: 2 });
    const inputs = [
      proofInput('dialler', one, two),
      proofInput('acceptor', one, two),
      proofInput('dialler', two, one),
      proofInput('dialler', one.subarray(1), two),
    ].map((input) => Buffer.from(input).toString('hex'));
    expect(new Set(inputs).size).toBe(inputs.length);
  });

  test('a peer message is no handshake', () => {
    const frame = opened(encodePeer({ type: 'TimeoutNow', from: 1, to: 2, term: 3 }));
    expect(readHandshakeFrame(frame)).toMatchObject({ ok: false, code: 'WRONG_KIND' });
  });
});
