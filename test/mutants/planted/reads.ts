import type { Mutant } from '../mutant.ts';

export const reads: readonly Mutant[] = [
  {
    id: 'M24',
    title: 'the lease ignores drift',
    file: 'packages/core/src/read.ts',
    find: '(electionTimeoutMin - 2) / (1 + 2 * clockDriftBound)',
    replace: '(electionTimeoutMin - 2) / (1 + 0 * clockDriftBound)',
    expectedRule: 'S16',
    scenarios: ['reads/lease-and-drift'],
    source: 'dissertation, section 6.4.1: leases assume a bound on clock drift',
  },
  {
    id: 'M25',
    title: 'the lease is renewed from the receipt of the answers',
    file: 'packages/core/src/read.ts',
    find: '  raft.leaseStart = raft.roundStartedAt[position] ?? raft.leaseStart;',
    replace: '  raft.leaseStart = raft.now;',
    expectedRule: 'S16',
    scenarios: ['reads/lease-and-slow-answers', 'reads/lease-and-drift'],
    source: 'dissertation, section 6.4.1: from the start of the round of heartbeats',
  },
  {
    id: 'M26',
    title: 'ReadIndex without asking a quorum',
    file: 'packages/core/src/read.ts',
    find: '  if (!underWay) startReadRound(raft);',
    replace:
      '  if (!underWay) { raft.pendingReads.pop(); answerRead(raft, id, origin, raft.commitIndex); }',
    expectedRule: 'S16',
    scenarios: ['reads/deposed-leader'],
    source:
      'dissertation, section 6.4, step 3; etcd v2 served default reads without one (Jepsen: etcd and Consul, 2014)',
  },
  {
    id: 'M27',
    title: "ReadIndex before the term's first commit",
    file: 'packages/core/src/read.ts',
    find: '  return raft.commitIndex >= raft.termStartIndex;',
    replace: '  return raft.commitIndex >= 0;',
    expectedRule: 'S16',
    scenarios: ['reads/new-leader'],
    source:
      'dissertation, section 6.4, step 1; etcd-io/etcd issue 7331 (ReadIndex may read stale value, 2017)',
  },
  {
    id: 'OLD-ROUND',
    title: 'a read is confirmed by echoes of a round that began before it',
    file: 'packages/core/src/read.ts',
    find: '  raft.pendingReads.push({ id, origin, index: raft.commitIndex, round: raft.round + 1 });\n  if (!underWay) startReadRound(raft);',
    replace:
      '  if (!underWay) { raft.pendingReads.push({ id, origin, index: raft.commitIndex, round: raft.round + 1 }); startReadRound(raft); } else raft.pendingReads.push({ id, origin, index: raft.commitIndex, round: raft.round });',
    expectedRule: 'S16',
    scenarios: ['reads/slow-echoes'],
    source:
      'dissertation, section 6.4, step 3: a new round of heartbeats; etcd-io/etcd issue 20418 (late answers to an older round, stale reads)',
  },
  {
    id: 'FOLLOWER-READ',
    title: 'a follower answers a read before it has applied so far',
    file: 'packages/replica/src/reads.ts',
    find: '    return first !== undefined && first.readIndex <= applied ? this.#waiting.shift() : undefined;',
    replace: '    return first !== undefined && applied > 0 ? this.#waiting.shift() : undefined;',
    expectedRule: 'S17',
    scenarios: ['reads/new-leader'],
    source: 'dissertation, section 6.4, step 4: wait for the state machine to advance to readIndex',
  },
  {
    id: 'LEASE-RESTART',
    title: 'a voter forgets at a restart the lease that it backs',
    file: 'packages/core/src/recovery.ts',
    find: '  if (config.leaseReads) raft.refuseVotesUntil',
    replace: '  if (config.leaseReads && at < 0) raft.refuseVotesUntil',
    expectedRule: 'S16',
    scenarios: ['reads/lease-across-a-restart'],
    source:
      'dissertation, section 6.4.1: the promise not to vote for an election timeout has to survive a restart',
  },
  {
    id: 'LEASE-TRANSFER',
    title: 'a leader keeps its lease while it hands over',
    file: 'packages/core/src/transfer.ts',
    find: '  raft.leaseSurrendered = true;',
    replace: '  raft.leaseSurrendered = raft.now < 0;',
    expectedRule: 'S16',
    scenarios: ['reads/lease-and-transfer'],
    source: 'dissertation, section 6.4.1, last paragraph: leadership transfer breaks the lease',
  },
  {
    id: 'LEASE-ROUNDING',
    title: 'the lease is lost to rounding: no allowance for clocks of whole milliseconds',
    file: 'packages/core/src/read.ts',
    find: '(electionTimeoutMin - 2) / (1 + 2 * clockDriftBound)',
    replace: 'electionTimeoutMin / (1 + 2 * clockDriftBound)',
    expectedRule: 'S16',
    scenarios: ['reads/lease-to-the-millisecond'],
    source:
      'two clocks read in whole milliseconds may each be nearly one off; dissertation, section 6.4.1 assumes exact ones',
  },
  {
    id: 'LEASE-ALARM',
    title: 'word that the leader is gone frees a follower from its lease',
    file: 'packages/core/src/election.ts',
    find: "raft.role === 'leader' || leaseReads || !preVote",
    replace: "raft.role === 'leader' || (leaseReads && raft.id < 0) || !preVote",
    expectedRule: 'S16',
    scenarios: ['reads/lease-and-false-alarms'],
    source:
      'failure detectors are only suspicions (Chandra and Toueg, 1996); a lease needs a promise',
  },
];
