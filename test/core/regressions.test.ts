/** Bugs that the command properties found, each as the shortest life that shows it. */
import { expect, it } from 'vitest';
import { append, only, Subject } from './subject.ts';

it('a read whose retry and whose election timeout are due in one late tick asks nobody', () => {
  const subject = new Subject({ log: [1] });
  subject.ask(append([1, 1], []));
  subject.step({ type: 'Read', id: 1, mode: 'readIndex' });
  // The campaign has no leader, so the retry must not go to member 0.
  const seen = subject.wait(500);
  expect(seen.replies).toMatchObject([{ id: 1, result: { outcome: 'rejected' } }]);
  expect(seen.messages.map(({ type, to }) => [type, to])).toEqual([
    ['RequestVote', 2],
    ['RequestVote', 3],
  ]);
});

it('reads that wait behind a request are not asked for when its refusal brings a greater term', () => {
  const subject = new Subject({ log: [1] });
  subject.ask(append([1, 1], []));
  const asked = subject.step({ type: 'Read', id: 1, mode: 'readIndex' });
  subject.step({ type: 'Read', id: 2, mode: 'readIndex' });
  const { id } = only(asked, 'ReadIndex')[0]!;
  // The deposed leader refuses, in a term whose leader is not known here.
  const seen = subject.ask({
    type: 'ReadIndexReply',
    term: 2,
    id,
    index: 0,
    refusal: 'NOT_LEADER',
  });
  expect(seen.replies).toMatchObject([
    { id: 1, result: { outcome: 'rejected' } },
    { id: 2, result: { outcome: 'rejected' } },
  ]);
  expect(seen.messages).toEqual([]);
});
