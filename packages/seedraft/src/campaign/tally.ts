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

/** Examples kept of runs that could not be judged. */
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
  readonly failures: UnitResult[] = [];
  /** Why runs were inconclusive. */
  readonly reasons: Counts = {};
  readonly undecided: Undecided[] = [];
  #hash = 0n;
  readonly #simulated: number[] = [];
  readonly #operations: number[] = [];

  take(result: UnitResult): void {
    this.units++;
    if (result.verdict === 'pass') this.passed++;
    else if (isFailure(result)) this.failures.push(result);
    else this.#takeUndecided(result);
    this.events += result.events;
    this.simulatedMicros += result.simulatedMicros;
    this.acknowledged += result.acknowledged;
    if (result.twice) this.twice++;
    this.#simulated.push(result.simulatedMicros);
    this.#operations.push(result.acknowledged);
    add(this.faults, result.faults);
    add(this.rules, result.rules);
    add(this.messages, result.messages);
    add(this.sometimes, result.sometimes);
    this.#hash = BigInt.asUintN(64, this.#hash + hashOf(result));
  }

  #takeUndecided({ unit, scenario, seed, sentence }: UnitResult): void {
    const reason = sentence ?? 'no reason was given';
    this.inconclusive++;
    add(this.reasons, { [reason]: 1 });
    if (this.undecided.length < UNDECIDED_KEPT) {
      this.undecided.push({ unit, scenario, seed, reason });
    }
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
}

function hashOf({ scenario, seed, verdict, hash }: UnitResult): bigint {
  const { hi, lo } = hash64(JSON.stringify([scenario, seed, verdict, hash]));
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}
