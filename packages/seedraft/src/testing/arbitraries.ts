/**
 * fast-check's view of the testbed: small scenarios, and commands for a machine of one's own. What they generate is plain data that shrinks
 * by getting shorter and simpler: fewer faults, fewer members, calm weather; fewer commands, the first key.
 */
import { canonical, checkLinearizability, explain, type Operation } from '@seedraft/check';
import { decodeOrThrow, tryEncode } from '@seedraft/codec';
import type { ApplyContext, StateMachine } from '@seedraft/replica';
import type { OwnClient, OwnDraw, OwnOperation, ScenarioInput } from '@seedraft/sim';
import fc from 'fast-check';
import type { MachineConfig } from '../config/define.ts';
import { SimulationFailure } from './told.ts';

export interface ScenarioConstraints {
  /** Default 5. */
  readonly maxVoters?: number;
  /** Default 6. */
  readonly maxFaults?: number;
  /** Simulated seconds of workload, at least 2. Default 6. */
  readonly seconds?: number;
}

type Fault = NonNullable<ScenarioInput['faults']>[number];

const milliseconds = (least: number, most: number): fc.Arbitrary<string> =>
  fc.integer({ min: least, max: most }).map((time) => `${time}ms`);

/**
 * Scenarios that are valid and that a correct cluster passes: `fc.property(scenarios(), fc.nat(), (scenario, seed) => ...simulate(config,
 * scenario, seed)...)`. Each fault lies within the run and heals before it ends.
 */
export function scenarios(constraints: ScenarioConstraints = {}): fc.Arbitrary<ScenarioInput> {
  const { maxVoters = 5, maxFaults = 6, seconds = 6 } = constraints;
  if (!(seconds >= 2)) throw new RangeError(`seconds: ${seconds}: give at least 2.`);
  return fc
    .record({
      voters: fc.integer({ min: 1, max: maxVoters }),
      weather: fc.option(weather(), { nil: undefined }),
      clients: fc.integer({ min: 1, max: 6 }),
      rate: fc.constantFrom(20, 60, 120),
      keys: fc.integer({ min: 1, max: 5 }),
      faults: fc.array(fault(seconds * 1000), { maxLength: maxFaults }),
    })
    .map(({ voters, weather, clients, rate, keys, faults }) => ({
      name: 'generated',
      cluster: { voters },
      ...(weather && { network: weather }),
      workload: { clients, rate, keys, for: `${seconds}s` },
      faults,
    }));
}

function weather(): fc.Arbitrary<ScenarioInput['network']> {
  const percent = (most: number) => fc.integer({ min: 0, max: most }).map((n) => `${n}%`);
  return fc.record({ drop: percent(20), duplicate: percent(20) });
}

const WHO = ['leader', 'follower', 'random'] as const;

/** One fault that begins and ends within `length` ms. */
function fault(length: number): fc.Arbitrary<Fault> {
  const who = fc.constantFrom(...WHO);
  const at = milliseconds(200, length - 1_500);
  const window = milliseconds(50, 1_000);
  const windowed = (name: string, what: fc.Arbitrary<unknown>) =>
    fc.record({ at, what, for: window }).map(({ what: value, ...when }) => ({
      ...when,
      [name]: value,
    }));
  return fc.oneof(
    fc.record({
      at,
      crash: who,
      disk: fc.constantFrom('kept', 'dropped', 'torn'),
      restart: milliseconds(20, 800),
    }),
    windowed('partition', fc.constantFrom('isolate-leader', 'half', 'majorities-ring')),
    windowed(
      'partition',
      fc.record({ around: who }).chain(({ around }) =>
        // The half-deaf member is another failure than the lonely one.
        fc.constantFrom<object>({ around }, { into: around }, { from: around }),
      ),
    ),
    windowed('pause', who),
    windowed('swizzle', fc.constant({ fraction: '50%', spread: '200ms' })),
    windowed('clock-freeze', who),
    fc.record({ at, transfer: fc.constant('follower') }),
    fc.record({ at, snapshot: fc.constant('all') }),
    fc.record({ at, campaign: fc.constant('n1') }),
  );
}

/** One step of a command test: a client of the config's workload asks, or the machine goes through a snapshot. */
export type MachineCommand =
  | { readonly ask: number; readonly draws: readonly number[] }
  | { readonly snapshot: true };

export interface CommandConstraints {
  /** Default 3. */
  readonly clients?: number;
  /** Default 40. */
  readonly maxLength?: number;
}

/** Sequences for `runCommands`. What a client asks follows from its draws by the config's own workload. */
export function machineCommands(
  constraints: CommandConstraints = {},
): fc.Arbitrary<readonly MachineCommand[]> {
  const { clients = 3, maxLength = 40 } = constraints;
  const ask = fc.record({
    ask: fc.nat(clients - 1),
    draws: fc.array(fc.nat(0xffff), { maxLength: 6 }),
  });
  const snapshot = fc.constant({ snapshot: true } as const);
  const one = fc.oneof({ weight: 9, arbitrary: ask }, { weight: 1, arbitrary: snapshot });
  return fc.array(one, { maxLength, size: 'max' });
}

