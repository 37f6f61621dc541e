/**
 * What a member does by itself besides Raft, when its time has come: it tries again what the disk refused, and as a leader lets cluster
 * time pass and binds incarnations.
 */
import type { Founding } from './founding.ts';
import { Incarnations } from './incarnations.ts';
import type { Member } from './member.ts';
import type { Snapshots } from './snapshots.ts';
import { TickEntries } from './tick-entries.ts';
import { Writes } from './writes.ts';

export class Chores {
  readonly #member: Member;
  readonly #snapshots: Snapshots;
  readonly writes: Writes;
  readonly incarnations: Incarnations;
  readonly #tickEntries: TickEntries;

  /** All of them may come once per heartbeat at most, so that none can flood the log or the disk. */
  constructor(member: Member, snapshots: Snapshots, founding: Founding, incarnation: string) {
    const { id, config, store, state } = member;
    this.#member = member;
    this.#snapshots = snapshots;
    this.writes = new Writes(store, config.heartbeatInterval);
    this.incarnations = new Incarnations(id, incarnation, config.heartbeatInterval, (other) =>
      founding.heldTo(other),
    );
    this.#tickEntries = new TickEntries(state.time, config.heartbeatInterval);
  }

  /** On the own clock, ms; Infinity: nothing is to be done. */
  get dueAt(): number {
    const dueAt = Math.min(this.writes.dueAt, this.#snapshots.dueAt);
    if (!this.#member.isLeader) return dueAt;
    return Math.min(dueAt, this.#tickEntries.dueAt, this.incarnations.dueAt);
  }

  doDue(at: number): void {
    if (this.writes.dueAt <= at) this.writes.retry();
    if (this.#snapshots.dueAt <= at) this.#snapshots.retry();
    const member = this.#member;
    if (!member.isLeader) return;
    if (this.#tickEntries.dueAt <= at) {
      member.put(this.#tickEntries.propose(at, member.nextId()));
    }
    if (this.incarnations.dueAt <= at) {
      const change = this.incarnations.bind(at, member.nextId(), member.raft.configuration);
      if (change !== null) member.put(change);
    }
  }

  /** Entries were applied, and with them deadlines moved. */
  onStateChanged(): void {
    this.#tickEntries.expect(this.#member.state.nextDeadline);
  }

  /** The core is done with a proposal. True: it was one of these; what failed is proposed again when due. */
  ended(id: number): boolean {
    return this.#tickEntries.ended(id) || this.incarnations.ended(id);
  }
}
