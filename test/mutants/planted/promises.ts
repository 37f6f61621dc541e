import type { Mutant } from '../mutant.ts';

export const promises: readonly Mutant[] = [
  {
    id: 'SWALLOW',
    title: 'reads that are open when a leader is deposed get no answer',
    file: 'packages/core/src/read.ts',
    find: "  for (const { id, origin } of raft.pendingReads) rejectRead(raft, id, origin, 'NOT_LEADER');",
    replace:
      "  for (const { id, origin } of raft.pendingReads) if (raft.now < 0) rejectRead(raft, id, origin, 'NOT_LEADER');",
    expectedRule: 'L7',
    scenarios: [],
    source: 'the promise of one terminal outcome; elsewhere callers must find out by a timeout',
  },
  {
    id: 'FORWARD',
    title: 'a forwarded proposal that the network repeats is appended twice',
    file: 'packages/core/src/proposal.ts',
    find: '  if ((raft.forwardSeen[at]?.highest ?? 0) >= rpc.id) return false;',
    replace: '  if ((raft.forwardSeen[at]?.highest ?? 0) >= rpc.id && rpc.id < 0) return false;',
    expectedRule: 'LIN',
    scenarios: ['replication/forwarded-twice'],
    source: 'a command outside a session runs once, or nobody was told that it ran',
  },
  {
    id: 'BATCH-INDEX',
    title: 'commands proposed as one are told the index of the first',
    file: 'packages/core/src/proposal.ts',
    find: "    if (raft.role === 'leader') proposeHere(raft, id, 0, data, checksum);",
    replace:
      "    if (raft.role === 'leader' && i > 0 && raft.proposals.length > 0) { appendOwnEntry(raft, 'command', data, checksum, null); openProposal(raft, id, (raft.proposals[raft.proposals.length - 1] as OpenProposal).index, 0); } else if (raft.role === 'leader') proposeHere(raft, id, 0, data, checksum);",
    expectedRule: 'L7',
    scenarios: [],
    source:
      "a group commit that answers with one index: each caller would read a stranger's result",
  },
  {
    id: 'BATCH-END',
    title: 'the rest of a batch is forgotten when a request before it is answered at once',
    file: 'packages/replica/src/clients.ts',
    find: '      if (reply !== null) this.#answer(requestId, reply);',
    replace: '      if (reply !== null) { this.#answer(requestId, reply); break; }',
    expectedRule: 'L7',
    scenarios: [],
    source: 'a loop that leaves too early; clients of the real node would wait for ever',
  },
];
