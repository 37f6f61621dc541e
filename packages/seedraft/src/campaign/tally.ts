/**
 * Adds up units into what a campaign reports. Sums only, so that the order of units does not matter and the tallies of two shards add up to
 * the tally of both: that holds for the campaign hash too, a sum modulo 2^64 of one hash a unit.
 */
import { hash64 } from '@seedraft/codec';
import { isFailure, type UnitResult } from './unit.ts';

type Counts = Record<string, number>;

/** An inconclusive run, for people who want to look at it. */
export interface Undecided {
  readonly scenario: string;
  readonly seed: string;
  readonly reason: string;
  readonly unit: number;
}

/** Runs of one scenario. */
export interface ScenarioCounts {
  runs: number;
  inconclusive: number;
  simulatedMicros: number;
}

/** A tally as plain data: what goes from one machine to another. */
export interface TallyRecord {
  readonly hash: string;
  readonly units: number;
  readonly passed: number;
  readonly inconclusive: number;
  readonly events: number;
  readonly simulatedMicros: number;
  readonly acknowledged: number;
  readonly twice: number;
  readonly faults: Readonly<Counts>;
  readonly rules: Readonly<Counts>;
  readonly messages: Readonly<Counts>;
  readonly sometimes: Readonly<Counts>;
  readonly reasons: Readonly<Counts>;
  readonly scenarios: Readonly<Record<string, Readonly<ScenarioCounts>>>;
  readonly failures: readonly UnitResult[];
  readonly undecided: readonly Undecided[];
  /** A value a unit, in no order: medians cannot be added up. */
  readonly simulated: readonly number[];
  readonly operations: readonly number[];
}

/** Examples kept of runs that could not be judged: those with the lowest numbers. */
const UNDECIDED_KEPT = 5;

function add(into: Counts, from: Readonly<Counts>): void {
  for (const key of Object.keys(from)) into[key] = (into[key] ?? 0) + from[key]!;
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return 0;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const byUnit = (a: { unit: number }, b: { unit: number }): number => a.unit - b.unit;

export class Tally {
  units = 0;
  passed = 0;
  inconclusive = 0;
  events = 0;
  simulatedMicros = 0;
  acknowledged = 0;
  twice = 0;
  readonly faults: Counts = {};
  readonly rules: Counts = {};
  readonly messages: Counts = {};
  readonly sometimes: Counts = {};
  /** Why runs were inconclusive. */
  readonly reasons: Counts = {};
  readonly scenarios: Record<string, ScenarioCounts> = {};
  /** In order of their numbers. */
  failures: UnitResult[] = [];
  undecided: Undecided[] = [];
  #hash = 0n;
  readonly #simulated: number[] = [];
  readonly #operations: number[] = [];

  take(result: UnitResult): void {
    this.add(recordOf(result));
  }

  /** What another one has counted; units that both have would be counted twice. */
  add(other: TallyRecord): void {
    this.units += other.units;
    this.passed += other.passed;
    this.inconclusive += other.inconclusive;
    this.events += other.events;
    this.simulatedMicros += other.simulatedMicros;
    this.acknowledged += other.acknowledged;
    this.twice += other.twice;
    add(this.faults, other.faults);
    add(this.rules, other.rules);
    add(this.messages, other.messages);
    add(this.sometimes, other.sometimes);
    add(this.reasons, other.reasons);
    for (const [name, counts] of Object.entries(other.scenarios)) this.#addScenario(name, counts);
    if (other.failures.length > 0) {
      this.failures = [...this.failures, ...other.failures].sort(byUnit);
    }
    if (other.undecided.length > 0) {
      this.undecided = [...this.undecided, ...other.undecided]
        .sort(byUnit)
        .slice(0, UNDECIDED_KEPT);
    }
    for (const value of other.simulated) this.#simulated.push(value);
    for (const value of other.operations) this.#operations.push(value);
    this.#hash = BigInt.asUintN(64, this.#hash + BigInt(`0x${other.hash}`));
  }

  #addScenario(name: string, from: Readonly<ScenarioCounts>): void {
    this.scenarios[name] ??= { runs: 0, inconclusive: 0, simulatedMicros: 0 };
    const into = this.scenarios[name];
    into.runs += from.runs;
    into.inconclusive += from.inconclusive;
    into.simulatedMicros += from.simulatedMicros;
  }

  /** 16 hexadecimal digits over every unit taken; those of disjoint sets add up (modulo 2^64) to that of their union. */
  get hash(): string {
    return this.#hash.toString(16).padStart(16, '0');
  }
  get medianSimulatedSeconds(): number {
    return median(this.#simulated) / 1e6;
  }
  get medianOperations(): number {
    return median(this.#operations);
  }

  record(): TallyRecord {
    const { hash } = this;
    return { ...this, hash, simulated: [...this.#simulated], operations: [...this.#operations] };
  }
}

/** A tally of one. */
function recordOf(result: UnitResult): TallyRecord {
  const { unit, scenario, seed, verdict, simulatedMicros } = result;
  const isUndecided = verdict === 'inconclusive';
  const reason = result.sentence ?? 'no reason was given';
  const inconclusive = isUndecided ? 1 : 0;
  return {
    hash: hashOf(result),
    units: 1,
    passed: verdict === 'pass' ? 1 : 0,
    inconclusive,
    events: result.events,
    simulatedMicros,
    acknowledged: result.acknowledged,
    twice: result.twice ? 1 : 0,
    faults: result.faults,
    rules: result.rules,
    messages: result.messages,
    sometimes: result.sometimes,
    reasons: isUndecided ? { [reason]: 1 } : {},
    scenarios: { [scenario]: { runs: 1, inconclusive, simulatedMicros } },
    failures: isFailure(result) ? [result] : [],
    undecided: isUndecided ? [{ unit, scenario, seed, reason }] : [],
    simulated: [simulatedMicros],
    operations: [result.acknowledged],
  };
}

function hashOf({ scenario, seed, verdict, hash }: UnitResult): string {
  const { hi, lo } = hash64(JSON.stringify([scenario, seed, verdict, hash]));
  return ((BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)).toString(16).padStart(16, '0');
}
