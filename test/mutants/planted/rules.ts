import type { Planted } from '../mutant.ts';

/** A rule that looks away, and a run in which it would have had something to see. */
export interface Blinding extends Planted {
  readonly golden: {
    readonly mutant: string;
    readonly rule: string;
    readonly scenario: string;
    readonly seed: string;
  };
}

const swarm = (mutant: string, rule: string, seed: string): Blinding['golden'] => ({
  mutant,
  rule,
  scenario: 'swarm',
  seed,
});

const PROPERTIES = 'sim/src/properties';

export const BLINDINGS: readonly Blinding[] = [
  {
    id: 'CHECK-S5',
    title: 'another entry than the committed one may be applied',
    file: `${PROPERTIES}/s05-state-machine-safety.ts`,
    find: 'expected.entry.term === term) continue;',
    replace: 'expected.entry.term > 0) continue;',
    also: [
      {
        file: `${PROPERTIES}/s05-state-machine-safety.ts`,
        find: '    if (expected.entry.term === entry.term && isSame(expected.entry, entry)) return;',
        replace: '    if (isSame(expected.entry, expected.entry)) return;',
      },
    ],
    golden: swarm('M11', 'S5', '3'),
  },
  {
    id: 'CHECK-S6',
    title: 'a commit needs no quorum of disks',
    file: `${PROPERTIES}/s06-commit-is-durable.ts`,
    find: '    if (committing.durableOnQuorum) return;',
    replace: '    if (committing !== null) return;',
    golden: swarm('M6', 'S6', '1'),
  },
  {
    id: 'CHECK-S7',
    title: 'the rule against commits of older terms is gone',
    file: `${PROPERTIES}/index.ts`,
    find: '  CommitOwnTerm,\n  ',
    replace: '  ',
    golden: swarm('M5', 'S7', '3'),
  },
  {
    id: 'CHECK-S10',
    title: 'granted votes are not compared with the disk',
    file: `${PROPERTIES}/s10-one-durable-vote.ts`,
    find: '    if (shadow.votes.get(message.term) === message.to) return;',
    replace: '    if (message.term > 0) return;',
    golden: swarm('M1', 'S10', '1'),
  },
  {
    id: 'CHECK-S11',
    title: 'acknowledgements are not compared with the disk',
    file: `${PROPERTIES}/s11-acknowledged-is-durable.ts`,
    find: '    this.#checkDurable(step, message.to, matchIndex);\n',
    replace: '',
    golden: swarm('M8', 'S11', '1'),
  },
  {
    id: 'CHECK-S12',
    title: 'the length of a log is not looked at when a vote is granted',
    file: `${PROPERTIES}/s12-up-to-date-log.ts`,
    find: 'lastLogTerm === lastTerm && lastLogIndex >= lastIndex)) return;',
    replace: 'lastLogTerm === lastTerm)) return;',
    golden: swarm('M4', 'S12', '1'),
  },
  {
    id: 'CHECK-S13',
    title: 'what a PreVote changes is not noticed',
    file: `${PROPERTIES}/s13-disruption.ts`,
    find: '      if (effects.persist === null || isLeading) return;\n    }',
    replace: '    }\n    if (effects !== null || role !== shadow.role) return;',
    golden: swarm('M28', 'S13', '1'),
  },
  {
    id: 'CHECK-S14',
    title: 'two changes of membership may be in flight',
    file: `${PROPERTIES}/s14-configuration-safety.ts`,
    find: '    if (previous.index > commit) {',
    replace: '    if (previous.index < 0) {',
    golden: swarm('M20', 'S14', '3'),
  },
  {
    id: 'CHECK-S15',
    title: 'impostors may be listened to',
    file: `${PROPERTIES}/s15-only-voters-count.ts`,
    find: '    if (key === null || !this.#forged.has(key)) return;',
    replace: '    if (key === null || this.#forged.has(key)) return;',
    golden: swarm('M32', 'S15', '13'),
  },
  {
    id: 'CHECK-S16',
    title: 'a read may miss what was acknowledged before it began',
    file: `${PROPERTIES}/s16-linearizable-reads.ts`,
    find: '    if (appliedIndex >= floor) return;',
    replace: '    if (appliedIndex >= 0) return;',
    golden: {
      mutant: 'LEASE-TRANSFER',
      rule: 'S16',
      scenario: 'reads/lease-and-transfer',
      seed: '1',
    },
  },
  {
    id: 'CHECK-S17',
    title: 'a read need not wait for its index',
    file: `${PROPERTIES}/s17-follower-reads.ts`,
    find: '    if (appliedIndex < readIndex) {',
    replace: '    if (appliedIndex < 0) {',
    golden: swarm('FOLLOWER-READ', 'S17', '4'),
  },
  {
    id: 'CHECK-S18',
    title: 'a command of a session may run twice',
    file: `${PROPERTIES}/s18-exactly-once.ts`,
    find: '    if (executed !== undefined) {',
    replace: '    if (executed !== undefined && index < 0) {',
    golden: swarm('M17', 'S18', '1'),
  },
  {
    id: 'CHECK-S19',
    title: 'a restored state is not compared with the replayed one',
    file: `${PROPERTIES}/s19-snapshot-equals-replay.ts`,
    find: '    if (expected.digest.hi === digest.hi && expected.digest.lo === digest.lo) return;',
    replace: '    if (expected.digest.hi >= 0) return;',
    golden: swarm('M16', 'S19', '1'),
  },
  {
    id: 'CHECK-S20',
    title: 'states at one index are not compared',
    file: `${PROPERTIES}/s20-equal-states.ts`,
    find: '    if (expected.digest.hi === digest.hi && expected.digest.lo === digest.lo) return;',
    replace: '    if (expected.digest.hi >= 0) return;',
    golden: swarm('OWN-CLOCK', 'S20', '1'),
  },
];
