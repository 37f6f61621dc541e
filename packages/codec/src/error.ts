/**
 * Why a value cannot become bytes, or bytes a value. Codes are stable: callers branch on them, people read the reason.
 */

/**
 * Refused values: UNSUPPORTED (no place in the data model), UNDEFINED, NOT_FINITE, TOO_DEEP (or cyclic), BAD_TEXT
 * (a lone surrogate). Refused bytes: TRUNCATED, TRAILING (more than one item), MALFORMED (not well-formed CBOR), UNSUPPORTED (tags,
 * undefined, indefinite lengths), UNSAFE_INTEGER, NOT_FINITE, BAD_TEXT (not UTF-8), BAD_KEY, DUPLICATE_KEY, TOO_DEEP.
 */
export type CodecCode =
  | 'UNSUPPORTED'
  | 'UNDEFINED'
  | 'NOT_FINITE'
  | 'BAD_KEY'
  | 'DUPLICATE_KEY'
  | 'BAD_TEXT'
  | 'TOO_DEEP'
  | 'UNSAFE_INTEGER'
  | 'TRUNCATED'
  | 'TRAILING'
  | 'MALFORMED';

/** Thrown by `encode` and `decodeOrThrow`; the safe forms return the same two fields as a value. */
export class CodecError extends Error {
  readonly code: CodecCode;

  constructor(code: CodecCode, reason: string) {
    super(reason);
    this.name = 'CodecError';
    this.code = code;
  }
}

/** A refusal as a value. */
export interface Refused {
  readonly ok: false;
  readonly code: CodecCode;
  readonly reason: string;
}

/** Turns what was thrown while coding into a refusal; anything else is a broken invariant and goes on up. */
export function refusalOf(thrown: unknown): Refused {
  if (thrown instanceof CodecError) return { ok: false, code: thrown.code, reason: thrown.message };
  throw thrown;
}
