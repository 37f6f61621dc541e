/**
 * The two ways a member stops by itself, both loud: the world failed it (MemberStopped), or the user's machine broke its contract
 * (MachineError). A third, the core's InvariantError, says that we are wrong. None of them may be caught and carried on from: what is in
 * memory then no longer follows from what is durable. The driver lets the member die, says why, and starts a new one from its disk.
 */
import type { MemberId } from '@seedraft/core';

/**
 * Why a member stopped. A persist failure's own code is passed on (`EIO`, ...): a failed fsync is never retried, because the kernel
 * may already have dropped the pages. `SNAPSHOT_UNREADABLE`: the base of the log cannot be read back. `NEWER_FORMAT`: an entry or a
 * snapshot was written by a later version.
 */
export class MemberStopped extends Error {
  readonly code: string;

  constructor(code: string, sentence: string, options?: { readonly cause: unknown }) {
    super(sentence, options);
    this.name = 'MemberStopped';
    this.code = code;
  }
}

/**
 * The state machine threw, returned a promise, or gave a result that no message can carry. It would do so on every member and again
 * after each restart, so nothing is gained by going on: the machine must be mended.
 */
export class MachineError extends Error {
  /** The entry being applied; 0: a query, a snapshot or a restore. */
  readonly index: number;

  constructor(index: number, sentence: string, options?: { readonly cause: unknown }) {
    super(index === 0 ? sentence : `entry ${index}: ${sentence}`, options);
    this.name = 'MachineError';
    this.index = index;
  }
}

export function stoppedBefore(id: MemberId, death: unknown): MemberStopped {
  return new MemberStopped('STOPPED', `member ${id} has stopped and answers no more`, {
    cause: death,
  });
}

/** The kernel may have dropped the pages: a second fsync would succeed and prove nothing. */
export function writeFailed(id: MemberId, code: string): MemberStopped {
  return new MemberStopped(
    code,
    `member ${id} could not make a write durable (${code}) and stops: restart it, and it starts from what its disk proves`,
  );
}
