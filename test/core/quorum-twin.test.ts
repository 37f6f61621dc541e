/** What a quorum agrees on, against its slow obvious twin: sort and count; for a joint configuration both halves. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  hasMajority,
  quorumScratch,
  quorumSize,
  quorumValue,
} from '../../packages/core/src/quorum.ts';
import { becomeLeader } from '../../packages/core/src/role.ts';
import { RaftState } from '../../packages/core/src/state.ts';
import { isQuorumGranted, pushConfiguration, quorumOf } from '../../packages/core/src/tracker.ts';
import { FIGURE } from './subject.ts';
import { member } from './world.ts';

/** The largest value that more than half of them reach: try each, and count. */
function slowQuorumValue(values: readonly number[]): number {
  if (values.length === 0) return Infinity;
  let best = -Infinity;
  for (const candidate of values) {
    const reached = values.filter((value) => value >= candidate).length;
    if (2 * reached > values.length && candidate > best) best = candidate;
  }
  return best;
}

function slowHasMajority(voters: readonly number[], granted: readonly number[]): boolean {
  const yes = new Set(granted);
  return voters.length === 0 || 2 * voters.filter((id) => yes.has(id)).length > voters.length;
}

const values = fc.array(fc.nat({ max: 20 }), { maxLength: 12, size: 'max' });
const ids = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 9, size: 'max' });

describe('quorum', () => {
  it('quorumSize: any two majorities share a member, and no smaller count would do', () => {
    for (let voters = 1; voters <= 128; voters += 1) {
      expect(2 * quorumSize(voters)).toBeGreaterThan(voters);
      expect(2 * (quorumSize(voters) - 1)).toBeLessThanOrEqual(voters);
    }
  });

  it('quorumValue agrees with sort and count', () => {
    fc.assert(
      fc.property(values, (all) => {
        all.forEach((value, i) => {
          quorumScratch()[i] = value;
        });
        expect(quorumValue(all.length)).toBe(slowQuorumValue(all));
      }),
      { numRuns: 500 },
    );
  });

  it('hasMajority agrees with counting, whoever else granted', () => {
    fc.assert(
      fc.property(ids, ids, (voters, granted) => {
        expect(hasMajority(voters, granted)).toBe(slowHasMajority(voters, granted));
      }),
      { numRuns: 500 },
    );
  });

  it('a joint configuration agrees to what both halves agree to, learners to nothing', () => {
    const roles = fc.array(fc.constantFrom('voter', 'learner', 'leaving', null), {
      minLength: 7,
      maxLength: 7,
      size: 'max',
    });
    const matches = fc.array(fc.nat({ max: 20 }), { minLength: 7, maxLength: 7, size: 'max' });
    fc.assert(
      fc.property(roles, ids, matches, fc.boolean(), (drawn, old, match, joint) => {
        const members = drawn.flatMap((role, i) => (role === null ? [] : [member(i + 1, role)]));
        const outgoing = old.filter((id) => members.some((known) => known.id === id)).sort();
        const incoming = members.filter(({ role }) => role === 'voter').map(({ id }) => id);
        fc.pre(incoming.length > 0 && outgoing.length > 0);
        const raft = new RaftState(1, FIGURE, [1, 2, 3, 4], 0);
        raft.currentTerm = 1;
        becomeLeader(raft);
        pushConfiguration(raft, 1, {
          members,
          outgoing: joint ? outgoing : null,
          autoLeave: false,
          highestId: 7,
        });
        raft.durableIndex = match[0]!;
        for (const progress of raft.peers) progress.matchIndex = match[progress.id - 1]!;
        const over = (voters: readonly number[]) => voters.map((id) => match[id - 1]!);
        const halves = joint ? [incoming, outgoing] : [incoming];
        const agreed = Math.min(...halves.map((half) => slowQuorumValue(over(half))));
        expect(quorumOf(raft, 'matchIndex')).toBe(agreed);
        const granted = match.flatMap((value, i) => (value > 10 ? [i + 1] : []));
        expect(isQuorumGranted(raft, granted)).toBe(
          halves.every((half) => slowHasMajority(half, granted)),
        );
      }),
      { numRuns: 400 },
    );
  });
});
