/**
 * Proves: every message of the native client protocol survives the wire; ill-typed ones are refused by name; and the test vectors printed
 * in the room's README are what this code speaks.
 */
import { createHmac, scryptSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { encode } from '@seedraft/codec';
import type { PeerMessage } from '@seedraft/core';
import {
  backupHeaderTuple,
  type ClientFrame,
  decodeFrame,
  decodePeer,
  encodeClient,
  encodeFrame,
  encodeHandshake,
  encodePeer,
  encodeProof,
  encodeRefusal,
  FRAME_KIND,
  type Frame,
  type Handshake,
  type PeerRefusal,
  proofInput,
  readBackupEnd,
  readBackupHeader,
  readClientFrame,
  readHandshakeFrame,
  readProofFrame,
  readRefusalFrame,
} from '@seedraft/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clientFrame } from './messages.ts';

const opened = (bytes: Uint8Array) => decodeFrame(bytes) as Frame;

describe('client messages', () => {
  test('round trip', () => {
    fc.assert(
      fc.property(clientFrame, (message) => {
        expect(readClientFrame(opened(encodeClient(message)))).toEqual({ ok: true, message });
      }),
      { numRuns: 600 },
    );
  });

  test.each<[string, number, unknown]>([
    ['request id 0', FRAME_KIND.request, [0, 7]],
    ['an unknown request', FRAME_KIND.request, [1, 11]],
    ['a backup in no read mode', FRAME_KIND.request, [1, 10, 3]],
    ['a watch without its query', FRAME_KIND.request, [1, 8]],
    ['a status request with more', FRAME_KIND.request, [1, 9, null]],
    ['a hello without a token', FRAME_KIND.hello, [1, '', 'c']],
    ['an event without an index', FRAME_KIND.event, [1, null, null]],
    ['a cancel of nothing', FRAME_KIND.cancel, [0]],
    ['a snapshot request with more', FRAME_KIND.request, [1, 7, 0]],
    ['sequence 0 within a session', FRAME_KIND.request, [1, 2, 5, 0, 0, null]],
    ['an unknown read mode', FRAME_KIND.request, [1, 4, 3, null]],
    ['a batch that is no list', FRAME_KIND.request, [1, 3, 0, 0, 0, null]],
    ['an unknown refusal', FRAME_KIND.reply, [1, 1, 'BECAUSE', '', 0, '']],
    ['an unknown reply', FRAME_KIND.reply, [1, 3, 0, 0]],
    ['credits that are no integer', FRAME_KIND.credit, [0.5]],
  ])('refused: %s', (_, kind, value) => {
    const frame = opened(encodeFrame(kind, encode(value)));
    expect(readClientFrame(frame)).toMatchObject({ ok: false, code: 'BAD_MESSAGE' });
  });

  const configuration = { members: [], outgoing: null, autoLeave: false, highestId: 0 };
  const header = { clusterId: 'c', member: 1, version: '1', index: 1, term: 1, clusterTime: 0 };
  const full = { ...header, stateDigest: '0'.repeat(16), configuration, configurationIndex: 0 };

  test("a backup's beginning and end survive, and are read strictly", () => {
    expect(readBackupHeader(backupHeaderTuple(full))).toEqual({ ok: true, message: full });
    expect(readBackupEnd([5, 7])).toEqual({ ok: true, message: { size: 5, checksum: 7 } });
    for (const [at, value] of [
      [1, 0],
      [3, 0],
      [6, 'xyz'],
      [7, null],
      [8, -1],
    ] as const) {
      const tuple = backupHeaderTuple(full).with(at, value);
      expect(readBackupHeader(tuple), `${at}`).toMatchObject({ ok: false });
    }
    expect(readBackupEnd([5, 2 ** 32])).toMatchObject({ ok: false, code: 'BAD_MESSAGE' });
    expect(readBackupEnd(null)).toMatchObject({ ok: false, code: 'BAD_MESSAGE' });
  });

  test('a peer message is no client message', () => {
    const frame = opened(encodePeer({ type: 'TimeoutNow', from: 1, to: 2, term: 3 }));
    expect(readClientFrame(frame)).toMatchObject({ ok: false, code: 'WRONG_KIND' });
  });
});

describe('the vectors in packages/wire/README.md', () => {
  const readme = readFileSync(new URL('../../packages/wire/README.md', import.meta.url), 'utf8');
  const block = /```vectors\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const vectors = block
    .trim()
    .split('\n\n')
    .map((lines) => lines.split('\n') as [string, string, string]);

  /** {"hex":"0102"} in the README's JSON is a byte string. */
  const revive = (_: string, v: unknown) =>
    v !== null && typeof v === 'object' && 'hex' in v
      ? Uint8Array.from(Buffer.from(String(v.hex), 'hex'))
      : v;

  const introduction = (name: string, value: unknown, bytes: Uint8Array) => {
    const frame = opened(bytes);
    switch (name.split(/[ ,]+/)[1]) {
      case 'proof':
        return { encoded: encodeProof(value as Uint8Array), read: readProofFrame(frame) };
      case 'refusal':
        return { encoded: encodeRefusal(value as PeerRefusal), read: readRefusalFrame(frame) };
      default:
        return { encoded: encodeHandshake(value as Handshake), read: readHandshakeFrame(frame) };
    }
  };

  test('the proofs are the HMAC-SHA-256 that the README says they are', () => {
    const frameOf = (name: string) => {
      const found = vectors.find(([title]) => title === name)!;
      return opened(Uint8Array.from(Buffer.from(found[2], 'hex')));
    };
    const dialler = frameOf('members handshake, dialler with a secret').payload;
    const acceptor = frameOf('members handshake, acceptor with a secret').payload;
    const key = scryptSync('correct horse battery staple', 'blue', 32, { N: 16384, r: 8, p: 1 });
    for (const prover of ['dialler', 'acceptor'] as const) {
      const mac = createHmac('sha256', key)
        .update(proofInput(prover, dialler, acceptor))
        .digest();
      const read = readProofFrame(frameOf(`members proof, ${prover}`));
      expect(read).toEqual({ ok: true, message: Uint8Array.from(mac) });
    }
  });

  test('there are some of every frame kind', () => {
    const kinds = new Set(vectors.map(([, , hex]) => Number.parseInt(hex.slice(4, 6), 16)));
    expect([...kinds].sort((a, b) => a - b)).toEqual(Object.values(FRAME_KIND));
  });

  test.each(vectors)('%s', (name, json, hex) => {
    const value = JSON.parse(json, revive);
    const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
    const { encoded, read } = name.startsWith('peer')
      ? { encoded: encodePeer(value as PeerMessage), read: decodePeer(bytes) }
      : name.startsWith('members')
        ? introduction(name, value, bytes)
        : { encoded: encodeClient(value as ClientFrame), read: readClientFrame(opened(bytes)) };
    expect(Buffer.from(encoded).toString('hex')).toBe(hex);
    expect(read).toEqual({ ok: true, message: value });
  });
});
