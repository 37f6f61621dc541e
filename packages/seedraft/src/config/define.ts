/**
 * What a seedraft.config.ts says: a machine for Raft to replicate, the workload of its clients and the model that judges them; or a protocol
 * of one's own; and scenarios. The same machine is what `createNode` runs for real.
 */
import type { Model } from '@seedraft/check';
import {
  isProtocol,
  type OwnSystem,
  type PlanOptions,
  type Protocol,
  planOptionsOf,
  protocolFlaw,
  type RunOptions,
  type ScenarioInput,
} from '@seedraft/sim';

interface Scenarios {
  /** What `fuzz` runs when nothing is named: scenarios written here, files beside the config, names of shipped ones. Default: `swarm`. */
  readonly scenarios?: readonly (string | ScenarioInput)[];
}

/** A machine of one's own, replicated by Raft. */
export interface MachineConfig extends Omit<OwnSystem, 'model'>, Scenarios {
  /** What clients may be told, as a sequential specification: `defineModel` of seedraft/check, or a Model of your own. */
  // biome-ignore lint/suspicious/noExplicitAny: a model's state is its own business, and methods of Model take it back.
  readonly model: Model<any>;
}

/** A protocol of one's own, in place of Raft. */
export interface ProtocolConfig extends Scenarios {
  /** What `defineProtocol` returned. */
  // biome-ignore lint/suspicious/noExplicitAny: its messages and states are its own business, and its functions take them back.
  readonly protocol: Protocol<any, any>;
}

export type Config = MachineConfig | ProtocolConfig;

/** Returns what it is given; gives it its type. */
export function defineConfig(config: MachineConfig): MachineConfig;
export function defineConfig(config: ProtocolConfig): ProtocolConfig;
export function defineConfig(config: Config): Config {
  return config;
}

/** What runs are about; undefined: the built-in machine. */
export function systemOf(config: Config | null | undefined): RunOptions['own'] {
  if (config === null || config === undefined) return undefined;
  return 'protocol' in config ? config.protocol : config;
}

/** `{ own }` for `run`, if there is a config. */
export function ownOf(config: Config | null | undefined): Pick<RunOptions, 'own'> {
  const own = systemOf(config);
  return own === undefined ? {} : { own };
}

/** What plans must know of a config, if there is one. */
export function planOptions(config: Config | null | undefined): PlanOptions {
  return planOptionsOf(systemOf(config));
}

/** The protocol that a config is about; null: Raft. */
export function protocolOf(config: Config | null | undefined): Protocol | null {
  const own = systemOf(config);
  return own !== undefined && isProtocol(own) ? own : null;
}

/** The sentence that says what is wrong with a config's shape, or null. */
export function configFlaw(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) {
    return 'has no default export: write `export default defineConfig({ ... })`';
  }
  const config = value as Record<string, unknown>;
  const { scenarios } = config;
  const flaw = 'protocol' in config ? protocolFlaw(config.protocol) : machineFlaw(config);
  if (flaw !== null) return flaw;
  if (scenarios !== undefined && !Array.isArray(scenarios)) return 'scenarios must be a list';
  const known: readonly string[] =
    'protocol' in config
      ? ['protocol', 'scenarios']
      : ['machine', 'workload', 'model', 'scenarios', 'protocol'];
  const strange = Object.keys(config).find((key) => !known.includes(key));
  return strange === undefined ? null : `${strange} means nothing here; it has ${known.join(', ')}`;
}

function machineFlaw(config: Readonly<Record<string, unknown>>): string | null {
  for (const name of ['machine', 'workload'] as const) {
    if (typeof config[name] !== 'function') return `${name} must be a function${SHAPE[name]}`;
  }
  if (typeof (config.model as Model | undefined)?.step === 'function') return null;
  return 'model must be a model of seedraft/check: model: defineModel({ ... })';
}

const SHAPE = {
  machine: ' that creates a machine: machine: () => new Counter()',
  workload: ' that creates a client: workload: (client) => ({ next: (draw) => ... })',
} as const;
