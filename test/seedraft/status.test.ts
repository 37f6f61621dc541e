/**
 * What `seedraft status` makes of one look at every member: of a silent one only what the others know is shown, the rest is unknown; and the sentences below
 * are about what is wrong, whether the cluster goes on, and what helps.
 */
import type { Member } from '@seedraft/core';
import type { MemberStatus } from '@seedraft/wire';
import { expect, test } from 'vitest';
import { type Answer, advice, see } from '../../packages/seedraft/src/verbs/cluster-view.ts';
import { outline } from '../../packages/seedraft/src/verbs/debug-node.ts';

function member(id: number, more: Partial<Member> = {}): Member {
  return {
    ...{ id, incarnation: 'a'.repeat(32), name: `n${id}`, peerAddress: `h:${id}` },
    ...{ clientAddress: `h:1${id}`, role: 'voter', priority: 0, ...more },
  };
}

function status(id: number, members: readonly Member[], more: Partial<MemberStatus> = {}) {
  const highestId = Math.max(...members.map((one) => one.id));
  const configuration = { members, outgoing: null, autoLeave: false, highestId };
  const raft = {
    role: 'follower',
    term: 3,
    leader: 1,
    commitIndex: 9,
    lastIndex: 9,
    firstIndex: 1,
  };
  const plain = { clusterId: 'c', id, name: `n${id}`, damaged: null, founding: null };
  return { ...plain, ...raft, appliedIndex: 9, configuration, ...more } as unknown as MemberStatus;
}

const refused = (address: string): Answer => {
  const why = `CONNECTION_LOST: ${address} could not be asked (connect ECONNREFUSED ${address}).`;
  return { address, status: null, code: 'CONNECTION_LOST', why };
};
const answers = (it: MemberStatus): Answer => ({ address: `h:1${it.id}`, status: it });
const nobody = () => null;

const three = [member(1), member(2), member(3)];

test('a dead member keeps its name and vote, also when nobody leads; how it is started again stands below', () => {
  const leads = status(1, three, { role: 'leader' });
  const one = see([answers(leads), answers(status(2, three)), refused('h:13')]);
  expect(one.places[2]).toMatchObject({
    id: 3,
    member: { name: 'n3', role: 'voter' },
    status: null,
  });
  expect(one).toMatchObject({ voters: 3, answering: 2, hasMajority: true, spare: 0 });
  expect(advice(one, (address) => `start ${address}`)).toEqual([
    expect.stringMatching(/^n3 gives no answer: nobody listens at h:13\..* start it again/),
    '  start h:13',
    '2 of 3 voters answer, a majority: reads and writes go on, and not one more may be lost.',
  ]);
  const two = see([answers(status(2, three)), refused('h:11'), refused('h:13')]);
  expect(two.places.map(({ id }) => id)).toEqual([1, 2, 3]);
  expect(two).toMatchObject({ leader: null, hasMajority: false, spare: -1 });
  expect(advice(two, nobody).at(-1)).toMatch(/^1 of 3 voters answers, no majority: .* 1 more is/);
});

test('when all is well nothing is said', () => {
  const leads = status(1, three, { role: 'leader' });
  const all = see([answers(leads), answers(status(2, three)), answers(status(3, three))]);
  expect(advice(all, nobody)).toEqual([]);
});

test('a leader of an older term is none', () => {
  const old = status(1, three, { role: 'leader', term: 2 });
  const seen = see([answers(old), answers(status(2, three, { role: 'leader' }))]);
  expect(seen.leader?.id).toBe(2);
});

test('a member that answers at several addresses is there once; one whose told address is unreachable counts by another', () => {
  const own = status(1, three, { role: 'leader' });
  const seen = see([refused('h:11'), answers(status(2, three)), { address: 'x:1', status: own }]);
  expect(seen.places.map(({ id, address, status: it }) => [id, address, it !== null])).toEqual([
    [1, 'x:1', true],
    [2, 'h:12', true],
    [3, 'h:13', false],
  ]);
  expect(see([answers(own), { address: 'x:1', status: own }]).places).toHaveLength(3);
});

test('an id that nobody has taken is not started; a removed member is told from an unknown address', () => {
  const reserved = member(4, { role: 'learner', incarnation: '', clientAddress: '' });
  const leads = status(5, [...three.slice(1), reserved, member(5)], { role: 'leader' });
  const seen = see([answers(leads), answers(status(1, three)), refused('x:9')]);
  expect(seen.places.map(({ id, isStarted }) => [id, isStarted])).toEqual([
    ...[
      [2, true],
      [3, true],
      [4, false],
      [5, true],
    ],
    ...[
      [1, true],
      [0, true],
    ],
  ]);
  const said = advice(seen, nobody).join('\n');
  expect(said).toMatch(/n4 has an id and was not started yet: .*member remove 4/);
  expect(said).toMatch(/n1 was removed from the cluster: stop it/);
  expect(said).toMatch(/whoever is at x:9 gives no answer/);
});

test('while voters change, a majority of both halves must answer', () => {
  const members = [member(1), member(2, { role: 'leaving' }), member(3, { role: 'leaving' })];
  const configuration = { members, outgoing: [1, 2, 3], autoLeave: true, highestId: 3 };
  const leads = status(1, members, { role: 'leader', configuration });
  expect(see([answers(leads), refused('h:12'), refused('h:13')]).hasMajority).toBe(false);
  expect(see([answers(leads), answers(status(2, members)), refused('h:13')]).hasMajority).toBe(
    true,
  );
});

test('what a member says of its disk, or of a founding, is passed on', () => {
  const ill = status(1, three, {
    damaged: 'entries 3 to 5 are missing.',
    founding: 'waits for n2',
  });
  expect(advice(see([answers(ill)]), nobody).join('\n')).toMatch(
    /n1 is damaged: entries 3 to 5 are missing\.\nn1 is not founded: waits for n2/,
  );
});

test('one member alone says what keeps it from voting, and nothing of it afterwards', () => {
  const founding = 'waits for n3 at h:3';
  expect(outline(status(1, three, { founding }))).toMatch(/^founding +waits for n3 at h:3$/m);
  expect(outline(status(1, three))).not.toMatch(/founding/);
});
