/**
 * What can be wrong with bytes that arrive. A flaw is a value; the connection that brought it is closed by whoever owns it, since
 * nothing after a bad frame can be trusted to start where it seems to.
 */

/**
 * BAD_MAGIC: not our protocol. BAD_VERSION: a newer peer. BAD_HEADER: a reserved byte is set. TOO_LARGE: longer than the cap, told before
 * anything was allocated. BAD_CHECKSUM: damaged on the way. TRUNCATED, TRAILING: not exactly one frame. WRONG_KIND: a sound frame of
 * another kind than expected here. BAD_PAYLOAD: sound bytes that are not CBOR of our data model. BAD_MESSAGE: a field out of its range.
 */
export type FlawCode =
  | 'BAD_MAGIC'
  | 'BAD_VERSION'
  | 'BAD_HEADER'
  | 'TOO_LARGE'
  | 'BAD_CHECKSUM'
  | 'TRUNCATED'
  | 'TRAILING'
  | 'WRONG_KIND'
  | 'BAD_PAYLOAD'
  | 'BAD_MESSAGE';

export interface Flaw {
  readonly ok: false;
  readonly code: FlawCode;
  /** A sentence for people. */
  readonly reason: string;
}

export function flaw(code: FlawCode, reason: string): Flaw {
  return { ok: false, code, reason };
}
