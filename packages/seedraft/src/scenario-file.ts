/**
 * The text of a scenario file (YAML, of which JSON is a part) to a Scenario, or to problems with their line and column. Never throws:
 * whatever somebody writes into a file is an answer, not an accident.
 */
import { faultNamed, formatPath, type Problem, readScenario, type Scenario } from '@seedraft/sim';
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from 'yaml';

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
  if (text.trim() === '') return { ok: false, problems: [atStart('the file is empty')] };
  const lines = new LineCounter();
  let document: Document;
  let value: unknown;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
    const problems = syntaxProblems(document, lines);
    if (problems.length > 0) return { ok: false, problems };
    // Aliases are limited, so that a small file cannot become a huge value.
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, problems: [atStart(plainly(message))] };
  }
  const result = readScenario(value);
  if (result.ok) return result;
  const problems = result.problems.map((problem) => locate(document.contents, lines, problem));
  return { ok: false, problems: problems.sort(byPlace) };
}

function atStart(message: string): FileProblem {
  return { line: 1, column: 1, path: '', message, suggestion: null };
}

/** What the parser says of its own limits, in words about the file. */
function plainly(message: string): string {
  if (/call stack/.test(message)) return 'nested too deeply';
  if (/alias count/.test(message)) return 'its aliases would make it huge';
  return message;
}

const byPlace = (left: FileProblem, right: FileProblem): number =>
  left.line - right.line || left.column - right.column;

/** Duplicate keys are errors (YAML's rule); so is a tag that means nothing here, which YAML only warns of. One problem a place. */
function syntaxProblems(document: Document, lines: LineCounter): FileProblem[] {
  const problems: FileProblem[] = [];
  for (const { pos, message } of [...document.errors, ...document.warnings]) {
    const { line, col } = lines.linePos(pos[0]);
    const last = problems.at(-1);
    if (last?.line === line && last.column === col) continue;
    problems.push({
      ...atStart(plainly(message)),
      line: Math.max(1, line),
      column: Math.max(1, col),
    });
  }
  return problems.sort(byPlace);
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
  const pair = node.items.find((candidate) => keyOf(candidate) === String(part));
  if (pair !== undefined) return placeOf(pair);
  // A fault's parameter may stand one level deeper (`partition: { groups: ... }`), or be the value itself (`crash: n9`).
  const fault = node.items.find((candidate) => faultNamed(keyOf(candidate) ?? '') !== null);
  return fault === undefined ? null : (stepInto(fault.value, part) ?? placeOf(fault));
}

function keyOf({ key }: Pair): string | null {
  return isScalar(key) ? String(key.value) : null;
}

function placeOf({ key, value }: Pair): { offset: number; node: unknown } {
  return { offset: (key as Node).range?.[0] ?? 0, node: value };
}
