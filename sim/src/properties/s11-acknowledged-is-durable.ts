/**
 * S11, an acknowledged append is durable (Figure 2: log[] is updated on stable storage before responding): when a follower tells a leader
 * that it matches up to an index, its disk holds the leader's entries up to there; and it keeps them as long as that leader's term lasts.
 *
 * Leaders commit by counting these words. A member that is repairing its log (entries it once acknowledged are missing) gives none until
 * the missing ones are back. What it found on its damaged disk may have been overwritten before it acknowledged anything: that it may drop.
 * Counted: acknowledgements of something new.
 */
import type { Index, PeerMessage, Persist } from '@seedraft/core';
import { Violation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import type { Rule, RuleDefinition, Step } from './rule.ts';
import { firstLost, type MemberShadow } from './shadow.ts';

export class AcknowledgedIsDurable implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S11',
    name: 'Acknowledged appends are durable',
    definition:
      "A follower that acknowledges entries up to an index has the leader's entries up to that index on its disk, and keeps them while that leader's term lasts.",
    antecedent: 'acknowledgements of something new',
    catches: ['M7', 'M8', 'M9', 'M10', 'M30', 'M31', 'FALSE-DAMAGE', 'REPAIR'],
  };
  readonly definition = AcknowledgedIsDurable.definition;
  checks = 0;
  readonly sends = ['AppendEntriesReply', 'InstallSnapshotReply'] as const;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  onSend(step: Step, message: PeerMessage): void {
    if (message.type === 'AppendEntriesReply') {
      if (!message.success) return;
    } else if (message.type !== 'InstallSnapshotReply' || !message.installed) return;
    const { shadow } = step;
    const { term, matchIndex } = message;
    if (matchIndex === 0) return;
    // Under repair it may have lost what it acknowledged before.
    const isKnown = shadow.repairUntil === 0;
    if (isKnown && term === shadow.ackedTerm && matchIndex <= shadow.ackedIndex) return;
    this.checks += 1;
    this.#checkDurable(step, message.to, matchIndex);
    shadow.ackedTerm = term;
    shadow.ackedIndex = matchIndex;
  }

  onPersist(step: Step, persist: Persist): void {
    const { shadow, term } = step;
    if (term !== shadow.ackedTerm) return;
    if (persist.truncateFrom === 0 && persist.snapshot === null) return;
    const lost = firstLost(shadow.claimed, persist);
    if (lost > shadow.ackedIndex || this.#isStale(shadow, lost)) return;
    throw new Violation(
      'S11',
      `${shadow.name} drops entry ${lost} in term ${term}, although it acknowledged up to ${shadow.ackedIndex} to the leader of that term`,
    );
  }

  /**
   * Damage to the write that replaced an entry brings back the replaced one, which nobody had acknowledged to this leader: what was durable
   * before the damage, or was committed, has another entry there (swarm seed 55432). So have all after it, by log matching.
   */
  #isStale({ former, claimed }: MemberShadow, index: Index): boolean {
    if (former === null) return false;
    const before = former.termAt(index);
    const term = before < 0 ? this.#ledger.canonical[index]?.entry.term : before;
    return term !== undefined && term !== claimed.termAt(index);
  }

  #checkDurable(step: Step, to: number, index: Index): void {
    const { shadow } = step;
    const { durable, claimed } = shadow;
    const leaderName = this.#ledger.name(to);
    if (shadow.repairUntil > index) {
      throw new Violation(
        'S11',
        `${shadow.name} acknowledges up to ${index} to ${leaderName} while entries up to ${shadow.repairUntil}, once durable here, are still missing`,
      );
    }
    if (index > durable.lastIndex || !agree(durable.termAt(index), claimed.termAt(index))) {
      throw new Violation(
        'S11',
        `${shadow.name} acknowledges ${index} to ${leaderName}, but its durable log ends at ${durable.lastIndex}@${durable.lastTerm}${index > durable.lastIndex ? '' : `, with term ${durable.termAt(index)} at ${index} instead of ${claimed.termAt(index)}`}`,
      );
    }
    const leader = this.#ledger.shadowOf(to);
    if (leader === undefined || leader.role !== 'leader' || leader.term !== step.term) return;
    if (index <= leader.claimed.lastIndex) {
      if (agree(durable.termAt(index), leader.claimed.termAt(index))) return;
    }
    throw new Violation(
      'S11',
      `${shadow.name} acknowledges ${index}@${durable.termAt(index)} to ${leaderName}, whose log has ${leader.claimed.termAt(index) < 0 ? 'nothing' : `term ${leader.claimed.termAt(index)}`} there`,
    );
  }
}

/** -1: inside a snapshot, so committed: S9 watches those. */
function agree(one: number, other: number): boolean {
  return one === other || one < 0 || other < 0;
}
