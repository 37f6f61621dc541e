/** The session table against a slow obvious one, and what its digest and its frozen copy are worth. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { ExpiryQueue } from '../../packages/replica/src/expiry.ts';
import { type Admission, MAX_REMEMBERED, Sessions } from '../../packages/replica/src/sessions.ts';

const NO_RESULT = new Uint8Array(0);

/** Dissertation 6.3 word by word: lists, searched from the front. */
class ObviousSessions {
  sessions: {
    id: number;
    timeout: number;
    lastActive: number;
    firstIncomplete: number;
    results: { sequence: number; result: Uint8Array }[];
  }[] = [];

  open(id: number, timeout: number, time: number): void {
    this.sessions.push({ id, timeout, lastActive: time, firstIncomplete: 1, results: [] });
  }

  close(id: number): boolean {
    const before = this.sessions.length;
    this.sessions = this.sessions.filter((session) => session.id !== id);
    return this.sessions.length < before;
  }

  expire(time: number): number[] {
    const due = this.sessions.filter((s) => s.lastActive + s.timeout <= time);
    this.sessions = this.sessions.filter((s) => s.lastActive + s.timeout > time);
    due.sort((a, b) => a.lastActive + a.timeout - b.lastActive - b.timeout || a.id - b.id);
    return due.map((s) => s.id);
  }

  admit(id: number, sequence: number, firstIncomplete: number, time: number): Admission {
    const session = this.sessions.find((s) => s.id === id);
    if (session === undefined) return 'SESSION_EXPIRED';
    session.lastActive = time;
    session.firstIncomplete = Math.max(session.firstIncomplete, firstIncomplete);
    session.results = session.results.filter((r) => r.sequence >= session.firstIncomplete);
    if (sequence < session.firstIncomplete) return 'STALE_SEQUENCE';
    return session.results.find((r) => r.sequence === sequence)?.result ?? 'execute';
  }

  remember(id: number, sequence: number, result: Uint8Array): void {
    this.sessions.find((s) => s.id === id)!.results.push({ sequence, result });
  }

  get nextDeadline(): number {
    return Math.min(...this.sessions.map((s) => s.lastActive + s.timeout), Infinity);
  }
}

const step = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('open'), timeout: fc.integer({ min: 1, max: 60 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('close'), id: fc.integer({ min: 1, max: 12 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('command'),
      id: fc.integer({ min: 1, max: 12 }),
      sequence: fc.integer({ min: 1, max: 6 }),
      firstIncomplete: fc.integer({ min: 0, max: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pass'), time: fc.integer({ min: 1, max: 25 }) }),
  },
) as fc.Arbitrary<{
  do: 'open' | 'close' | 'command' | 'pass';
  timeout: number;
  id: number;
  sequence: number;
  firstIncomplete: number;
  time: number;
}>;

function expireAll(sessions: Sessions, time: number): number[] {
  const expired: number[] = [];
  for (let id = sessions.expireOne(time); id !== 0; id = sessions.expireOne(time)) expired.push(id);
  return expired;
}

describe('session table', () => {
  test.prop([fc.array(step, { maxLength: 80 })], { numRuns: 300 })(
    'equals the obvious one in every answer, and a frozen copy restores to the same future and digest',
    (steps) => {
      const sessions = new Sessions();
      const obvious = new ObviousSessions();
      let time = 0;
      let nextId = 0;
      for (const [i, s] of steps.entries()) {
        if (s.do === 'open') {
          nextId++;
          sessions.open(nextId, s.timeout, time);
          obvious.open(nextId, s.timeout, time);
        } else if (s.do === 'close') {
          expect(sessions.close(s.id)).toBe(obvious.close(s.id));
        } else if (s.do === 'pass') {
          time += s.time;
          expect(expireAll(sessions, time)).toEqual(obvious.expire(time));
        } else {
          const admission = sessions.admit(s.id, s.sequence, s.firstIncomplete, time);
          expect(admission).toEqual(obvious.admit(s.id, s.sequence, s.firstIncomplete, time));
          if (admission === 'execute') {
            sessions.remember(s.id, s.sequence, new Uint8Array([i]));
            obvious.remember(s.id, s.sequence, new Uint8Array([i]));
          }
        }
        expect(sessions.nextDeadline).toBe(obvious.nextDeadline);
        expect(sessions.size).toBe(obvious.sessions.length);
      }
      const copy = new Sessions();
      copy.open(99, 5, 0);
      copy.clear();
      for (const session of sessions.freeze()) copy.restore(session);
      expect(copy.digest()).toEqual(sessions.digest());
      expect(copy.freeze()).toEqual(sessions.freeze());
      expect(copy.nextDeadline).toBe(sessions.nextDeadline);
      copy.clear();
      expect(copy.digest()).toEqual({ hi: 0, lo: 0 });
    },
  );

  test('the digest shows a changed result, sequence, deadline and firstIncomplete', () => {
    const digestOf = (change: (sessions: Sessions) => void) => {
      const sessions = new Sessions();
      sessions.open(1, 100, 0);
      change(sessions);
      return JSON.stringify(sessions.digest());
    };
    const seen = new Set([
      digestOf(() => {}),
      digestOf((s) => s.open(2, 100, 0)),
      digestOf((s) => s.admit(1, 1, 1, 5)),
      digestOf((s) => s.admit(1, 2, 2, 5)),
      digestOf((s) => s.remember(1, 1, new Uint8Array([1]))),
      digestOf((s) => s.remember(1, 1, new Uint8Array([2]))),
      digestOf((s) => s.remember(1, 2, new Uint8Array([1]))),
    ]);
    expect(seen.size).toBe(7);
  });

  test('a session that never raises firstIncomplete is told so instead of growing for ever', () => {
    const sessions = new Sessions();
    sessions.open(1, 100, 0);
    for (let sequence = 1; sequence <= MAX_REMEMBERED; sequence++) {
      expect(sessions.admit(1, sequence, 1, 0)).toBe('execute');
      sessions.remember(1, sequence, NO_RESULT);
    }
    expect(sessions.admit(1, MAX_REMEMBERED + 1, 1, 0)).toBe('OVERLOADED');
    expect(sessions.admit(1, 7, 1, 0)).toBe(NO_RESULT);
    expect(sessions.admit(1, MAX_REMEMBERED + 1, 2, 0)).toBe('execute');
  });

  test('closed items far from their deadlines do not pile up behind an open one', () => {
    const queue = new ExpiryQueue();
    const item = (id: number, deadline: number) => ({ id, deadline, closed: false, placed: 0 });
    queue.add(item(1, 0));
    for (let id = 2; id <= 1000; id++) {
      const passing = item(id, 1e9);
      queue.add(passing);
      passing.closed = true;
      queue.trim(1);
    }
    expect(queue.length).toBeLessThan(100);
    expect(queue.first()?.id).toBe(1);
  });
});
