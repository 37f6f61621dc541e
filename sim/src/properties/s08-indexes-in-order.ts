/**
 * S8, indexes in order (Figure 2: commitIndex and lastApplied increase monotonically): within one boot neither goes back, entries are
 * applied one by one, and at every moment purged <= snapshot <= commit <= last and applied <= commit; an own snapshot covers only what was
 * applied. A leader that fails to read its snapshot back from a bad disk gives it up and takes another one: until then nothing more may be purged.
 *
 * A member that forgets what is committed applies twice; one that purges what no snapshot covers cannot help a follower any more.
 * Counted: steps in which commitIndex moved.
 */
import type { Entry, SnapshotMetadata } from '@seedraft/core';
import { Violation } from '../observer.ts';
import type { Rule, RuleDefinition, Step } from './rule.ts';
import type { MemberShadow } from './shadow.ts';

export class IndexesInOrder implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S8',
    name: 'Indexes in order',
    definition:
      'commitIndex and lastApplied never go back, entries are applied in order, and purged <= snapshot <= applied <= commit <= last.',
    antecedent: 'steps in which commitIndex moved',
    catches: ['M11', 'M15'],
  };
  readonly definition = IndexesInOrder.definition;
  checks = 0;
  readonly #lastApplied: number[] = [];
  /** The first index of its log when it last had a snapshot, or an empty one. */
  readonly #firstIndex: number[] = [];

  onBoot(shadow: MemberShadow): void {
    this.#lastApplied[shadow.id] = 0;
    this.#firstIndex[shadow.id] = 1;
  }

  onStep(step: Step): void {
    const { shadow, raft, commit } = step;
    if (commit !== shadow.commit) {
      this.checks += 1;
      if (commit < shadow.commit)
        fail(shadow, `commitIndex from ${shadow.commit} back to ${commit}`);
    }
    const { log, snapshot, lastApplied } = raft;
    const before = this.#lastApplied[shadow.id] as number;
    if (lastApplied !== before) {
      if (lastApplied < before) fail(shadow, `lastApplied from ${before} back to ${lastApplied}`);
      if (lastApplied > commit) fail(shadow, `lastApplied ${lastApplied} above commit ${commit}`);
      this.#lastApplied[shadow.id] = lastApplied;
    }
    const { lastIndex, firstIndex } = log;
    if (commit > lastIndex) fail(shadow, `commitIndex ${commit} above its last index ${lastIndex}`);
    if (snapshot === null && step.member.diskFaults !== 'none') {
      const before = this.#firstIndex[shadow.id] as number;
      if (firstIndex > before) {
        fail(shadow, `its log purged up to ${firstIndex - 1}, while its snapshot cannot be read`);
      }
      return;
    }
    this.#firstIndex[shadow.id] = firstIndex;
    const covered = snapshot === null ? 0 : snapshot.lastIncludedIndex;
    if (firstIndex - 1 > covered) {
      fail(shadow, `its log purged up to ${firstIndex - 1}, but its snapshot ends at ${covered}`);
    }
    if (covered > commit) fail(shadow, `a snapshot up to ${covered} above commitIndex ${commit}`);
  }

  onApply(shadow: MemberShadow, entry: Entry): void {
    if (entry.index !== shadow.applied + 1) {
      fail(shadow, `applied ${entry.index} right after ${shadow.applied}`);
    }
    if (entry.index > shadow.commit) {
      fail(shadow, `applied ${entry.index} above commitIndex ${shadow.commit}`);
    }
  }

  onSealed(shadow: MemberShadow, snapshot: SnapshotMetadata): void {
    const { lastIncludedIndex } = snapshot;
    if (lastIncludedIndex > shadow.applied) {
      fail(shadow, `a snapshot up to ${lastIncludedIndex}, but applied only ${shadow.applied}`);
    }
  }
}

function fail(shadow: MemberShadow, what: string): never {
  throw new Violation('S8', `${shadow.name} has ${what}`);
}
