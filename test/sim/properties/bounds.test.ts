/** S22 and the sometimes points, the vacuity guard, and what it costs to watch: hand-made sequences. */
import { EVERYTHING, RULES, Rulebook, SOMETIMES, unhandledError, vacuityGaps } from '@seedraft/sim';
import { describe, expect, it } from 'vitest';
import { append, appended, CONFIG, entry, FakeCluster, requestVote } from './fake-cluster.ts';
import { expectViolation } from './violates.ts';

describe('S22 bounds', () => {
  const send = (cluster: FakeCluster, from: number, to: number, text = 'x'): void => {
    const entries = Array.from({ length: to - from + 1 }, (_, n) => entry(from + n, 1, text));
    const message = append({ from: 1, to: 2, term: 1, prevLogIndex: from - 1, entries });
    cluster.member(1).step({ send: [message] });
  };
  const leading = (): FakeCluster => {
    const cluster = new FakeCluster({ only: ['S22'] });
    cluster.elect(1, 1);
    return cluster;
  };

  it('catches too many entries, or bytes, in one message, and lets one big entry travel', () => {
    expectViolation('S22', '5 entries, above 4', () => send(leading(), 2, 6));
    const big = 'x'.repeat(CONFIG.maxAppendBytes - 1);
    expectViolation('S22', 'bytes of entries, above 1000', () => send(leading(), 2, 3, big));
    send(leading(), 2, 5);
    send(leading(), 2, 2, big.repeat(2));
  });

  it('catches too many appends in flight, and accepts as many once some are acknowledged or sent again', () => {
    const cluster = leading();
    for (let index = 2; index <= 5; index++) send(cluster, index, index);
    expectViolation('S22', '5 appends in flight (up to 2, 3, 4, 5, 6), above 4', () =>
      send(cluster, 6, 6),
    );
    const patient = leading();
    for (let index = 2; index <= 5; index++) send(patient, index, index);
    patient.member(1).receive(appended({ from: 2, to: 1, term: 1, matchIndex: 3 }));
    for (let index = 6; index <= 7; index++) send(patient, index, index);
    for (let index = 4; index <= 7; index++) send(patient, index, index);
  });

  it('makes a finding of an error that escaped', () => {
    const violation = unhandledError('n2', new TypeError('x is not a function'));
    expect(violation.rule).toBe('S22');
    expect(violation.message).toContain('n2 stopped with an unhandled error: TypeError');
  });
});

describe('sometimes', () => {
  it('notes what happened, and only that', () => {
    const cluster = new FakeCluster();
    cluster.elect(1, 1);
    cluster.settle(1);
    const member = cluster.member(3);
    member.stepDurably({ write: { entries: [entry(2, 1)] } });
    member.receive(requestVote({ from: 2, to: 3, term: 2 }), { term: 2 });
    member.stepDurably({ write: { truncateFrom: 2 } });
    cluster.member(1).step({ write: { entries: [entry(2, 1)] } });
    cluster.member(1).crash();
    const { length } = cluster.member(1).raft.log.entries;
    cluster.member(1).boot({ entries: cluster.member(1).raft.log.entries.slice(0, length - 1) });
    cluster.complete(cluster.invoke(), 0, 'info');
    const seen = Object.entries(cluster.rulebook.sometimes()).filter(([, count]) => count > 0);
    expect(Object.fromEntries(seen)).toEqual({
      'a vote was refused because the log was behind': 1,
      'a follower truncated its log': 1,
      'a leader crashed while a write was pending': 1,
      'a crash lost writes under way': 1,
      'an operation ended unknown': 1,
    });
  });
});

describe('the vacuity guard', () => {
  const full = Object.fromEntries(
    Object.entries(EVERYTHING).map(([kind, names]) => [
      kind,
      Object.fromEntries((names as readonly string[]).map((name) => [name, 1])),
    ]),
  ) as unknown as Parameters<typeof vacuityGaps>[0];

  it('is content when everything occurred', () => {
    expect(vacuityGaps(full)).toEqual([]);
  });

  it('has a sentence for each absence', () => {
    const gaps = vacuityGaps({
      ...full,
      rules: { ...full.rules, S16: 0 },
      messages: { ...full.messages, TimeoutNow: 0 },
      sometimes: { ...full.sometimes, [SOMETIMES[0]]: 0 },
    });
    expect(gaps).toEqual([
      'rule S16 was never put to the test: its antecedent (reads served within two election timeouts of a leader change) never occurred',
      'no member ever handled a message of type TimeoutNow',
      `never seen: ${SOMETIMES[0]}`,
    ]);
  });

  it('expects every rule there is', () => {
    const ids = RULES.map(({ definition }) => definition.id);
    expect(ids).toEqual(Array.from({ length: 22 }, (_, n) => `S${n + 1}`));
    expect(EVERYTHING.rules).toEqual([...ids, 'LIN', 'L1', 'L2', 'L3', 'L4', 'L5', 'L6', 'L7']);
  });
});

describe('the rulebook', () => {
  it('keeps to the rules it is asked for', () => {
    const { world } = new FakeCluster();
    const rulebook = new Rulebook(world, { only: ['S1', 'S21'] });
    expect(Object.keys(rulebook.checks())).toEqual(['S1', 'S21']);
  });
});
