/**
 * The JSON Schema that editors complete and check scenario files with, generated from the schemas the runner uses
 * (committed as scenarios/schema.json; a test holds it current).
 */
import { z } from 'zod';
import type { Fault } from '../faults/fault.ts';
import { FAULTS } from '../faults/index.ts';
import { scenarioSchema } from './schema.ts';
import { fieldOf } from './schema-walk.ts';
import { duration } from './units.ts';

type Json = Record<string, unknown>;

/** The whole schema as plain JSON, keys in a fixed order. */
export function scenarioJsonSchema(): Json {
  const lines = FAULTS.map(lineSchemaOf);
  const schema = z.toJSONSchema(scenarioSchema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      // The schema of a fault line sees only a record; what it may hold is the union over the registry.
      if (zodSchema._zod.def.type !== 'pipe') return;
      if (z.globalRegistry.get(zodSchema as unknown as z.ZodType)?.faultLine !== true) return;
      for (const key of Object.keys(jsonSchema)) delete (jsonSchema as Json)[key];
      (jsonSchema as Json).anyOf = lines;
    },
  });
  const $defs: Json = {};
  const referring = withReferences(schema, $defs) as Json;
  return { title: 'A seedraft scenario', ...referring, $defs };
}

/** One fault as a line of `faults:`. */
function lineSchemaOf(fault: Fault): Json {
  const whole = inputSchema(fault.schema);
  const fields = (whole.properties ?? {}) as Json;
  const time = inputSchema(duration());
  const subject = fault.subject === undefined ? null : fieldOf(fault.schema, fault.subject);
  const ways = [whole, ...(subject === null ? [{ const: true }] : [inputSchema(subject)])];
  return {
    type: 'object',
    description: fault.summary,
    properties: {
      at: time,
      for: time,
      id: { type: 'integer', minimum: 0 },
      [fault.name]: { anyOf: ways },
      ...fields,
    },
    required: [fault.name],
    additionalProperties: false,
  };
}

function inputSchema(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' }) as Json;
  return rest;
}

/** Our own metadata is for printing and validation; to editors such a field is a name in `$defs`. */
function markOf(value: Json): string | null {
  if (typeof value.unit === 'string') return value.unit;
  if (value.target === true) return 'target';
  return value.newcomer === true ? 'newcomer' : null;
}

/** Replaces marked fields by references, and collects what they refer to. */
function withReferences(value: unknown, definitions: Json): unknown {
  if (Array.isArray(value)) return value.map((item) => withReferences(item, definitions));
  if (typeof value !== 'object' || value === null) return value;
  const kept: Json = {};
  for (const [key, item] of Object.entries(value)) kept[key] = withReferences(item, definitions);
  const mark = markOf(kept);
  if (mark === null) return kept;
  const { unit: _unit, target: _target, newcomer: _newcomer, default: initial, ...plain } = kept;
  definitions[mark] ??= plain;
  const reference = { $ref: `#/$defs/${mark}` };
  return initial === undefined ? reference : { ...reference, default: initial };
}
