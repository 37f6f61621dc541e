/**
 * The text of a scenario file (YAML, of which JSON is a part) to a Scenario, or to problems with their line and column. Never throws:
 * whatever somebody writes into a file is an answer, not an accident.
 */
import { formatPath, type Problem, readScenario, type Scenario } from '@seedraft/sim';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

export interface FileProblem {
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  /** `faults[0].crash`; '' when it is about the text itself. */
  readonly path: string;
  readonly message: string;
  /** What was probably meant. */
  readonly suggestion: string | null;
}

export type ScenarioFile =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly problems: readonly FileProblem[] };

/** Reads a scenario file's text. All problems are reported at once, in the order of the file. */
export function parseScenario(text: string): ScenarioFile {
  const lines = new LineCounter();
  // Duplicate keys are errors (YAML's rule); aliases are limited, so that a small file cannot become a huge value.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return { line, column: col, path: '', message: error.message, suggestion: null };
    });
    return { ok: false, problems };
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, problems: [{ line: 1, column: 1, path: '', message, suggestion: null }] };
  }
  const result = readScenario(value);
  if (result.ok) return result;
  const problems = result.problems.map((problem) => locate(document.contents, lines, problem));
  problems.sort((left, right) => left.line - right.line || left.column - right.column);
  return { ok: false, problems };
}

function locate(root: Node | null, lines: LineCounter, problem: Problem): FileProblem {
  const { line, col } = lines.linePos(offsetOf(root, problem.path));
  return {
    line: Math.max(1, line),
    column: Math.max(1, col),
    path: formatPath(problem.path),
    message: problem.message,
    suggestion: problem.suggestion,
  };
}

/** Where the deepest part of the path that exists begins: at its key in a map, since that is what people look for. */
function offsetOf(root: Node | null, path: Problem['path']): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const part of path) {
    const step = stepInto(node, part);
    if (step === null) return offset;
    offset = step.offset;
    node = step.node;
  }
  return offset;
}

function stepInto(node: unknown, part: string | number): { offset: number; node: unknown } | null {
  if (isSeq(node) && typeof part === 'number') {
    const item = node.items[part] as Node | undefined;
    return item === undefined ? null : { offset: item.range?.[0] ?? 0, node: item };
  }
  if (!isMap(node)) return null;
  for (const pair of node.items) {
    if (isScalar(pair.key) && String(pair.key.value) === String(part)) {
      return { offset: pair.key.range?.[0] ?? 0, node: pair.value };
    }
  }
  // A fault's parameter may stand one level deeper: `partition: { groups: ... }`.
  for (const pair of node.items) {
    const found = isMap(pair.value) ? stepInto(pair.value, part) : null;
    if (found !== null) return found;
  }
  return null;
}
