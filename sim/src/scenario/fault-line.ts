/**
 * One line of `faults:` in a scenario: `{ at: 2s, partition: { into: leader }, for: 3s }`. Exactly one key names a fault of the registry;
 * its parameters stand beside it, or below it, or it bears its subject directly (`crash: leader`). Each line is checked by the schema of
 * the fault it names, so an error speaks of that fault alone.
 */
import { z } from 'zod';
import type { Fault } from '../faults/fault.ts';
import { FAULTS, faultNamed } from '../faults/index.ts';
import { nearest } from './nearest.ts';
import { keysOf } from './schema-walk.ts';
import { duration } from './units.ts';

export interface FaultLine {
  /** What the draws of this fault are keyed by; null: its place in the file. A shrunk plan keeps the ids it had. */
  readonly id: number | null;
  readonly at: number;
  /** 0: instantaneous, or until the end. */
  readonly duration: number;
  readonly fault: string;
  /** The plan's form. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What every line may say, whatever its fault. */
const common = z.object({
  at: duration().default(0),
  for: duration().default(0),
  id: z.int().min(0).nullable().default(null),
});
const COMMON_KEYS = new Set(['at', 'for', 'id']);

/** The schema of a line. Its JSON Schema is the union over all faults (json-schema.ts). */
export function faultLine() {
  return z
    .record(z.string(), z.unknown())
    .transform((line, context): FaultLine => {
      const fault = namedFault(line, context);
      if (fault === null) return z.NEVER;
      const shared = common.safeParse(line);
      const { parameters, place } = gather(line, fault.name, fault.subject);
      const checked = fault.schema.safeParse(parameters, { reportInput: true });
      if (shared.success && checked.success) {
        const { at, for: span, id } = shared.data;
        return { id, at, duration: span, fault: fault.name, parameters: checked.data };
      }
      for (const issue of shared.error?.issues ?? []) report(context, issue, [...issue.path]);
      for (const issue of checked.error?.issues ?? []) {
        if (issue.code !== 'unrecognized_keys') report(context, issue, place(issue.path));
        else reportUnknownKeys(context, issue.keys, fault, place);
      }
      return z.NEVER;
    })
    .meta({ faultLine: true });
}

type Context = z.core.$RefinementCtx;

function namedFault(line: Record<string, unknown>, context: Context) {
  const named = Object.keys(line).filter((key) => faultNamed(key) !== null);
  if (named.length === 1) return faultNamed(named[0] ?? '');
  if (named.length > 1) {
    context.addIssue({
      code: 'custom',
      message: `one fault a line: this one names ${named.join(' and ')}`,
    });
    return null;
  }
  const known = FAULTS.map((fault) => fault.name);
  const keys = Object.keys(line).filter((key) => !COMMON_KEYS.has(key));
  for (const key of keys) {
    const suggestion = nearest(key, known);
    if (suggestion === null) continue;
    context.addIssue({
      code: 'custom',
      path: [key],
      message: `there is no fault ${key}`,
      params: { suggestion },
    });
    return null;
  }
  context.addIssue({
    code: 'custom',
    path: keys.slice(0, 1),
    message: `expected a fault: ${known.join(', ')}`,
  });
  return null;
}

/** Brings the three ways of writing parameters together, and remembers where each one stands in the file. */
function gather(line: Record<string, unknown>, name: string, subject: string | undefined) {
  const parameters: Record<string, unknown> = {};
  const places = new Map<string, PropertyKey[]>();
  for (const key of Object.keys(line)) {
    if (COMMON_KEYS.has(key) || key === name) continue;
    parameters[key] = line[key];
    places.set(key, [key]);
  }
  const value = line[name];
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, given] of Object.entries(value)) {
      parameters[key] = given;
      places.set(key, [name, key]);
    }
  } else if (value !== null && value !== true && value !== undefined) {
    parameters[subject ?? name] = value;
    places.set(subject ?? name, [name]);
  }
  const place = (path: readonly PropertyKey[]): PropertyKey[] => {
    const [first, ...rest] = path;
    if (first === undefined) return [name];
    return [...(places.get(String(first)) ?? [name]), ...rest];
  };
  return { parameters, place };
}

function report(context: Context, issue: z.core.$ZodIssue, path: PropertyKey[]): void {
  context.addIssue({ ...issue, path } as Parameters<Context['addIssue']>[0]);
}

/** One issue for each key the fault does not know, where that key stands. */
function reportUnknownKeys(
  context: Context,
  keys: readonly string[],
  fault: Fault,
  place: (path: readonly PropertyKey[]) => PropertyKey[],
): void {
  const known = keysOf(fault.schema);
  for (const key of keys) {
    context.addIssue({
      code: 'custom',
      path: place([key]),
      message: `${fault.name} has no parameter ${key}; it has ${known.join(', ')}`,
      params: { suggestion: nearest(key, [...known, ...COMMON_KEYS]) },
    });
  }
}
