/** What a person or a dashboard asks of a member: who leads, how far everyone is, why this one does not lead. A copy; nothing depends on it. */
import type { Configuration, MemberId } from './configuration.ts';
import { isDiskSlow } from './durability.ts';
import type { Index, Role, SnapshotMetadata, Term } from './message.ts';
import type { ProgressState } from './progress.ts';
import type { RaftState } from './state.ts';
import { configurationIndexInForce, configurationInForce } from './tracker.ts';

export interface FollowerStatus {
  readonly id: MemberId;
  readonly state: ProgressState;
  readonly matchIndex: Index;
  readonly nextIndex: Index;
  readonly lastIndex: Index;
  readonly inflightMessages: number;
  readonly inflightBytes: number;
  /** Milliseconds since it was last heard in this term. */
  readonly silentFor: number;
  /** The learner's last catch-up round was short enough to promote it. */
  readonly caughtUp: boolean;
  readonly snapshotOffset: number;
}

export interface Status {
  readonly id: MemberId;
  readonly role: Role;
  /** Of the last change of role. */
  readonly reason: string;
  readonly term: Term;
  readonly votedFor: MemberId;
  /** 0: unknown. */
  readonly leader: MemberId;
  readonly firstIndex: Index;
  readonly lastIndex: Index;
  readonly durableIndex: Index;
  readonly commitIndex: Index;
  readonly lastApplied: Index;
  readonly logBytes: number;
  readonly uncommittedBytes: number;
  readonly snapshot: SnapshotMetadata | null;
  readonly configuration: Configuration;
  readonly configurationIndex: Index;
  /** Lowest id first; empty unless leader. */
  readonly followers: readonly FollowerStatus[];
  readonly transferringTo: MemberId;
  /** One sentence; '' for the leader. */
  readonly whyNotLeader: string;
  /** It is a voter, in a configuration that may be in force. */
  readonly isElectable: boolean;
  /** The election timeout as drawn, and how much of it has passed without a leader being heard, ms; a leader waits for none. */
  readonly electionTimeout: number;
  readonly electionElapsed: number;
}

export function statusOf(raft: RaftState): Status {
  return {
    id: raft.id,
    role: raft.role,
    reason: raft.roleReason,
    term: raft.currentTerm,
    votedFor: raft.votedFor,
    leader: raft.leader,
    firstIndex: raft.log.firstIndex,
    lastIndex: raft.log.lastIndex,
    durableIndex: raft.durableIndex,
    commitIndex: raft.commitIndex,
    lastApplied: raft.lastApplied,
    logBytes: raft.log.bytes,
    uncommittedBytes: raft.role === 'leader' ? raft.uncommittedBytes : 0,
    snapshot: raft.snapshot,
    configuration: configurationInForce(raft),
    configurationIndex: configurationIndexInForce(raft),
    followers: followersOf(raft),
    transferringTo: raft.transfer?.target ?? 0,
    whyNotLeader: whyNotLeader(raft),
    isElectable: raft.electable,
    electionTimeout: raft.electionTimeout,
    electionElapsed: Math.max(0, raft.electionTimeout - (raft.electionDeadline - raft.now)),
  };
}

function followersOf(raft: RaftState): readonly FollowerStatus[] {
  return raft.peers.map((progress) => ({
    id: progress.id,
    state: progress.state,
    matchIndex: progress.matchIndex,
    nextIndex: progress.nextIndex,
    lastIndex: progress.lastIndex,
    inflightMessages: progress.inflightCount,
    inflightBytes: progress.inflightBytes,
    silentFor: raft.now - progress.lastContact,
    caughtUp: progress.caughtUp,
    snapshotOffset: progress.snapshotOffset,
  }));
}

function whyNotLeader(raft: RaftState): string {
  if (raft.role === 'leader') return '';
  if (raft.stopped) return 'It stopped: a write failed, and what reached the disk is unknown.';
  if (raft.leader !== 0) return `It follows ${raft.leader} in term ${raft.currentTerm}.`;
  if (!raft.electable) return 'It is not a voter in any configuration that may be in force.';
  if (raft.repairUntil > 0) return `Entries it once held are missing up to ${raft.repairUntil}.`;
  if (raft.diskFull) return 'Its disk is full.';
  if (isDiskSlow(raft)) return 'Its disk has kept a write for longer than an election timeout.';
  if (raft.role === 'follower') return 'Its election timeout has not elapsed yet.';
  if (raft.role === 'candidate' && raft.durableTerm !== raft.currentTerm) {
    return 'Its own vote is not durable yet.';
  }
  const granted = raft.votesGranted.length === 0 ? 'nobody' : raft.votesGranted.join(', ');
  return `It is a ${raft.role} in term ${raft.currentTerm}; granted by ${granted}: no majority.`;
}
