/**
 * S19, snapshot and tail equal full replay (section 7 of the paper): a machine restored from a snapshot is in the state that others
 * reached by applying every entry up to its lastIncludedIndex; one snapshot id names one content; and the snapshot carries the configuration
 * in force at lastIncludedIndex.
 *
 * Whatever a snapshot forgets (sessions, cluster time, a frozen version that was not frozen) shows at the restore itself.
 * Counted: restores whose index another member had reached entry by entry.
 */
import type { Persist, SnapshotMetadata } from '@seedraft/core';
import { type Digest, Violation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import type { Rule, RuleDefinition, Step } from './rule.ts';
import type { MemberShadow } from './shadow.ts';

export class SnapshotEqualsReplay implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S19',
    name: 'Snapshot and tail equal full replay',
    definition:
      'A machine restored from a snapshot is in the state reached by applying every entry up to its lastIncludedIndex, and the snapshot carries the configuration in force there.',
    antecedent: 'restores at an index that some member had reached entry by entry',
    catches: ['M15', 'M16'],
  };
  readonly definition = SnapshotEqualsReplay.definition;
  checks = 0;
  readonly #ledger: Ledger;
  readonly #contents = new Map<string, { readonly checksum: number; readonly size: number }>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  onRestore(shadow: MemberShadow, snapshot: SnapshotMetadata, digest: Digest): void {
    const { lastIncludedIndex, lastIncludedTerm } = snapshot;
    const expected = this.#ledger.digests[lastIncludedIndex];
    if (expected === undefined) return;
    this.checks += 1;
    if (expected.digest.hi === digest.hi && expected.digest.lo === digest.lo) return;
    throw new Violation(
      'S19',
      `${shadow.name} restored a snapshot up to ${lastIncludedIndex}@${lastIncludedTerm} into another state than ${this.#ledger.name(expected.by)} had after applying ${lastIncludedIndex}`,
    );
  }

  onSealed(shadow: MemberShadow, snapshot: SnapshotMetadata): void {
    this.#checkContent(shadow, snapshot);
    const inForce = shadow.configurations.at(snapshot.lastIncludedIndex);
    if (inForce === undefined || inForce.index === snapshot.configurationIndex) return;
    throw new Violation(
      'S19',
      `${shadow.name} took a snapshot up to ${snapshot.lastIncludedIndex} with the configuration of index ${snapshot.configurationIndex}, but that of ${inForce.index} was in force there`,
    );
  }

  onPersist(step: Step, persist: Persist): void {
    if (persist.snapshot !== null) this.#checkContent(step.shadow, persist.snapshot);
  }

  #checkContent(shadow: MemberShadow, snapshot: SnapshotMetadata): void {
    const { id, checksum, size } = snapshot;
    const known = this.#contents.get(id);
    if (known === undefined) {
      this.#contents.set(id, { checksum, size });
      return;
    }
    if (known.checksum === checksum && known.size === size) return;
    throw new Violation(
      'S19',
      `${shadow.name} has a snapshot named ${id} of ${size} bytes, but the one first given that name has ${known.size} bytes or other content`,
    );
  }
}
