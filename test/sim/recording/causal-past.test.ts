/**
 * The past of an event is closed under causes and comes before it; thinning and cutting keep order and states and say what they left out;
 * what a violation is about is read from its sentence.
 */
import {
  causalPast,
  cutRecording,
  type Plan,
  type Recording,
  readScenario,
  record,
  relevantPast,
  scenarioToPlan,
  stateAt,
  thinned,
} from '@seedraft/sim';
import { describe, expect, test } from 'vitest';
import { aboutSentence } from '../../../sim/src/recording/about.ts';

const read = readScenario({
  name: 'storm',
  cluster: { voters: 3, snapshot: { everyEntries: 15 } },
  workload: { for: '2s', clients: 3, rate: 60 },
  faults: [{ at: '700ms', crash: 'leader', restart: '100ms' }],
  liveness: false,
});
if (!read.ok) throw new Error(read.problems[0]?.message);
const { recording } = record(scenarioToPlan(read.scenario, '2') satisfies Plan);
const end = recording.events.length - 1;

/** Kept causes, transitively. */
function ancestors({ events }: Pick<Recording, 'events'>): Map<number, Set<number>> {
  const known = new Map<number, Set<number>>();
  for (const { number, causes } of events) {
    const mine = new Set(causes);
    for (const cause of causes) for (const one of known.get(cause) ?? []) mine.add(one);
    known.set(number, mine);
  }
  return known;
}

describe('the causal past', () => {
  test('is closed under causes, ascending, and ends with the event', () => {
    const past = causalPast(recording, end);
    const members = new Set(past);
    expect(past.at(-1)).toBe(end);
    expect([...past].sort((a, b) => a - b)).toEqual(past);
    for (const number of past) {
      for (const cause of recording.events[number]?.causes ?? []) expect(members).toContain(cause);
    }
  });

  test('holds the fault that a restart follows from, and not what came after', () => {
    const boot = recording.events.find(({ kind, time }) => kind === 'Boot' && time > 0);
    const past = causalPast(recording, boot?.number ?? -1);
    const kinds = past.map((number) => recording.events[number]?.kind);
    expect(kinds).toContain('Inject');
    expect(Math.max(...past)).toBe(boot?.number);
  });

  test('thinned, has the same order among what is left', () => {
    const isKept = (event: number): boolean => event % 7 === 0;
    const whole = ancestors(recording);
    const few = ancestors({ events: thinned(recording.events, isKept) });
    for (const [event, mine] of few) {
      const expected = [...(whole.get(event) as Set<number>)].filter(isKept);
      expect([...mine].sort((a, b) => a - b)).toEqual(expected.sort((a, b) => a - b));
    }
  });
});

describe('a cut recording', () => {
  test('holds its range, says what it left out, and has the same states', () => {
    const cut = cutRecording(recording, { last: 100 });
    expect(cut.events).toHaveLength(100);
    expect(cut.header.leftOut).toMatchObject({ from: end - 99, to: end + 1, kept: 0 });
    expect(cut.header.leftOut?.events).toBe(recording.events.length - 100);
    for (const event of [end - 99, end - 50, end]) {
      expect([...stateAt(cut, event)].sort()).toEqual([...stateAt(recording, event)].sort());
    }
    const numbers = new Set(cut.events.map(({ number }) => number));
    for (const { causes } of cut.events) for (const one of causes) expect(numbers).toContain(one);
    expect(cutRecording(recording, { from: 0, to: Infinity })).toBe(recording);
  });

  test('keeps what a violation follows from, wherever it is', () => {
    const isLeading = ({ did }: Recording['events'][number]) =>
      did.some((deed) => deed.type === 'role' && deed.role === 'leader');
    const elected = recording.events.find(isLeading)?.number ?? -1;
    const { header } = recording;
    const about = { members: ['n1'], terms: [1], indexes: [], operations: [] };
    const broken = { ...header, verdict: 'violation', rule: 'S1', violation: end, about } as const;
    const cut = cutRecording({ ...recording, header: broken }, { last: 50 });
    expect(cut.events.map(({ number }) => number)).toContain(elected);
    expect(cut.header.leftOut?.kept).toBeGreaterThan(0);
    expect([...stateAt(cut, elected)]).toEqual([...stateAt(recording, elected)]);
  });
});

test('a run that broke nothing has nothing that mattered', () => {
  expect(relevantPast(recording)).toEqual({ steps: [], leftOut: 0 });
});

describe('what a sentence is about', () => {
  const about = (sentence: string) => aboutSentence(sentence, recording.operations);

  test.each([
    ['n5 acknowledges 1 to n1, but its durable log ends at 0@0', ['n5', 'n1'], [], [1]],
    ['n1 votes for n2 in term 2, whose log ends at 1@1', ['n1', 'n2'], [2, 1], [1]],
    [
      'n7, leader of term 7, advances commitIndex from 0 to 2, an entry of term 3',
      ['n7'],
      [7, 3],
      [2],
    ],
    ['n3 went back from term 5 to 4', ['n3'], [5], []],
    [
      'the healed core {n1, n2} owes its clients answers: n2 1 (at 9.1 s: n1 leader in term 6, log to 44@6, commit 44)',
      ['n1', 'n2'],
      [6],
      [],
    ],
    ['client 2 was told at 1.204 s that its put is at index 40', [], [], [40]],
  ])('%s', (sentence, members, terms, indexes) => {
    expect(about(sentence)).toMatchObject({ members, terms, indexes });
  });

  test('finds operations by their session, their moment and their place in the history', () => {
    const write = recording.operations.find(
      ({ sessionId, outcome }) => sessionId > 0 && outcome === 'ok',
    );
    const { sessionId = 0, sequence = 0, invoked = 0, id = 0, f, client = '' } = write ?? {};
    expect(
      about(`n1 executed session ${sessionId}, sequence ${sequence} at index 4`).operations,
    ).toEqual([id]);
    expect(
      about(`${f} (process 4, event ${invoked}) at index 14 is impossible`).operations,
    ).toEqual([id]);
    const at = ((write?.completedAt ?? 0) / 1e6).toFixed(3);
    const told = `client ${client.slice(1)} was told at ${at} s that its ${f} is at index 9`;
    expect(about(told).operations).toContain(id);
  });
});
