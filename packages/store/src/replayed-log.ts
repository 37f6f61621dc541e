/** The log as the groups make it, entries and all: what recovery hands to the core. */
import type { Entry, Index, SnapshotMetadata } from '@seedraft/core';
import type { Base } from './base.ts';
import type { Step } from './group.ts';

export class ReplayedLog {
  /** The index before entries[0]. */
  floor: Index;
  snapshot: SnapshotMetadata | null;
  readonly entries: Entry[] = [];

  constructor(base: Base) {
    this.floor = base.floor;
    this.snapshot = base.snapshot;
  }

  /** Steps that fit (`Chain.refusal`). */
  apply(steps: readonly Step[]): void {
    for (const step of steps) {
      if (step.kind === 'append') this.#append(step.truncateFrom, step.entries);
      else if (step.kind === 'install') this.#install(step.snapshot);
      else this.#seal(step.snapshot, step.compactTo);
    }
  }

  #append(truncateFrom: Index, entries: readonly Entry[]): void {
    if (truncateFrom !== 0) {
      // Entries before the base that a later group rewrites: the base only knows where they ended.
      if (truncateFrom <= this.floor) this.floor = truncateFrom - 1;
      this.entries.length = Math.min(this.entries.length, truncateFrom - this.floor - 1);
    }
    for (const entry of entries) this.entries.push(entry);
  }

  #install(snapshot: SnapshotMetadata): void {
    this.snapshot = snapshot;
    this.entries.length = 0;
    this.floor = snapshot.lastIncludedIndex;
  }

  #seal(snapshot: SnapshotMetadata, compactTo: Index): void {
    this.snapshot = snapshot;
    const drop = Math.min(compactTo - this.floor, this.entries.length);
    if (drop <= 0) return;
    this.entries.splice(0, drop);
    this.floor += drop;
  }
}
