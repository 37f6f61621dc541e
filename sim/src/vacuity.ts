/**
 * The vacuity guard: a campaign that never met a fault class, a rule's antecedent, a message type or a `sometimes` point has proved nothing
 * about it, so over enough seeds each absence is a failure of the campaign, in one sentence. Pure: counts in, sentences out.
 */
import { FAULT_CLASSES } from './faults/index.ts';
import { LIVENESS_RULES } from './liveness.ts';
import { LINEARIZABILITY } from './properties/history.ts';
import { RULES } from './properties/index.ts';
import { MESSAGE_TYPES } from './properties/rulebook.ts';
import { SOMETIMES } from './properties/sometimes.ts';
import { classesFor } from './protocol/nemesis.ts';
import { type Protocol, RECOVERS } from './protocol/protocol.ts';

/** A campaign needs at least so many runs before absence means anything. */
export const VACUITY_RUNS = 64;

type Counts = Readonly<Record<string, number>>;

/** How often each thing occurred, over all runs of a campaign. */
export interface CampaignCounts {
  readonly faults: Counts;
  readonly rules: Counts;
  readonly messages: Counts;
  readonly sometimes: Counts;
}

/** What must have occurred. */
export interface Expected {
  readonly faults: readonly string[];
  readonly rules: readonly string[];
  readonly messages: readonly string[];
  readonly sometimes: readonly string[];
}

/** Everything there is: for campaigns over all shipped scenarios. */
export const EVERYTHING: Expected = {
  faults: FAULT_CLASSES,
  rules: [...RULES.map(({ definition }) => definition.id), LINEARIZABILITY.id].concat(
    LIVENESS_RULES.map(({ id }) => id),
  ),
  messages: MESSAGE_TYPES,
  sometimes: SOMETIMES,
};

/** One sentence per gap, in the order of `expected`; none: nothing was vacuous. */
export function vacuityGaps(counts: CampaignCounts, expected: Expected = EVERYTHING): string[] {
  const missing = (names: readonly string[], of: Counts): string[] =>
    names.filter((name) => (of[name] ?? 0) === 0);
  return [
    ...missing(expected.faults, counts.faults).map((name) => `the fault ${name} never occurred`),
    ...missing(expected.rules, counts.rules).map((id) => {
      const met = antecedent(id);
      const why = met === null ? '' : `: its antecedent (${met}) never occurred`;
      return `rule ${id} was never put to the test${why}`;
    }),
    ...missing(expected.messages, counts.messages).map(
      (type) => `no member ever handled a message of type ${type}`,
    ),
    ...missing(expected.sometimes, counts.sometimes).map((point) => `never seen: ${point}`),
  ];
}

/** What a user's protocol must have met: every class of faults that makes sense there, each of its rules, each of its messages. */
export function expectedOf(protocol: Protocol): Expected {
  const { rules = [], model, recovers, messages } = protocol;
  return {
    faults: [...classesFor(protocol)],
    rules: [
      ...rules.map(({ name }) => name),
      ...(model === undefined ? [] : [LINEARIZABILITY.id]),
      ...(recovers === undefined ? [] : [RECOVERS]),
    ],
    messages,
    sometimes: [],
  };
}

/** Null: a rule of a user's. */
function antecedent(id: string): string | null {
  const all = [...RULES.map((rule) => rule.definition), LINEARIZABILITY, ...LIVENESS_RULES];
  return all.find((definition) => definition.id === id)?.antecedent ?? null;
}
