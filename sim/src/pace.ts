/**
 * When clients act: at arrival times drawn in advance around the planned rate, which faults change and give back. Each client has one alarm; another
 * takes its place, and one that was replaced comes with a stale token.
 */
import { sampleLatency } from './latency.ts';
import { once } from './network.ts';
import type { Micros } from './observer.ts';
import type { LatencyKnobs } from './plan.ts';
import type { Stream } from './random.ts';

export interface PacedClient {
  readonly index: number;
  readonly arrival: Stream;
  /** It sleeps between an attempt and the next. */
  backingOff: boolean;
  nextArrival: Micros;
  token: number;
}

/** Where alarms are set. */
export interface Alarms {
  readonly now: Micros;
  scheduleClient(client: number, at: Micros, token: number): void;
}

const PLANNED = 1_000_000;

export class Pace {
  readonly #alarms: Alarms;
  readonly #gap: LatencyKnobs;
  /** In ppm of the planned rate. */
  #rate = PLANNED;

  /** `rate`: operations a second, of all clients together; 0: nobody acts. */
  constructor(alarms: Alarms, clients: number, rate: number) {
    this.#alarms = alarms;
    const mean = rate > 0 ? Math.max(1, Math.floor((1_000_000 * clients) / rate)) : 0;
    this.#gap = { distribution: 'exponential', minimum: 0, mean };
  }

  /** The client waits for its next arrival, drawn from the last; at rate 0 it waits for another rate. */
  awaitArrival(client: PacedClient): void {
    this.silence(client);
    if (this.#rate === 0) return;
    client.nextArrival += this.#nextGap(client);
    this.wakeAt(client, client.nextArrival);
  }

  /** As `awaitArrival`, drawn from now. */
  awaitAnew(client: PacedClient): void {
    client.nextArrival = this.#alarms.now;
    this.awaitArrival(client);
  }

  wakeAt(client: PacedClient, at: Micros): void {
    client.token += 1;
    this.#alarms.scheduleClient(client.index, Math.max(at, this.#alarms.now), client.token);
  }

  /** The alarm it has is stale. */
  silence(client: PacedClient): void {
    client.token += 1;
  }

  backOff(client: PacedClient, wait: Micros): void {
    client.backingOff = true;
    this.wakeAt(client, this.#alarms.now + wait);
  }

  /** Sets the rate, in ppm of the planned one, and has `idle` begin anew; returns the undoing of both. */
  tune(ratePpm: number, idle: () => Iterable<PacedClient>): () => void {
    const before = this.#rate;
    const set = (rate: number): void => {
      this.#rate = rate;
      for (const client of idle()) this.awaitAnew(client);
    };
    set(Math.max(0, Math.round(ratePpm)));
    return once(() => set(before));
  }

  /** The planned rate, whatever it was tuned to. */
  reset(): void {
    this.#rate = PLANNED;
  }

  #nextGap({ arrival }: PacedClient): Micros {
    const gap = Math.max(1, sampleLatency(this.#gap, arrival.uint32()));
    return this.#rate === PLANNED ? gap : Math.floor((gap * PLANNED) / this.#rate);
  }
}
