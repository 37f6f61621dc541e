export type { Configuration, Member, MemberChange, MemberId } from './configuration.ts';
export {
  changedMember,
  EMPTY_CONFIGURATION,
  firstConfiguration,
  incomingVoters,
  isVoterIn,
  memberOf,
} from './configuration.ts';
export { type Digest, digestOf } from './digest.ts';
export { InvariantError } from './invariants.ts';
export { entrySize, type LogView } from './log.ts';
export type * from './message.ts';
export {
  defaultConfig,
  type Limits,
  type RaftConfig,
  type RaftOptions,
  type Recovered,
  validateConfig,
} from './options.ts';
export { quorumSize } from './quorum.ts';
export { Raft } from './raft.ts';
export { refusalSentence } from './refusal.ts';
export type { FollowerStatus, Status } from './status.ts';
