/** What to do about each refusal, in one sentence a person can act upon. */
import type { RefusalCode } from './message.ts';

const SENTENCES: Readonly<Record<RefusalCode, string>> = {
  NOT_LEADER: 'This member does not lead; send the request to the leader named in the reply.',
  NO_LEADER: 'No leader is known at the moment; retry after an election timeout.',
  NOT_READY: 'This member is repairing its log or waiting for its disk; retry later or elsewhere.',
  TRANSFERRING: 'Leadership is being handed over; retry in a moment, at the new leader.',
  UNCOMMITTED_LIMIT:
    'Too many bytes wait for a majority; slow down, and check that a majority of members is reachable.',
  LOG_LIMIT: 'The log in memory is full; a snapshot must be taken before more can be appended.',
  NO_SPACE: 'The disk of this member is full; free space, or move leadership elsewhere.',
  CHANGE_IN_FLIGHT:
    'Another membership change has not ended; wait for it, or leave the joint configuration first.',
  NO_COMMIT_IN_TERM: 'The leader has not committed in its term yet; retry in a moment.',
  INVALID_CHANGE:
    'The change contradicts the configuration or moves more than one voter; check ids and roles, or use a joint change.',
  NOT_JOINT: 'The configuration is not joint, so there is nothing to leave.',
  UNKNOWN_MEMBER: 'No member with this id is in the configuration; check the id.',
  NOT_VOTER: 'The member is not a voter; promote it first.',
  LEASE_DISABLED: 'Lease reads are not enabled; set leaseReads, or read with ReadIndex.',
  LEASE_EXPIRED: 'The lease ran out; read with ReadIndex.',
  LAGGING: 'The member is silent or too far behind; wait until it has caught up.',
  TRANSFER_TIMEOUT: 'The target did not take over in time; check it, and try again.',
  TOO_MANY_HOPS: 'The request was passed on too often; send it to the leader directly.',
  ENTRY_TOO_LARGE: 'The command is larger than maxEntryBytes; split it or raise the limit.',
  STOPPED: 'This member stopped after a failed write; restart it and let it recover.',
};

/** Complete, ends with a full stop, names the remedy. */
export function refusalSentence(code: RefusalCode): string {
  return SENTENCES[code];
}
