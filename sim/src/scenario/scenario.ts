/**
 * The two doors to a scenario: `readScenario` for data that came from a file (problems are values), `defineScenario` for TypeScript (a
 * mistake throws, with all problems in its message). Both give the same thing.
 */
import { formatPath, type Problem, problemsOf } from './problems.ts';
import { type Scenario, type ScenarioInput, scenarioSchema } from './schema.ts';
import { validate } from './validate.ts';

export type ScenarioResult =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Checks shape and sense. Never throws; says all problems of the first kind found. */
export function readScenario(value: unknown): ScenarioResult {
  const parsed = scenarioSchema.safeParse(value, { reportInput: true });
  if (!parsed.success) return { ok: false, problems: problemsOf(parsed.error) };
  const problems = validate(parsed.data);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, scenario: parsed.data };
}

/** A scenario that cannot run; `problems` says why. */
export class ScenarioError extends Error {
  readonly problems: readonly Problem[];
  constructor(name: string, problems: readonly Problem[]) {
    const lines = problems.map(({ path, message, suggestion }) => {
      const hint = suggestion === null ? '' : ` (did you mean ${suggestion}?)`;
      return `  ${formatPath(path)}: ${message}${hint}`;
    });
    super(`scenario ${name} cannot run:\n${lines.join('\n')}`);
    this.name = 'ScenarioError';
    this.problems = problems;
  }
}

/** The builder: what a file would say, with types. Throws ScenarioError. */
export function defineScenario(input: ScenarioInput): Scenario {
  const result = readScenario(input);
  if (!result.ok) throw new ScenarioError(input.name, result.problems);
  return result.scenario;
}
