/**
 * S14, configuration safety (dissertation ch. 4): a leader has one uncommitted configuration change at a time; every quorum of a
 * configuration shares a member with every quorum of the one before it in the same log; a leader changes voters one by one only after it
 * committed an entry of its own term (the 2015 correction); and a member acts under the latest configuration in its log.
 *
 * Together these are why two configurations can never decide apart from each other, also when the change is truncated again.
 * Counted: configuration entries appended by a leader that change who votes.
 */
import type { Entry, Persist } from '@seedraft/core';
import { Violation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import { quorumsIntersect, sameVoters } from './quorum.ts';
import type { Rule, RuleDefinition, Step } from './rule.ts';
import type { ConfigurationAt } from './shadow.ts';

export class ConfigurationSafety implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S14',
    name: 'Configuration safety',
    definition:
      'One uncommitted configuration change at a time, each configuration overlaps its predecessor in every quorum, single-server changes come after a commit in the own term, and the latest configuration in the log is in force.',
    antecedent: 'configuration entries appended by a leader that change who votes',
    catches: ['M19', 'M20', 'M21'],
  };
  readonly definition = ConfigurationSafety.definition;
  checks = 0;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  onPersist(step: Step, persist: Persist): void {
    if (step.role !== 'leader') return;
    const { entries } = persist;
    let previous = step.shadow.configurations.latest;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as Entry;
      if (entry.configuration === null) continue;
      if (previous !== undefined) this.#judge(step, previous, entry);
      previous = { index: entry.index, term: entry.term, configuration: entry.configuration };
    }
  }

  onStep(step: Step): void {
    if (step.effects.persist === null) return;
    const { shadow, raft } = step;
    const latest = shadow.configurations.latest;
    if (latest === undefined || latest.index === raft.configurationIndex) return;
    throw new Violation(
      'S14',
      `${shadow.name} acts under the configuration of index ${raft.configurationIndex}, but the latest in its log is at ${latest.index}`,
    );
  }

  #judge(step: Step, previous: ConfigurationAt, entry: Entry): void {
    const { shadow, term, commit } = step;
    const ledger = this.#ledger;
    const next = entry.configuration;
    if (next === null) return;
    const who = `${shadow.name}, leader of term ${term}, appends configuration ${entry.index}@${entry.term}`;
    if (previous.index > commit) {
      throw new Violation(
        'S14',
        `${who} while the one at ${previous.index} is uncommitted (commitIndex ${commit})`,
      );
    }
    if (sameVoters(previous.configuration, next)) return;
    this.checks += 1;
    if (!quorumsIntersect(previous.configuration, next)) {
      throw new Violation(
        'S14',
        `${who}, ${ledger.describe(next)}, which can decide without any member of a quorum of its predecessor at ${previous.index}, ${ledger.describe(previous.configuration)}`,
      );
    }
    const single = previous.configuration.outgoing === null && next.outgoing === null;
    if (!single || shadow.claimed.termAt(commit) === term || commit >= entry.index) return;
    throw new Violation(
      'S14',
      `${who}, a single-server change, before it committed an entry of its own term (commitIndex ${commit}, of term ${shadow.claimed.termAt(commit)})`,
    );
  }
}
