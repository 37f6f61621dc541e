import type { Mutant } from '../mutant.ts';

export const membership: readonly Mutant[] = [
  {
    id: 'M19',
    title: "a single-server change before the term's first commit",
    file: 'packages/core/src/membership.ts',
    find: "  if (raft.commitIndex < raft.termStartIndex) return 'NO_COMMIT_IN_TERM';",
    replace: "  if (raft.commitIndex < 0) return 'NO_COMMIT_IN_TERM';",
    expectedRule: 'S14',
    scenarios: ['paper/single-server-bug'],
    source: 'D. Ongaro on raft-dev, July 2015: bug in single-server membership changes',
  },
  {
    id: 'M20',
    title: 'two configurations in flight',
    file: 'packages/core/src/membership.ts',
    find: "  return isChangeInFlight(raft) ? 'CHANGE_IN_FLIGHT' : null;",
    replace: '  return null;',
    expectedRule: 'S14',
    scenarios: ['membership/concurrent-changes'],
    source: 'dissertation, section 4.1: no change while one is uncommitted',
  },
  {
    id: 'M21',
    title: 'a joint configuration decides by its new majority alone',
    file: 'packages/core/src/tracker.ts',
    find: '  return Math.min(incoming, quorumOfHalf(raft, raft.outgoingSlots, measure));',
    replace: '  return incoming;',
    expectedRule: 'S6',
    scenarios: ['membership/both-majorities'],
    source: 'Raft paper, section 6: agreement requires separate majorities from both',
  },
  {
    id: 'M22',
    title: 'a leader that is being removed counts itself',
    file: 'packages/core/src/tracker.ts',
    find: '  raft.incomingSlots = raft.incomingVoters.map((id) => slotOf(raft, id));',
    replace:
      '  raft.incomingSlots = raft.incomingVoters.map((id) => slotOf(raft, id));\n  if (!raft.incomingVoters.includes(raft.id) && raft.incomingVoters.length > 0) raft.incomingSlots = [...raft.incomingSlots, SELF];',
    expectedRule: 'S15',
    scenarios: ['membership/removed-leader-does-not-count'],
    source:
      'Raft paper, section 6: it replicates log entries but does not count itself in majorities',
  },
  {
    id: 'M23',
    title: 'learners are counted',
    file: 'packages/core/src/configuration.ts',
    find: "  return configuration.members.filter((m) => m.role === 'voter').map((m) => m.id);",
    replace: "  return configuration.members.filter((m) => m.role !== 'leaving').map((m) => m.id);",
    expectedRule: 'S15',
    scenarios: ['membership/learners-do-not-count'],
    source:
      'dissertation, section 4.2.1: non-voting servers are not yet counted towards majorities',
  },
  {
    id: 'M32',
    title: 'a member that lost its disk is listened to under its old id',
    file: 'packages/replica/src/incarnations.ts',
    find: "    return bound === '' ? this.#holdToFirst(message.from, incarnation) : bound === incarnation;",
    replace:
      "    return bound === '' ? this.#holdToFirst(message.from, incarnation) : bound !== '';",
    expectedRule: 'S15',
    scenarios: ['membership/back-without-memory'],
    source:
      'Raft paper, Figure 2 (persistent state) broken by the operator; Paxos Made Live (Chandra et al. 2007), section 5.1: a replica with a lost disk must not vote',
  },
  {
    id: 'M32-UNBOUND',
    title: 'a first member votes before the others hold it to its disk',
    file: 'packages/replica/src/founding.ts',
    find: '    this.#isUnderWay = isUnfounded(id, recovered) && this.#others.length > 0;',
    replace: '    this.#isUnderWay = isUnfounded(id, recovered) && this.#others.length < 0;',
    expectedRule: 'S1',
    scenarios: ['regressions/founder-forgotten'],
    source: 'as M32, while the cluster is being founded',
  },
  {
    id: 'FOUNDING-LAST',
    title: 'a first member holds the others to the disk it heard last, not first',
    file: 'packages/replica/src/founding.ts',
    find: "    if (this.heldTo(from) === '') this.#heard = bound(this.#heard, from, incarnation);",
    replace:
      '    if (this.heldTo(from) !== incarnation) this.#heard = bound(this.#heard, from, incarnation);',
    expectedRule: 'S15',
    scenarios: ['regressions/founder-forgotten'],
    source: 'as M32, while the cluster is being founded',
  },
  {
    id: 'M32-REMOVED',
    title: 'promises of a member that is in no configuration count',
    file: 'packages/replica/src/incarnations.ts',
    find: '    if (member === undefined && isPromise(message)) return false;',
    replace:
      '    if (member === undefined && isPromise(message) && message.from < 0) return false;',
    expectedRule: 'S15',
    scenarios: ['membership/late-vote-of-a-newcomer'],
    source: 'as M32, for an id that was removed after its disk was lost',
  },
  {
    id: 'IN-THE-WAY',
    title: 'a learner whose vote is needed and must be refused never stands',
    file: 'packages/core/src/election.ts',
    find: "  if (raft.electable || raft.role !== 'follower' || !isFit(raft)) return false;",
    replace: '  if (raft.now >= 0) return false;',
    expectedRule: 'L1',
    scenarios: ['regressions/learner-in-the-way'],
    source:
      'swarm seed 30757; dissertation, section 4.2.2: a server that is no voter by its own log may still be needed as a candidate',
  },
  {
    id: 'M35',
    title: 'a joint configuration is left only by the leader that entered it',
    file: 'packages/core/src/membership.ts',
    find: '  if (isChangeInFlight(raft) || raft.commitIndex < raft.termStartIndex) return;',
    replace:
      '  if (isChangeInFlight(raft) || configurationIndexInForce(raft) < raft.termStartIndex) return;',
    expectedRule: 'L4',
    scenarios: ['membership/joint-leader-crash'],
    source:
      'dissertation, section 4.3: a new leader has to go on with the change it finds in its log',
  },
];
