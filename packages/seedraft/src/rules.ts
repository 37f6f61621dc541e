/** Every rule's definition, for --help and for what a person reads when one is broken. */
import {
  LINEARIZABILITY,
  LIVENESS_RULES,
  type RecordingHeader,
  RULES,
  type RunResult,
} from '@seedraft/sim';

interface Definition {
  readonly id: string;
  readonly name: string;
  readonly definition: string;
}

/** S1..S22, LIN, L1..L7: the order in which people meet them. */
export const RULE_DEFINITIONS: readonly Definition[] = [
  ...RULES.map((rule) => rule.definition),
  LINEARIZABILITY,
  ...LIVENESS_RULES,
];

/** Not rules of the cluster, but a run can fail by them too. */
const OTHERS: readonly Definition[] = [
  {
    id: 'EXPECT',
    name: 'What the scenario expects',
    definition:
      'A scenario that documents a known-bad configuration must show the violation it names.',
  },
  {
    id: 'determinism',
    name: 'Determinism',
    definition: 'The same plan gives the same events, byte for byte, whatever ran before it.',
  },
];

export const ruleDefinition = (id: string): Definition | undefined =>
  [...RULE_DEFINITIONS, ...OTHERS].find((rule) => rule.id === id);

/** Of a broken rule: ours, or one of a user's protocol, which has but its name. */
export function brokenRule({
  rule,
  definition,
}: Pick<RunResult, 'rule' | 'definition'>): Definition | undefined {
  if (rule === null) return undefined;
  const own = definition === undefined ? undefined : { id: rule, name: '', definition };
  return ruleDefinition(rule) ?? own;
}

/** The same, of a recorded run. */
export function recordedRule({ rule, protocol }: RecordingHeader): Definition | undefined {
  const definition = protocol?.definition ?? undefined;
  return brokenRule({ rule, ...(definition !== undefined && { definition }) });
}

const PLACE = new Map(RULE_DEFINITIONS.map(({ id }, place) => [id, place]));

/** Orders ids as the definitions stand; unknown ones last. */
export function compareRules(a: string, b: string): number {
  return (PLACE.get(a) ?? PLACE.size) - (PLACE.get(b) ?? PLACE.size);
}
