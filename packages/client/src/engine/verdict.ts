/**
 * What a refusal means for a call: every code has exactly one verdict, and a code that members gain cannot be forgotten here. That
 * a refused submission had no effect is the members' promise; what about earlier submissions, the unit knows.
 */
import type { ClientRefusalCode } from '@seedraft/replica';

export type Verdict =
  /** Another member, or this one after an election: ask there. */
  | 'elsewhere'
  /** The right member, too busy now: ask it again in a moment. */
  | 'later'
  /** The call's own fault, or an answer in itself: tell the caller. */
  | 'final'
  /** The session is gone. */
  | 'session'
  /** The lease is: a read index does the same, and is stronger. */
  | 'read index';

const VERDICTS: Readonly<Record<ClientRefusalCode, Verdict>> = {
  NOT_LEADER: 'elsewhere',
  NO_LEADER: 'elsewhere',
  NOT_READY: 'elsewhere',
  TOO_MANY_HOPS: 'elsewhere',
  STOPPED: 'elsewhere',
  MEMBER_DAMAGED: 'elsewhere',
  TRANSFERRING: 'later',
  NO_COMMIT_IN_TERM: 'later',
  UNCOMMITTED_LIMIT: 'later',
  LOG_LIMIT: 'later',
  NO_SPACE: 'later',
  OVERLOADED: 'later',
  CHANGE_IN_FLIGHT: 'final',
  INVALID_CHANGE: 'final',
  NOT_JOINT: 'final',
  UNKNOWN_MEMBER: 'final',
  NOT_VOTER: 'final',
  LAGGING: 'final',
  TRANSFER_TIMEOUT: 'final',
  ENTRY_TOO_LARGE: 'final',
  LEASE_DISABLED: 'final',
  LEASE_EXPIRED: 'read index',
  SESSION_EXPIRED: 'session',
  STALE_SEQUENCE: 'final',
  BAD_REQUEST: 'final',
  STATE_LIMIT: 'final',
  MACHINE_ERROR: 'final',
  WATCH_LOST: 'final',
  UNAUTHORIZED: 'final',
};

export function verdictOn(code: ClientRefusalCode): Verdict {
  return VERDICTS[code];
}
