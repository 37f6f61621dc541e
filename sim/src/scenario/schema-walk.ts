/**
 * Looks inside zod schemas: which keys an object takes, and what lies at a path. Used to suggest the key somebody meant and to print
 * plans with units; nothing is validated here.
 */
import type { ZodType } from 'zod';

/** The parts of a zod definition that are walked. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, ZodType>>;
  readonly innerType?: ZodType;
  readonly in?: ZodType;
  readonly element?: ZodType;
  readonly valueType?: ZodType;
  readonly options?: readonly ZodType[];
  readonly items?: readonly ZodType[];
}

function definitionOf(schema: ZodType): Definition {
  return schema.def as unknown as Definition;
}

/** The schema below optional, default and transform, as people write it. */
export function unwrap(schema: ZodType): ZodType {
  const definition = definitionOf(schema);
  const inner = definition.innerType ?? definition.in;
  return inner === undefined ? schema : unwrap(inner);
}

/** The keys of an object schema in their order; of a union, those of all its options. */
export function keysOf(schema: ZodType): string[] {
  const definition = definitionOf(unwrap(schema));
  if (definition.shape !== undefined) return Object.keys(definition.shape);
  return [...new Set((definition.options ?? []).flatMap(keysOf))];
}

/** The field of that key in an object schema (or in the first option of a union that has it). */
export function fieldOf(schema: ZodType, key: string): ZodType | null {
  const definition = definitionOf(unwrap(schema));
  const direct = definition.shape?.[key];
  if (direct !== undefined) return direct;
  if (definition.valueType !== undefined) return definition.valueType;
  for (const option of definition.options ?? []) {
    const found = fieldOf(option, key);
    if (found !== null) return found;
  }
  return definition.element ?? null;
}

/** What lies at the path; null when the schema has nothing there. */
export function schemaAt(schema: ZodType, path: readonly PropertyKey[]): ZodType | null {
  let found: ZodType | null = schema;
  for (const key of path) {
    if (found === null) return null;
    found = fieldOf(found, String(key));
  }
  return found;
}

/** A metadata value of the schema, or of what it wraps. */
export function metaOf(schema: ZodType, key: string): unknown {
  const meta = schema.meta();
  if (meta !== undefined && key in meta) return meta[key];
  const definition = definitionOf(schema);
  const inner = definition.innerType ?? definition.in;
  return inner === undefined ? undefined : metaOf(inner, key);
}
