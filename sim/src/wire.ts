/**
 * What the links of a run carry: the types there are, and the frames that messages become when a run goes through bytes. One for Raft,
 * over the production codec of peers; one for each protocol of a user's own (protocol/).
 */
import { decodePeer, encodePeer } from '@seedraft/wire';
import { LINK_TYPES, typeNumber } from './link.ts';

export type Decoded =
  | { readonly ok: true; readonly message: unknown }
  | { readonly ok: false; readonly reason: string };

export interface Wire {
  /** In the order of their numbers, which are part of the keys of draws. ClientRequest and ClientReply are among them. */
  readonly types: readonly string[];
  /** A type's place in `types`; throws when no link carries it. */
  numberOf(type: string): number;
  encode(message: unknown): Uint8Array;
  /** Must refuse every frame that was damaged. */
  decode(bytes: Uint8Array): Decoded;
}

export const RAFT_WIRE: Wire = {
  types: LINK_TYPES,
  numberOf: typeNumber,
  encode: (message) => encodePeer(message as Parameters<typeof encodePeer>[0]),
  decode: decodePeer,
};
