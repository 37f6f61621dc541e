/** Bugs that the command properties found, each as the shortest life that shows it. */
import { expect, it } from 'vitest';
import { append, Subject } from './subject.ts';

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
