/**
 * Word that the leader's process is gone: its followers stand within about a heartbeat, and listen to each other. The word may be false: then
 * the leader's next one takes it back, a majority that knows better objects, and it never outranks a lease.
 */
import { describe, expect, it } from 'vitest';
import { append, type LooseRpc, only, Subject } from './subject.ts';

const MODERN = { preVote: true, checkQuorum: true } as const;

/** A follower of member 2 in term 3, which it heard just now. */
function follower(config: object = {}): Subject {
  const subject = new Subject({ term: 3, log: [3], config: { ...MODERN, ...config } });
  subject.ask(append([1, 3], []));
  expect(subject.raft.leader).toBe(2);
  return subject;
}

const preVote: LooseRpc = {
  type: 'PreVote',
  from: 3,
  term: 4,
  lastLogIndex: 1,
  lastLogTerm: 3,
};

function consents(subject: Subject): boolean {
  return only(subject.hear(preVote), 'PreVoteReply')[0]!.voteGranted;
}

describe('word that the leader is gone', () => {
  it('makes a follower stand within two heartbeats instead of an election timeout, and not at once', () => {
    const subject = follower();
    expect(subject.raft.deadline - subject.now).toBe(100);
    subject.step({ type: 'PeerDown', id: 2 });
    const wait = subject.raft.deadline - subject.now;
    expect(wait).toBeGreaterThanOrEqual(15);
    expect(wait).toBeLessThanOrEqual(60);
    const seen = subject.wait(wait);
    expect(only(seen, 'PreVote').map(({ to }) => to)).toEqual([2, 3]);
  });

  it('frees a follower to consent to another', () => {
    const subject = follower();
    expect(consents(subject)).toBe(false);
    subject.step({ type: 'PeerDown', id: 2 });
    expect(consents(subject)).toBe(true);
  });

  it('never moves a deadline away', () => {
    const subject = follower();
    subject.now += 95;
    const { deadline } = subject.raft;
    subject.step({ type: 'PeerDown', id: 2 });
    expect(subject.raft.deadline).toBeLessThanOrEqual(deadline);
  });

  it('is taken back by one more word of the leader', () => {
    const subject = follower();
    subject.step({ type: 'PeerDown', id: 2 });
    subject.ask(append([1, 3], []));
    expect(subject.raft.deadline - subject.now).toBe(100);
    expect(consents(subject)).toBe(false);
  });

  it.each([
    ['about somebody else', {}, 3],
    ['where leases rest on silence', { leaseReads: true }, 2],
    ['without PreVote, when nobody could object', { preVote: false }, 2],
  ])('changes nothing %s', (_when, config, id) => {
    const subject = follower(config);
    const before = subject.raft.digest();
    subject.step({ type: 'PeerDown', id });
    expect(subject.raft.digest()).toEqual(before);
  });

  it('changes nothing at the leader itself', () => {
    const subject = new Subject({ term: 3, voters: [1], config: MODERN });
    subject.wait(100);
    subject.persisted();
    expect(subject.raft.role).toBe('leader');
    const before = subject.raft.digest();
    subject.step({ type: 'PeerDown', id: 1 });
    expect(subject.raft.digest()).toEqual(before);
  });
});
