/**
 * What a leader sends: the same entries mostly go to every follower at once, in messages that differ in the receiver's id alone. They are
 * encoded and summed once; for the others that byte and the checksum are changed in a copy. Kept: the bytes are those of `encodePeer`.
 */
import { copyBytes, crc32cChange } from '@seedraft/codec';
import type { AppendEntries } from '@seedraft/core';
import type { MemberMessage } from '@seedraft/replica';
import { readChecksum, writeChecksum } from './frame.ts';
import { encodePeer, ONE_BYTE_IDS, TO_OFFSET } from './peer.ts';

/** One for all peers of a member. The frames it gives must not be written to. */
export class PeerEncoder {
  #last: AppendEntries | null = null;
  #frame: Uint8Array = new Uint8Array(0);

  encode(message: MemberMessage): Uint8Array {
    if (message.type !== 'AppendEntries' || message.entries.length === 0)
      return encodePeer(message);
    const last = this.#last;
    if (last !== null && areTwins(last, message)) return readdressed(this.#frame, message.to);
    this.#last = message;
    this.#frame = encodePeer(message);
    return this.#frame;
  }
}

/** The core hands one array of entries to all who are at the same place. */
function areTwins(a: AppendEntries, b: AppendEntries): boolean {
  return (
    a.entries === b.entries &&
    a.prevLogIndex === b.prevLogIndex &&
    a.prevLogTerm === b.prevLogTerm &&
    a.term === b.term &&
    a.leaderCommit === b.leaderCommit &&
    a.round === b.round &&
    a.from === b.from &&
    Math.max(a.from, a.to, b.to) < ONE_BYTE_IDS
  );
}

function readdressed(frame: Uint8Array, to: number): Uint8Array {
  const copy = copyBytes(frame);
  const difference = copy[TO_OFFSET]! ^ to;
  copy[TO_OFFSET] = to;
  const change = crc32cChange(difference, frame.length - TO_OFFSET - 1);
  writeChecksum(copy, readChecksum(frame) ^ change);
  return copy;
}
