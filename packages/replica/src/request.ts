/**
 * What clients ask of a member and what they are told: the one ClientRequest interface that every client protocol speaks.
 * Exactly one ClientReply ends each request, unless the member dies.
 */
import {
  type Index,
  type MemberChange,
  type MemberId,
  type RefusalCode,
  refusalSentence,
  type Term,
} from '@seedraft/core';
import type { CaptureRequest } from './capture.ts';
import type { ReadMode } from './ports.ts';

export type ClientRequest =
  /** Open a session; the answer is its id (= the index of its registration). `timeout`: ms of cluster time without a command. */
  | { readonly type: 'OpenSession'; readonly timeout: number }
  | { readonly type: 'CloseSession'; readonly sessionId: number }
  /**
   * Replicate a command. With a session (`sessionId` > 0) it is applied exactly once however often it is sent under one `sequence` (>= 1);
   * results below `firstIncomplete` may be forgotten. Without (`sessionId` 0) never retry an `unknown`.
   */
  | {
      readonly type: 'Command';
      readonly sessionId: number;
      readonly sequence: number;
      readonly firstIncomplete: number;
      readonly command: unknown;
    }
  /** Several commands as one entry, all or nothing, one result each. */
  | {
      readonly type: 'Batch';
      readonly sessionId: number;
      readonly sequence: number;
      readonly firstIncomplete: number;
      readonly commands: readonly unknown[];
    }
  | { readonly type: 'Query'; readonly mode: ReadMode; readonly query: unknown }
  | {
      readonly type: 'ChangeMembership';
      readonly changes: readonly MemberChange[];
      readonly mode: 'single' | 'joint' | 'explicit';
    }
  | { readonly type: 'TransferLeadership'; readonly target: MemberId }
  /** Take a snapshot now; answered when it is durable. */
  | { readonly type: 'Snapshot' };

/** A request under the id its one answer will bear. */
export interface AskedRequest {
  readonly requestId: number;
  readonly request: ClientRequest | CaptureRequest;
}

/** Codes a client may see besides the core's. `sentence(code)` says what to do about each. */
export type ClientRefusalCode =
  | RefusalCode
  | 'SESSION_EXPIRED'
  | 'STALE_SEQUENCE'
  | 'BAD_REQUEST'
  | 'STATE_LIMIT'
  | 'MACHINE_ERROR'
  | 'MEMBER_DAMAGED'
  | 'OVERLOADED'
  | 'WATCH_LOST'
  | 'UNAUTHORIZED';

export type ClientReply =
  | { readonly type: 'Ok'; readonly index: Index; readonly value: unknown }
  /**
   * This submission did nothing and never will; `leader` is 0 when unknown. It says nothing about earlier submissions of the same
   * sequence: whoever retries an `Unknown` and is then refused still does not know about the first try.
   */
  | { readonly type: 'Refused'; readonly code: ClientRefusalCode; readonly leader: MemberId }
  /** It may or may not take effect. Retry only under the same session and sequence. */
  | { readonly type: 'Unknown'; readonly index: Index; readonly term: Term };

const SENTENCES: Readonly<Record<Exclude<ClientRefusalCode, RefusalCode>, string>> = {
  SESSION_EXPIRED:
    'The session is unknown: it was never opened, was closed, or had no command for its timeout. Open a new one; ' +
    'whether commands without an answer took effect can only be found out by reading.',
  STALE_SEQUENCE:
    'The sequence is below firstIncomplete, so its result was already received. Use the next sequence.',
  BAD_REQUEST:
    'The request cannot be carried: a value outside the data model (undefined, NaN, a class instance), or a number out of range.',
  STATE_LIMIT:
    'The state machine holds as many bytes as it may. Reads go on; raise maxStateBytes on every member to write again.',
  MACHINE_ERROR: 'The state machine threw on this query. Nothing was changed.',
  MEMBER_DAMAGED: "This member's disk lost entries it had acknowledged. Ask another member.",
  OVERLOADED:
    'Too many requests are open, on this member or in this session. Wait for answers (and raise firstIncomplete), then try again.',
  WATCH_LOST:
    'Changes were missed: a snapshot replaced the state, or the watcher was too slow. Read what is watched anew, and watch again.',
  UNAUTHORIZED:
    'The token given is unknown here, or its role does not cover this request. Ask the operator for one that does.',
};

/** What a refusal means and what to do about it, for people. */
export function sentence(code: ClientRefusalCode): string {
  return code in SENTENCES
    ? SENTENCES[code as keyof typeof SENTENCES]
    : refusalSentence(code as RefusalCode);
}