/**
 * One machine alone, one command after the other: its answers must be the model's, also after its state went through a snapshot into a new
 * machine; every command and answer must be data that can be carried, and no command may be changed. Returns the transcript. Throws SimulationFailure.
 */
export function runCommands(
  config: MachineConfig,
  commands: readonly MachineCommand[],
): Operation[] {
  const clients = new Map<number, OwnClient>();
  const history: Operation[] = [];
  let machine = config.machine();
  commands.forEach((command, number) => {
    if ('snapshot' in command) {
      machine = throughSnapshot(config, machine);
      return;
    }
    const client = clients.get(command.ask) ?? config.workload(command.ask);
    clients.set(command.ask, client);
    const operation = client.next(new ListDraw(number + 1, command.ask, command.draws));
    const { input, output } = perform(machine, operation, number + 1, command.ask);
    const place = { invoked: 2 * number, returned: 2 * number + 1 };
    history.push({ process: command.ask, f: operation.f, input, output, ...place });
    client.learn?.({ f: operation.f, input }, output);
  });
  const verdict = checkLinearizability(history, config.model);
  if (verdict.verdict !== 'ok') throw new SimulationFailure(explain(verdict, config.model));
  return history;
}

function perform(machine: StateMachine, operation: OwnOperation, index: number, client: number) {
  const { f, command, query } = operation;
  const what = `the ${command === undefined ? 'query' : 'command'} of ${f}`;
  const bytes = carried(what, command ?? query);
  // As in a cluster, a machine is given what the bytes say: whatever it does to that, the history keeps what was asked.
  const given = decodeOrThrow(bytes);
  const context: ApplyContext = { index, time: index, sessionId: 1 + client };
  const answer =
    command === undefined ? machine.query(given, context) : machine.apply(given, context);
  assertUnchanged(what, bytes, given);
  // A machine that answers nothing answers null by the time a client hears it.
  carried(`the answer to ${f}`, answer ?? null);
  const input = operation.input === undefined ? (query ?? command) : operation.input;
  const output = operation.output === undefined ? (answer ?? null) : operation.output(answer);
  return { input, output };
}

function throughSnapshot(config: MachineConfig, machine: StateMachine): StateMachine {
  const chunks = [...iterated(machine.snapshot())];
  for (const chunk of chunks) carried('a chunk of the snapshot', chunk);
  const restored = config.machine();
  restored.restore(chunks);
  return restored;
}

function* iterated(chunks: Iterator<unknown>): Iterable<unknown> {
  for (let next = chunks.next(); !next.done; next = chunks.next())
    yield structuredClone(next.value);
}

/** As bytes. */
function carried(what: string, value: unknown): Uint8Array {
  const encoded = tryEncode(value);
  if (encoded.ok) return encoded.bytes;
  throw new SimulationFailure(`${what} cannot be carried: ${encoded.code}: ${encoded.reason}`);
}

/** A command is one object for whoever looks at it after the machine, so to change it is a bug of the machine. */
function assertUnchanged(what: string, before: Uint8Array, given: unknown): void {
  const after = tryEncode(given);
  if (after.ok && hexOf(after.bytes) === hexOf(before)) return;
  const asked = canonical(decodeOrThrow(before));
  const left = after.ok ? canonical(given) : `something that cannot be carried (${after.reason})`;
  throw new SimulationFailure(
    `the machine changed ${what}: it was given ${asked}, and left ${left}. Copy what is to be changed.`,
  );
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const UNITS = 0x1_0000;
const KEYS = 3;

/** The numbers of a list, one a draw, and 0 when it is used up: the shorter and smaller the list, the simpler the operation. */
class ListDraw implements OwnDraw {
  readonly id: number;
  readonly client: number;
  readonly #numbers: readonly number[];
  #used = 0;

  constructor(id: number, client: number, numbers: readonly number[]) {
    this.id = id;
    this.client = client;
    this.#numbers = numbers;
  }
  #next(below: number): number {
    const number = this.#numbers[this.#used++] ?? 0;
    return number % below;
  }
  integer(lowest: number, highest: number): number {
    return lowest + this.#next(highest - lowest + 1);
  }
  chance(probability: number): boolean {
    return this.#next(UNITS) < probability * UNITS;
  }
  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError('pick from an empty list');
    return from[this.#next(from.length)] as T;
  }
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const names = (Object.keys(weights) as Name[]).filter((name) => weights[name] > 0);
    if (names.length === 0) throw new RangeError('weighted: every weight is 0');
    return this.pick(names);
  }
  key(): string {
    return `k${this.#next(KEYS)}`;
  }
}
