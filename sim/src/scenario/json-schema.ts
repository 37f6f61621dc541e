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
  return { title: 'A seedraft scenario', ...withoutMarks(schema) };
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
    properties: { at: time, for: time, [fault.name]: { anyOf: ways }, ...fields },
    required: [fault.name],
    additionalProperties: false,
  };
}

function inputSchema(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' }) as Json;
  return withoutMarks(rest);
}

const MARKS = new Set(['unit', 'target', 'newcomer', 'faultLine']);

/** Our own metadata is for us (printing, validation), not for editors. Defaults go too: `default` alone says nothing of `{}`. */
function withoutMarks(value: Json): Json {
  return strip(value, false) as Json;
}

function strip(value: unknown, isProperties: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => strip(item, false));
  if (typeof value !== 'object' || value === null) return value;
  const kept: Json = {};
  for (const [key, item] of Object.entries(value)) {
    const mark = !isProperties && MARKS.has(key) && typeof item !== 'object';
    if (!mark) kept[key] = strip(item, !isProperties && key === 'properties');
  }
  return kept;
}
