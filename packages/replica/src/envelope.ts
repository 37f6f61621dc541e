/**
 * What a command entry holds: the client's command, whose it is, and the cluster time at which it was proposed. A fixed-position tuple
 * [version, kind, time, sessionId, sequence, firstIncomplete, body], encoded once by the proposer and checksummed end to end: the CRC32C
 * is computed before the core sees the bytes and verified before they are applied, whatever carried them in between.
 */
import { CodecError, crc32c, decodeOrThrow, encode } from '@seedraft/codec';
import { type Entry, InvariantError } from '@seedraft/core';
import type { ClientRequest } from './request.ts';
import { MemberStopped } from './stopped.ts';

/** Raised when the shape changes; a member that meets a later one stops, since skipping an entry would fork its state. */
const VERSION = 1;

/** What `body` is: the timeout, null, the command, the list of commands, null. */
export const OPEN_SESSION = 1;
export const CLOSE_SESSION = 2;
export const COMMAND = 3;
export const BATCH = 4;
/** Nothing but its stamp: lets time pass when no client does. */
export const TICK = 5;
export type EnvelopeKind =
  | typeof OPEN_SESSION
  | typeof CLOSE_SESSION
  | typeof COMMAND
  | typeof BATCH
  | typeof TICK;

export interface Envelope {
  readonly kind: EnvelopeKind;
  /** The proposer's estimate of the cluster time, ms. */
  readonly time: number;
  /** 0: outside a session. */
  readonly sessionId: number;
  readonly sequence: number;
  readonly firstIncomplete: number;
  readonly body: unknown;
}

/** The requests that become entries. */
export type CommandRequest = Extract<
  ClientRequest,
  { type: 'OpenSession' | 'CloseSession' | 'Command' | 'Batch' }
>;

/** The bytes to propose for a request; null: BAD_REQUEST (a number out of range, or a value that the codec cannot carry). */
export function encodeRequest(request: CommandRequest, time: number): Uint8Array | null {
  switch (request.type) {
    case 'OpenSession':
      if (!isPositive(request.timeout)) return null;
      return encodeEnvelope(OPEN_SESSION, time, 0, 0, 0, request.timeout);
    case 'CloseSession':
      if (!isPositive(request.sessionId)) return null;
      return encodeEnvelope(CLOSE_SESSION, time, request.sessionId, 0, 0, null);
    case 'Command':
      return encodeCommand(COMMAND, time, request, request.command);
    case 'Batch':
      if (!Array.isArray(request.commands)) return null;
      return encodeCommand(BATCH, time, request, request.commands);
    default:
      return null;
  }
}

function encodeCommand(
  kind: typeof COMMAND | typeof BATCH,
  time: number,
  request: Extract<CommandRequest, { sequence: number }>,
  body: unknown,
): Uint8Array | null {
  const { sessionId, sequence, firstIncomplete } = request;
  if (sessionId === 0) return encodeEnvelope(kind, time, 0, 0, 0, body);
  if (!isPositive(sessionId) || !isPositive(sequence)) return null;
  // A client that has the result already does not ask for it.
  if (!Number.isSafeInteger(firstIncomplete) || firstIncomplete > sequence) return null;
  return encodeEnvelope(kind, time, sessionId, sequence, firstIncomplete, body);
}

function isPositive(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

/** The bytes of an envelope, or null when its body holds what the codec cannot carry. */
export function encodeEnvelope(
  kind: EnvelopeKind,
  time: number,
  sessionId: number,
  sequence: number,
  firstIncomplete: number,
  body: unknown,
): Uint8Array | null {
  try {
    return encode([VERSION, kind, time, sessionId, sequence, firstIncomplete, body]);
  } catch (thrown) {
    if (thrown instanceof CodecError) return null;
    throw thrown;
  }
}

/** The envelope of a committed entry. Throws when the bytes are not the ones that were proposed. */
export function decodeEnvelope(entry: Entry): Envelope {
  if (crc32c(entry.data) !== entry.checksum) {
    throw new InvariantError(
      'S5',
      `entry ${entry.index}@${entry.term} is not what was proposed: its checksum is ${hex(crc32c(entry.data))}, ` +
        `the proposer's was ${hex(entry.checksum)}`,
    );
  }
  const tuple = decodeOrThrow(entry.data) as unknown[];
  if (tuple[0] !== VERSION) {
    throw new MemberStopped(
      'NEWER_FORMAT',
      `entry ${entry.index}@${entry.term} has format ${String(tuple[0])}; this version reads ${VERSION}: upgrade this member`,
    );
  }
  return {
    kind: tuple[1] as EnvelopeKind,
    time: tuple[2] as number,
    sessionId: tuple[3] as number,
    sequence: tuple[4] as number,
    firstIncomplete: tuple[5] as number,
    body: tuple[6],
  };
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}
