/**
 * What is wrong with a scenario, in words, each problem with the path it stands at. zod's issues become sentences here: one problem for
 * each unknown key, and for a union the complaint of the alternative that was most likely meant.
 */
import type { z } from 'zod';
import { nearest } from './nearest.ts';
import { scenarioSchema } from './schema.ts';
import { keysOf, schemaAt } from './schema-walk.ts';

export interface Problem {
  /** From the root of the file: `['faults', 0, 'crash']`. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** What was probably meant; null when nothing is near. */
  readonly suggestion: string | null;
}

/** `faults[0].crash` */
export function formatPath(path: readonly (string | number)[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

/** All problems of a failed parse, in the order of the schema. */
export function problemsOf(error: z.ZodError): Problem[] {
  return error.issues.flatMap((issue) => fromIssue(issue, []));
}

function fromIssue(issue: z.core.$ZodIssue, prefix: readonly (string | number)[]): Problem[] {
  const path = [...prefix, ...issue.path.map((part) => (typeof part === 'symbol' ? '' : part))];
  if (issue.code === 'unrecognized_keys') {
    const place = schemaAt(scenarioSchema, path);
    const known = place === null ? [] : keysOf(place);
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: `unknown key ${key}${known.length > 0 ? `; known here: ${known.join(', ')}` : ''}`,
      suggestion: nearest(key, known),
    }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const likely = likeliest(issue.errors);
    if (likely !== null) return likely.flatMap((inner) => fromIssue(inner, path));
    return [{ path, message: alternatives(issue), suggestion: null }];
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    const message = `expected ${values.length > 1 ? 'one of ' : ''}${values.join(', ')}`;
    return [{ path, message, suggestion: nearest(String(issue.input), values) }];
  }
  if (issue.code === 'invalid_key') {
    return [{ path, message: issue.issues[0]?.message ?? issue.message, suggestion: null }];
  }
  const suggestion = issue.code === 'custom' ? issue.params?.suggestion : null;
  return [{ path, message: issue.message, suggestion: String(suggestion ?? '') || null }];
}

/** The alternative whose shape was right but not its content: its complaint helps most. Null when none stands out. */
function likeliest(errors: readonly (readonly z.core.$ZodIssue[])[]) {
  const closer = errors.filter((issues) =>
    issues.every((issue) => !(issue.path.length === 0 && isShape(issue))),
  );
  return closer.length === 1 ? (closer[0] ?? null) : null;
}

function isShape(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

function alternatives(issue: z.core.$ZodIssueInvalidUnion): string {
  if (issue.message !== 'Invalid input') return issue.message;
  const said = issue.errors.flatMap((issues) => issues.map((inner) => inner.message));
  return [...new Set(said)].join('; or ');
}
