/** Every rule's definition, for --help and for what a person reads when one is broken. */
import { LINEARIZABILITY, LIVENESS_RULES, RULES, type RuleDefinition } from '@seedraft/sim';

export const RULE_DEFINITIONS: readonly RuleDefinition[] = [
  ...RULES.map((rule) => rule.definition),
  LINEARIZABILITY,
  ...LIVENESS_RULES,
].sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));

export const ruleDefinition = (id: string): RuleDefinition | undefined =>
  RULE_DEFINITIONS.find((rule) => rule.id === id);
