/**
 * The timing requirement (Raft, 5.6) of a healed core: between a heartbeat and the shortest election timeout stands some room, and whatever makes
 * one heartbeat come later than the one before it has to fit in there, or no leader could stay: clocks apart, the network, turns, and clocks read
 * in whole milliseconds (swarm seeds 9672 and 13602).
 */
import type { RaftConfig } from '@seedraft/core';
import type { Micros } from './observer.ts';

/** What a healed core's surroundings keep to. */
export interface Calm {
  /** No message, turn or operation of a disk takes longer. */
  readonly latency: Micros;
  /** No clock strays further from true time, in parts per million. */
  readonly drift: number;
}

/** A clock read in whole milliseconds ends a wait up to one of them early. */
const READING: Micros = 1_000;
/** Between two answers of a follower: a turn of the leader, the heartbeat, a turn of the follower, the answer, another turn; half of a latency varies. */
const LATENCIES = 4;

/**
 * Half of the room for clocks, within the bound that leases assume; half for the network, within a tenth of the shortest election timeout and a
 * twentieth of the span that timeouts are drawn from, or candidates would meet. Null: the timeouts bear nothing at all.
 */
export function bearable(raft: RaftConfig): Calm | null {
  const { clockDriftBound, electionTimeoutMin, electionTimeoutMax, heartbeatInterval } = raft;
  const room = (electionTimeoutMin - heartbeatInterval) * 1_000 - READING;
  if (room <= 0) return null;
  // One clock slow, the other fast: the heartbeat grows and the timeout shrinks.
  const apart = room / 2 / ((heartbeatInterval + electionTimeoutMin) * 1_000);
  const spread = Math.floor(((electionTimeoutMax - electionTimeoutMin) * 1_000) / 20);
  const late = Math.floor(room / 2 / LATENCIES);
  return {
    drift: Math.floor(Math.min(clockDriftBound, apart) * 1_000_000),
    latency: Math.max(20, Math.min(electionTimeoutMin * 100, spread, late)),
  };
}
