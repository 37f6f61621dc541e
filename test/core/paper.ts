/**
 * Figure 2's two RPCs as the paper words them, over plain arrays and with no thought of speed, disks or messages that come twice: the twin
 * that the core's receivers are compared with.
 */

export interface PaperServer {
  currentTerm: number;
  votedFor: number | null;
  /** log[0] is the entry at index 1; only terms matter here. */
  log: number[];
  commitIndex: number;
}

export interface PaperAppendEntries {
  readonly term: number;
  readonly prevLogIndex: number;
  readonly prevLogTerm: number;
  readonly terms: readonly number[];
  readonly leaderCommit: number;
}

export interface PaperRequestVote {
  readonly term: number;
  readonly candidateId: number;
  readonly lastLogIndex: number;
  readonly lastLogTerm: number;
}

/** "If RPC request or response contains term T > currentTerm: set currentTerm = T". */
function allServers(server: PaperServer, term: number): void {
  if (term <= server.currentTerm) return;
  server.currentTerm = term;
  server.votedFor = null;
}

export function appendEntries(server: PaperServer, rpc: PaperAppendEntries): boolean {
  allServers(server, rpc.term);
  // 1. Reply false if term < currentTerm.
  if (rpc.term < server.currentTerm) return false;
  // 2. Reply false if log doesn't contain an entry at prevLogIndex whose term matches prevLogTerm.
  if (rpc.prevLogIndex > 0 && server.log[rpc.prevLogIndex - 1] !== rpc.prevLogTerm) return false;
  // 3. If an existing entry conflicts with a new one, delete it and all that follow it.
  for (let i = 0; i < rpc.terms.length; i += 1) {
    const at = rpc.prevLogIndex + i;
    if (at < server.log.length && server.log[at] !== rpc.terms[i]) server.log.length = at;
  }
  // 4. Append any new entries not already in the log.
  for (let i = 0; i < rpc.terms.length; i += 1) {
    const at = rpc.prevLogIndex + i;
    if (at >= server.log.length) server.log.push(rpc.terms[i] as number);
  }
  // 5. If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last new entry).
  if (rpc.leaderCommit > server.commitIndex) {
    const last = rpc.prevLogIndex + rpc.terms.length;
    server.commitIndex = Math.max(server.commitIndex, Math.min(rpc.leaderCommit, last));
  }
  return true;
}

export function requestVote(server: PaperServer, rpc: PaperRequestVote): boolean {
  allServers(server, rpc.term);
  // 1. Reply false if term < currentTerm.
  if (rpc.term < server.currentTerm) return false;
  // 2. If votedFor is null or candidateId, and candidate's log is at least as up-to-date as receiver's log, grant vote.
  const free = server.votedFor === null || server.votedFor === rpc.candidateId;
  const lastIndex = server.log.length;
  const lastTerm = server.log[lastIndex - 1] ?? 0;
  const upToDate =
    rpc.lastLogTerm > lastTerm || (rpc.lastLogTerm === lastTerm && rpc.lastLogIndex >= lastIndex);
  if (!free || !upToDate) return false;
  server.votedFor = rpc.candidateId;
  return true;
}
