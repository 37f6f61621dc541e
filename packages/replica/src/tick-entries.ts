/**
 * Lets cluster time pass when no client does: the leader proposes an entry that holds nothing but its stamp, at the earliest deadline of
 * the sessions and the machine. One at a time and at least a heartbeat apart: ten thousand keys that expire a millisecond after one
 * another cost ten entries a second, not a thousand.
 */
import { crc32c } from '@seedraft/codec';
import type { Propose } from '@seedraft/core';
import type { ClusterTime } from './cluster-time.ts';
import { encodeEnvelope, TICK } from './envelope.ts';

export class TickEntries {
  readonly #time: ClusterTime;
  readonly #spacing: number;
  /** Cluster time at which something expires. */
  #deadline = Number.POSITIVE_INFINITY;
  #inFlight = 0;
  #notBefore = 0;

  constructor(time: ClusterTime, spacing: number) {
    this.#time = time;
    this.#spacing = spacing;
  }

  /** Entries were applied: the earliest deadline is now this. */
  expect(deadline: number): void {
    this.#deadline = deadline;
  }

  /** When the leader should propose, on its own clock; Infinity: nothing expires, or one is on its way. */
  get dueAt(): number {
    if (this.#inFlight !== 0) return Number.POSITIVE_INFINITY;
    return Math.max(this.#time.dueAt(this.#deadline), this.#notBefore);
  }

  propose(at: number, id: number): Propose {
    this.#inFlight = id;
    this.#notBefore = at + this.#spacing;
    const data = encodeEnvelope(TICK, this.#time.stamp(at), 0, 0, 0, null)!;
    return { type: 'Propose', at, proposals: [{ id, data, checksum: crc32c(data) }] };
  }

  /** A proposal ended; true if it was ours. */
  ended(id: number): boolean {
    if (id !== this.#inFlight) return false;
    this.#inFlight = 0;
    return true;
  }
}
