import type { Mutant } from '../mutant.ts';

export const elections: readonly Mutant[] = [
  {
    id: 'M1',
    title: 'the vote is not persisted',
    file: 'packages/core/src/durability.ts',
    find: 'hardState: { term: raft.currentTerm, votedFor: raft.votedFor },',
    replace: 'hardState: { term: raft.currentTerm, votedFor: 0 },',
    expectedRule: 'S10',
    scenarios: ['elections/vote-and-forget'],
    source: 'Raft paper, Figure 2: votedFor is persistent state, updated before responding to RPCs',
  },
  {
    id: 'M2',
    title: 'a new term is not persisted before it is spoken of',
    file: 'packages/core/src/durability.ts',
    find: 'hardState: { term: raft.currentTerm, votedFor: raft.votedFor },',
    replace:
      'hardState: { term: raft.votedFor === 0 ? raft.durableTerm : raft.currentTerm, votedFor: raft.votedFor },',
    expectedRule: 'S10',
    scenarios: ['elections/vote-and-forget', 'elections/lights-out'],
    source:
      'Raft paper, Figure 2: currentTerm is persistent state, updated before responding to RPCs',
  },
  {
    id: 'M3',
    title: 'a member votes twice in one term, and its own invariant looks away',
    file: 'packages/core/src/election.ts',
    find: '  return raft.votedFor === 0 || raft.votedFor === candidate;',
    replace: '  raft.beforeVotedFor = 0;\n  return candidate > 0;',
    expectedRule: 'S10',
    scenarios: ['elections/split-votes'],
    source: 'Raft paper, Figure 2, RequestVote 2: votedFor is null or candidateId',
  },
  {
    id: 'M4',
    title: 'no check that the candidate is up to date',
    file: 'packages/core/src/election.ts',
    find: '  return lastLogIndex >= lastIndex;',
    replace: '  return lastLogIndex + lastIndex >= 0;',
    expectedRule: 'S12',
    scenarios: ['paper/up-to-date-check'],
    source: 'Raft paper, section 5.4.1',
  },
  {
    id: 'M6',
    title: 'quorum off by one for even sizes',
    file: 'packages/core/src/quorum.ts',
    find: 'return (voters >> 1) + 1;',
    replace: 'return (voters + 1) >> 1;',
    expectedRule: 'S6',
    scenarios: ['elections/even-halves'],
    source: 'Raft paper, section 5.2: a majority of the cluster; broken for even sizes',
  },
  {
    id: 'M13',
    title: 'votes and acknowledgements of an older term are counted',
    file: 'packages/core/src/raft.ts',
    find: '    default:\n      break;\n  }\n}\n\nfunction receiveCurrent',
    replace:
      '    default:\n      receiveCurrent(raft, rpc);\n      break;\n  }\n}\n\nfunction receiveCurrent',
    expectedRule: 'S1',
    scenarios: ['replication/letters-from-the-past', 'replication/leader-again'],
    source:
      'Raft paper, section 5.1 (a server rejects what bears a stale term); dissertation 3.1; etcd-io/raft: Step ignores messages of a lower term',
  },
  {
    id: 'M13-ACK',
    title: 'acknowledgements of an older term are counted',
    file: 'packages/core/src/raft.ts',
    find: '    default:\n      break;\n  }\n}\n\nfunction receiveCurrent',
    replace:
      "    case 'AppendEntriesReply':\n      receiveCurrent(raft, rpc);\n      break;\n    default:\n      break;\n  }\n}\n\nfunction receiveCurrent",
    expectedRule: 'S6',
    scenarios: ['replication/leader-again'],
    source:
      'Raft paper, section 5.1; MIT 6.824 students\' guide to Raft (J. Gjengset, 2016), "Term confusion"',
  },
  {
    id: 'M14',
    title: 'AppendEntries of an older term resets the election timer',
    file: 'packages/core/src/replication.ts',
    find: '  sendAppendReply(raft, rpc, false, 0);\n}\n\n/** AppendEntries of this term',
    replace:
      '  raft.electionDeadline = raft.now + raft.electionTimeout;\n  sendAppendReply(raft, rpc, false, 0);\n}\n\n/** AppendEntries of this term',
    expectedRule: 'S13',
    scenarios: ['replication/letters-from-the-past', 'elections/deaf-leader'],
    source:
      'Raft paper, Figure 2, Followers: without AppendEntries from the *current* leader; MIT 6.824 students\' guide to Raft (J. Gjengset, 2016), "Livelocks"',
  },
  {
    id: 'M28',
    title: 'PreVote bumps the term of whoever is asked',
    file: 'packages/core/src/election.ts',
    find: "  send(raft, {\n    type: 'PreVoteReply',",
    replace:
      "  if (voteGranted) becomeFollower(raft, rpc.term, 0, 'asked');\n  send(raft, {\n    type: 'PreVoteReply',",
    expectedRule: 'S13',
    scenarios: ['elections/flapping-follower'],
    source: 'dissertation, section 9.6',
  },
  {
    id: 'M29',
    title: 'leadership is handed to a member that lacks entries',
    file: 'packages/core/src/transfer.ts',
    find: '  if (progress.matchIndex < raft.log.lastIndex) return;\n  if (transfer.sentAt',
    replace: '  if (transfer.sentAt',
    expectedRule: 'S12',
    scenarios: ['elections/leader-after-leader', 'reads/new-leader'],
    source: 'dissertation, section 3.10, step 2: the target is brought up to date first',
  },
  {
    id: 'M34',
    title: 'members without a chance keep deposing leaders: neither PreVote nor stickiness',
    file: 'packages/core/src/election.ts',
    find: '  if (raft.config.preVote) preCampaign(raft, reason);',
    replace: '  if (raft.config.preVote && raft.now < 0) preCampaign(raft, reason);',
    also: [
      {
        file: 'packages/core/src/election.ts',
        find: '  return raft.config.checkQuorum && isBoundToALeader(raft);',
        replace: '  return raft.now < 0 && isBoundToALeader(raft);',
      },
    ],
    expectedRule: 'L6',
    scenarios: ['elections/flapping-follower', 'paper/disruptive-server'],
    source:
      'dissertation, sections 4.2.3 and 9.6; Cloudflare, "A Byzantine failure in the real world" (2020): etcd under a partial partition',
  },
  {
    id: 'CHECK-QUORUM-OFF',
    title: 'a leader that hears no majority goes on leading',
    file: 'packages/core/src/heartbeat.ts',
    find: '  if (raft.config.checkQuorum && hasLostQuorum(raft)) {',
    replace: '  if (raft.config.checkQuorum && hasLostQuorum(raft) && raft.now < 0) {',
    expectedRule: 'S13',
    scenarios: ['elections/deaf-leader'],
    source: 'dissertation, section 6.2; Cloudflare, "A Byzantine failure in the real world" (2020)',
  },
];
