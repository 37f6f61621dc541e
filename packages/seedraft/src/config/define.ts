/**
 * What a seedraft.config.ts says: a machine, the workload of its clients, the model that judges them, and scenarios. The same machine is
 * what `createNode` runs for real.
 */
import type { Model } from '@seedraft/check';
import type { OwnSystem, ScenarioInput } from '@seedraft/sim';

export interface Config extends Omit<OwnSystem, 'model'> {
  /** What clients may be told, as a sequential specification: `defineModel` of seedraft/check, or a Model of your own. */
  // biome-ignore lint/suspicious/noExplicitAny: a model's state is its own business, and methods of Model take it back.
  readonly model: Model<any>;
  /** What `fuzz` runs when nothing is named: scenarios written here, files beside the config, names of shipped ones. Default: `swarm`. */
  readonly scenarios?: readonly (string | ScenarioInput)[];
}

/** Returns what it is given; gives it its type. */
export function defineConfig(config: Config): Config {
  return config;
}

/** The sentence that says what is wrong with a config's shape, or null. */
export function configFlaw(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) {
    return 'has no default export: write `export default defineConfig({ ... })`';
  }
  const config = value as Partial<Record<keyof Config, unknown>>;
  for (const name of ['machine', 'workload'] as const) {
    if (typeof config[name] !== 'function') return `${name} must be a function${SHAPE[name]}`;
  }
  const { model, scenarios } = config;
  if (typeof (model as Model | undefined)?.step !== 'function') {
    return 'model must be a model of seedraft/check: model: defineModel({ ... })';
  }
  if (scenarios !== undefined && !Array.isArray(scenarios)) return 'scenarios must be a list';
  const known: readonly string[] = ['machine', 'workload', 'model', 'scenarios'];
  const strange = Object.keys(config).find((key) => !known.includes(key));
  return strange === undefined ? null : `${strange} means nothing here; it has ${known.join(', ')}`;
}

const SHAPE = {
  machine: ' that creates a machine: machine: () => new Counter()',
  workload: ' that creates a client: workload: (client) => ({ next: (draw) => ... })',
} as const;
