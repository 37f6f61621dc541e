/**
 * What a leader does at every heartbeat interval (section 5.2), and CheckQuorum (dissertation 6.2): a leader that has not heard a majority for
 * an election timeout falls silent, so that nobody's stickiness keeps a dead term alive.
 */

import { beginRound, confirmRounds } from './read.ts';
import { broadcastBeat } from './replication.ts';
import { becomeFollower } from './role.ts';
import type { RaftState } from './state.ts';
import { quorumOf } from './tracker.ts';
import { considerPreferredLeader } from './transfer.ts';

/** F2 RS.L.1: heartbeats during idle periods prevent election timeouts. First the question whether they are still due. */
export function onHeartbeatTimeout(raft: RaftState): void {
  if (raft.config.checkQuorum && hasLostQuorum(raft)) {
    becomeFollower(raft, raft.currentTerm, 0, 'a majority fell silent');
    return;
  }
  raft.heartbeatDeadline = raft.now + raft.config.heartbeatInterval;
  beginRound(raft);
  broadcastBeat(raft, 'heartbeat');
  confirmRounds(raft);
  considerPreferredLeader(raft);
}

function hasLostQuorum(raft: RaftState): boolean {
  return quorumOf(raft, 'lastContact') <= raft.now - raft.config.electionTimeoutMax;
}
