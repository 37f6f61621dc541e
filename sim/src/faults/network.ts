/**
 * Worse weather for a while: some network knobs change on one link or on all, on top of the plan's own.
 * Recovery it must leave possible: nothing is lost but messages, which Raft sends again; corrupt and truncated frames must be caught by
 * their checksum and count as lost. Healed by taking the override away.
 */
import { z } from 'zod';
import type { NetworkKnobs } from '../plan.ts';
import { duration, ratio } from '../scenario/units.ts';
import type { Draw, Fault } from './fault.ts';
import { resolveOne, target } from './target.ts';

/** Latency as a shape, so that scenario files and faults say it alike. */
export const latencySchema = z.union([
  /** Always the same. */
  duration().transform((fixed) => ({
    distribution: 'uniform' as const,
    minimum: fixed,
    mean: fixed,
  })),
  z.strictObject({
    distribution: z.enum(['uniform', 'exponential', 'bimodal']).default('uniform'),
    minimum: duration(),
    mean: duration(),
  }),
]);

/** Every knob of a link; asymmetry is the plan's alone, since it tells links apart. */
export const knobFields = {
  latency: latencySchema.optional(),
  drop: ratio().optional(),
  duplicate: ratio().optional(),
  reorder: ratio().optional(),
  reorderWindow: duration().optional(),
  corrupt: ratio().optional(),
  truncate: ratio().optional(),
  capacity: z.int().min(1).max(10_000).optional(),
} as const;

const VARIANTS = [
  'latency',
  'drop',
  'duplicate',
  'reorder',
  'corrupt',
  'truncate',
  'capacity',
] as const;
type Variant = (typeof VARIANTS)[number];

const schema = z.strictObject({
  /** Both or neither: one direction of one link, or every link. */
  from: target().optional(),
  to: target().optional(),
  ...knobFields,
});
type Parameters = z.output<typeof schema>;

export const network: Fault<Parameters> = {
  name: 'network',
  group: 'network',
  summary: 'drop, duplicate, reorder, corrupt, truncate, delay or limit messages for a while',
  schema,
  variants: VARIANTS,
  window: [300_000, 4_000_000],
  draw(draw, variant = draw.pick('variant', VARIANTS)) {
    return drawKnob(draw, variant as Variant);
  },
  inject(world, parameters, draw) {
    const { from, to, ...given } = parameters;
    const knobs = definedKnobs(given);
    const changed = Object.keys(knobs);
    if (changed.length === 0) return null;
    let link: [number | null, number | null] = [null, null];
    let where = 'every link';
    if (from !== undefined && to !== undefined) {
      const source = resolveOne(world, from, draw, 'from');
      const sink = resolveOne(world, to, draw, 'to');
      if (source === null || sink === null || source === sink) return null;
      link = [source.id, sink.id];
      where = `the link ${source.name}->${sink.name}`;
    }
    const told = changed.map((knob) => tell(knob, knobs)).join(', ');
    return {
      sentence: `the network changes on ${where}: ${told}`,
      heal: world.tune(link[0], link[1], knobs),
      classes: changed.filter((knob) => knob !== 'reorderWindow').map((knob) => `network:${knob}`),
    };
  },
};

function drawKnob(draw: Draw, variant: Variant): Parameters {
  switch (variant) {
    case 'latency': {
      const mean = draw.pick('mean', [20_000, 50_000, 100_000, 200_000]);
      const distribution = draw.pick('distribution', [
        'uniform',
        'exponential',
        'bimodal',
      ] as const);
      return { latency: { distribution, minimum: Math.floor(mean / 10), mean } };
    }
    case 'reorder':
      return {
        reorder: draw.between('reorder', 50_000, 500_000),
        reorderWindow: draw.between('reorderWindow', 5_000, 1_000_000),
      };
    case 'corrupt':
    case 'truncate':
      return { [variant]: draw.between(variant, 1_000, 50_000) };
    case 'capacity':
      return { capacity: draw.between('capacity', 1, 8) };
    default:
      return { [variant]: draw.between(variant, 50_000, 500_000) };
  }
}

type Given = Omit<Parameters, 'from' | 'to'>;

function definedKnobs(given: Given): Partial<NetworkKnobs> {
  const knobs: Record<string, unknown> = {};
  // A fixed order: what people read, and the classes, must not depend on how the file was written.
  for (const knob of Object.keys(knobFields) as (keyof Given)[]) {
    if (given[knob] !== undefined) knobs[knob] = given[knob];
  }
  return knobs as Partial<NetworkKnobs>;
}

function tell(knob: string, knobs: Partial<NetworkKnobs>): string {
  const value = knobs[knob as keyof NetworkKnobs];
  if (typeof value === 'object') {
    return `${knob} ${value.distribution} mean ${value.mean / 1000} ms`;
  }
  if (knob === 'reorderWindow') return `by up to ${Number(value) / 1000} ms`;
  return knob === 'capacity' ? `${knob} ${value}` : `${knob} ${Number(value) / 10_000}%`;
}
