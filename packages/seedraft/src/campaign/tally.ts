/**
 * Adds up units into what a campaign reports. Only the contiguous finished range counts, so that the figures and the campaign hash are the
 * same for any number of workers.
 */
import { hash64 } from '@seedraft/codec';
import type { UnitResult } from './unit.ts';

type Counts = Record<string, number>;

const TEXT = new TextEncoder();

function add(into: Counts, from: Readonly<Counts>): void {
  for (const key of Object.keys(from)) into[key] = (into[key] ?? 0) + from[key]!;
}

function median(values: number[]): number {
  if (values.length === 0) return 0;
  values.sort((a, b) => a - b);
  const middle = values.length >> 1;
  return values.length % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');

/** Order of `take` is the order of units. */
export class Tally {
  units = 0;
  passed = 0;
  failed = 0;
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
  readonly reasons: Counts = {};
  #hash = '';
  readonly #simulated: number[] = [];
  readonly #operations: number[] = [];

  take(result: UnitResult): void {
    this.units++;
    if (result.verdict === 'pass') this.passed++;
    else if (result.verdict === 'inconclusive') {
      this.inconclusive++;
      add(this.reasons, { [result.sentence ?? 'unknown']: 1 });
    } else {
      this.failed++;
      this.failures.push(result);
    }
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
    const line = `${this.#hash}|${result.scenario}|${result.seed}|${result.verdict}|${result.hash}`;
    const { hi, lo } = hash64(TEXT.encode(line));
    this.#hash = hex(hi) + hex(lo);
  }

  /** 16 hex digits over every unit taken, in order. */
  get hash(): string {
    return this.#hash;
  }
  get medianSimulatedSeconds(): number {
    return median([...this.#simulated]) / 1e6;
  }
  get medianOperations(): number {
    return median([...this.#operations]);
  }
}
