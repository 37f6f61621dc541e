/**
 * Reading fixed-position tuples of unknown content. Each reader returns a value of its type or throws BadField, which never leaves this
 * room: `readMessage` turns it into a flaw. Throwing keeps the readers of messages as plain as the tuples they read.
 */
import { type Decoded, decode, decodeShared } from '@seedraft/codec';
import { type Flaw, flaw } from './flaw.ts';

class BadField extends Error {}

/** Says what is wrong and stops reading the message. */
export function refuse(reason: string): never {
  throw new BadField(reason);
}

/** The message in a payload, which begins at `from`, by `read`; or what is wrong with it. Never throws for bad bytes, keeps none. */
export function readMessage<M>(
  payload: Uint8Array,
  read: (value: unknown) => M,
  from = 0,
): { readonly ok: true; readonly message: M } | Flaw {
  return judge(decode(payload, from), read);
}

/** As `readMessage`, but byte strings in the message are views of the payload, which must never be written again. */
export function readShared<M>(
  payload: Uint8Array,
  read: (value: unknown) => M,
): { readonly ok: true; readonly message: M } | Flaw {
  return judge(decodeShared(payload), read);
}

function judge<M>(
  decoded: Decoded,
  read: (value: unknown) => M,
): { readonly ok: true; readonly message: M } | Flaw {
  if (!decoded.ok) return flaw('BAD_PAYLOAD', `${decoded.code}: ${decoded.reason}`);
  return readValue(() => read(decoded.value));
}

/** What `read` reads of a value that is decoded already, or what is wrong with it. */
export function readValue<M>(read: () => M): { readonly ok: true; readonly message: M } | Flaw {
  try {
    return { ok: true, message: read() };
  } catch (thrown) {
    if (thrown instanceof BadField) return flaw('BAD_MESSAGE', thrown.message);
    throw thrown;
  }
}

/** A tuple of exactly this length. */
export function tuple(value: unknown, length: number, name: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length !== length) refuse(`${name} is no ${length}-tuple`);
  return value;
}

export function list(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) refuse(`${name} is no list`);
  return value;
}

/** A safe integer >= `least`. */
export function integer(value: unknown, least: number, name: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    refuse(`${name} is no integer >= ${least}`);
  }
  return value as number;
}

/** A safe integer >= 0: an index, a term, a round, an offset. */
export function natural(value: unknown, name: string): number {
  return integer(value, 0, name);
}

/** A member's id or a request's: > 0. */
export function identity(value: unknown, name: string): number {
  return integer(value, 1, name);
}

export function uint32(value: unknown, name: string): number {
  if (natural(value, name) > 0xffff_ffff) refuse(`${name} exceeds 32 bits`);
  return value as number;
}

export function flag(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') refuse(`${name} is no boolean`);
  return value;
}

export function text(value: unknown, name: string): string {
  if (typeof value !== 'string') refuse(`${name} is no text`);
  return value;
}

export function bytes(value: unknown, name: string): Uint8Array {
  if (!(value instanceof Uint8Array)) refuse(`${name} is no byte string`);
  return value;
}

/** One of `names`, sent as its position. */
export function choice<T extends string>(value: unknown, names: readonly T[], name: string): T {
  const chosen = typeof value === 'number' ? names[value] : undefined;
  if (chosen === undefined) refuse(`${name} is not in 0..${names.length - 1}`);
  return chosen;
}
