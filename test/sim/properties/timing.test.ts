/** What a healed core's surroundings keep to: come what may within it, a heartbeat is in time; and wherever there is room, something may vary. */
import { defaultConfig, type RaftConfig } from '@seedraft/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bearable, type Calm } from '../../../sim/src/timing.ts';

const timeouts = (heartbeatInterval: number, room: number, span: number): RaftConfig => ({
  ...defaultConfig,
  heartbeatInterval,
  electionTimeoutMin: heartbeatInterval + room,
  electionTimeoutMax: heartbeatInterval + room + span,
  clockDriftBound: 0.05,
});

/**
 * The slow obvious twin: the longest gap between two heartbeats, in microseconds of the fast clock of a follower. The leader's clock is slow, the
 * first heartbeat meets no delay, the second every one: a turn of the leader, the way, a turn of the follower.
 */
function longestGap({ heartbeatInterval }: RaftConfig, { drift, latency }: Calm): number {
  const slow = 1 - drift / 1_000_000;
  const fast = 1 + drift / 1_000_000;
  const sent = (heartbeatInterval * 1_000) / slow;
  return (sent + latency + (latency - latency / 2) + latency) * fast;
}

describe('the room between heartbeat and election timeout', () => {
  it('is never overdrawn: with clocks apart, the slowest messages and turns, and clocks read in whole milliseconds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_000 }),
        fc.integer({ min: 2, max: 60_000 }),
        fc.integer({ min: 0, max: 60_000 }),
        (heartbeat, room, span) => {
          const raft = timeouts(heartbeat, room, span);
          const calm = bearable(raft) as Calm;
          expect(longestGap(raft, calm)).toBeLessThan((raft.electionTimeoutMin - 1) * 1_000);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('leaves clocks their whole bound and messages a share of the timeouts where it is wide', () => {
    expect(bearable(timeouts(200, 800, 1_000))).toEqual({ drift: 50_000, latency: 50_000 });
  });

  it('is what swarm seed 13602 lacked', () => {
    expect(bearable(timeouts(1_379, 2, 1_174))).toEqual({ drift: 181, latency: 125 });
  });

  it('bears nothing when it is no wider than the reading of a clock', () => {
    expect(bearable(timeouts(50, 1, 50))).toBeNull();
  });
});
