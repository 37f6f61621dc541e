/**
 * A recording is what the run was: the same hash as unrecorded, states that equal the members' own at any event, a sender before every
 * arrival, causes before their events, and an end for every loss.
 */
import { readFileSync } from 'node:fs';
import {
  type MemberView,
  type Plan,
  type Recording,
  readScenario,
  record,
  run,
  scenarioToPlan,
  stateAt,
} from '@seedraft/sim';
import { parseScenario } from 'seedraft';
import { describe, expect, test } from 'vitest';

const STORMY = {
  name: 'stormy',
  cluster: { voters: 3, snapshot: { everyEntries: 20 } },
  workload: { for: '3s', clients: 3, rate: 60 },

  faults: [
    { at: '500ms', crash: 'leader', restart: '200ms' },
    { at: '1s', partition: { around: 'leader' }, for: '500ms' },
    { at: '1800ms', pause: 'follower', for: '200ms' },
    { at: '2200ms', 'crash-all': { restart: '100ms' } },
  ],
};

function planOf(value: unknown, seed: string): Plan {
  const read = readScenario(value);
  if (!read.ok) throw new Error(read.problems[0]?.message);
  return scenarioToPlan(read.scenario, seed);
}

function shipped(name: string, seed: string): Plan {
  const file = new URL(`../../../scenarios/${name}.yaml`, import.meta.url);
  const read = parseScenario(readFileSync(file, 'utf8'));
  if (!read.ok) throw new Error(read.problems[0]?.message);
  return scenarioToPlan(read.scenario, seed);
}

/** What the recording says of every member, and what the members say, after each of these events. */
function expectSameStates(plan: Plan, recording: Recording, events: readonly number[]): void {
  for (const asked of events) {
    let members: readonly MemberView[] = [];
    const stopped = run(plan, {
      stopAt: asked + 1,
      observers: (world) => {
        members = world.members;
        return [];
      },
    });
    // What one thing leads to at once is not cut in two.
    const event = stopped.events - 1;
    const states = stateAt(recording, event);
    for (const { name, status, raft } of members) {
      const state = states.get(name);
      expect(`${event} ${name} ${state?.status}`).toBe(`${event} ${name} ${status}`);
      if (raft === null || state === undefined) continue;
      const { role, currentTerm, commitIndex, lastApplied, durableIndex, log } = raft;
      expect({ event, name, ...state, log: undefined }).toEqual({
        event,
        name,
        status,
        role,
        term: currentTerm,
        votedFor: raft.votedFor === 0 ? null : `n${raft.votedFor}`,
        leader: raft.leader === 0 ? null : `n${raft.leader}`,
        commitIndex,
        lastApplied,
        durableIndex,
        snapshotIndex: raft.snapshot?.lastIncludedIndex ?? 0,
        firstIndex: log.firstIndex,
        log: undefined,
      });
      const terms = state.log.flatMap(({ first, last, term }) =>
        Array.from({ length: last - first + 1 }, (_, n) => [first + n, term]),
      );
      const held = [];
      for (let n = log.firstIndex; n <= log.lastIndex; n += 1) held.push([n, log.termAt(n)]);
      expect(terms).toEqual(held);
    }
  }
}

/** Collected, since there are tens of thousands: each must hold. */
function broken({ events, messages, operations }: Recording): readonly string[] {
  const found: string[] = [];
  const check = (holds: boolean, what: string) => holds || found.push(what);
  events.forEach(({ number, causes }, position) => {
    check(number === position, `event ${number} stands at ${position}`);
    check(
      causes.every((cause) => cause < number),
      `event ${number} follows from ${causes.join(', ')}`,
    );
  });
  for (const { id, sentBy, sentAt, deliveredAt, lost, arrivesAt } of messages) {
    check(sentAt === events[sentBy]?.time, `message ${id} is sent at another time than its event`);
    if (deliveredAt === null) continue;
    check(lost === null, `message ${id} arrives and is lost`);
    const taker = events[deliveredAt];
    check(taker?.causes.includes(sentBy) === true, `message ${id} is not the cause of its taking`);
    check((taker?.time ?? -1) >= (arrivesAt ?? 0), `message ${id} is taken before it arrives`);
  }
  const taken = new Set(messages.map(({ deliveredAt }) => deliveredAt));
  for (const { number, kind } of events) {
    const isCarried = kind === 'Deliver' || kind === 'ClientReply';
    check(!isCarried || taken.has(number), `event ${number} takes what nobody sent`);
  }
  for (const { id, events: own, completedAt } of operations) {
    const last = events[own.at(-1) as number]?.time ?? -1;
    check(completedAt === null || last >= completedAt, `operation ${id} ends after its last event`);
  }
  return found;
}

const SCHEDULE = {
  name: 'steps',
  cluster: { voters: 3 },
  schedule: [
    'tick n1',
    'deliver n1->n2 PreVote#0',
    'duplicate n2->n1 PreVoteReply#0',
    'persisted n1',
    'drop n1->n3 RequestVote#0',
    'deliver n1->n2 RequestVote#0',
    'persisted n2',
    'crash n3',
    'deliver n2->n1 RequestVoteReply#0',
    'deliver n2->n1 PreVoteReply#0',
    'persisted n1',
    'c0#1 put k0 at n1',
    'deliver n1->n2 AppendEntries#0',
    'persisted n2',
    'deliver n2->n1 AppendEntriesReply#0',
    'persisted n1',
    'crash n1',
    'restart n1',
    'restart n3',
  ],
};

const PLANS: readonly (readonly [string, Plan])[] = [
  ['storms over objects', planOf({ ...STORMY, bytes: false }, '3')],
  ['storms over bytes', planOf({ ...STORMY, bytes: true }, '4')],
  ['a schedule', planOf(SCHEDULE, '1')],
  ['a swarm', shipped('swarm', '12')],
];

describe.each(PLANS)('%s', (_, plan) => {
  const plain = run(plan);
  const { result, recording } = record(plan);

  test('recording changes nothing', () => {
    expect(result.hash).toBe(plain.hash);
    expect(recording.header).toMatchObject({ hash: plain.hash, eventCount: plain.events });
    expect(recording.events).toHaveLength(plain.events);
    expect(JSON.parse(JSON.stringify(recording))).toEqual(recording);
  });

  test('states are those of the members', () => {
    const count = recording.events.length;
    const samples = [0, 1, 2, 0.1, 0.3, 0.5, 0.7, 0.9].map((at) =>
      at < 1 ? Math.floor(at * (count - 1)) : at,
    );
    expectSameStates(plan, recording, [...samples, ...crashesOf(recording)]);
  });

  test('every arrival has a sender before it, and every cause comes first', () => {
    expect(broken(recording)).toEqual([]);
  });
});

/** The first moments at which somebody goes down or is paused, where states are easiest to get wrong. */
function crashesOf({ states }: Recording): readonly number[] {
  const stops = states.filter(({ set }) => set.status !== undefined && set.status !== 'up');
  return stops.slice(0, 4).map(({ event }) => event);
}
