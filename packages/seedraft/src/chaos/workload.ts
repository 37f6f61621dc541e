/**
 * The clients that ask while the nemesis works: how many, through which protocols, how often, and when one of them begins anew. Each asks one thing at
 * a time; what it asks is asker.ts's.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Plan, Randomness } from '@seedraft/sim';
import type { ChaosApi } from './apis.ts';
import { Asker } from './asker.ts';
import type { Recorder } from './recorder.ts';
import type { OpenStore, Store } from './store.ts';

/** A client that got no answer so many times in a row asks anew where the members are: all it knew may have left. */
const MOST_SILENCES = 2;

export interface WorkloadOptions {
  readonly plan: Plan;
  readonly recorder: Recorder;
  /** One after the other, the clients speak these. */
  readonly apis: readonly ChaosApi[];
  readonly stores: Readonly<Record<ChaosApi, OpenStore>>;
  /** Where members serve this protocol now. */
  readonly endpoints: (api: ChaosApi) => readonly string[];
  readonly signal: AbortSignal;
}

export class Workload {
  readonly #options: WorkloadOptions;
  readonly #randomness: Randomness;
  /** In ppm of the planned rate. */
  #pace = 1_000_000;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#randomness = new Randomness(options.plan.root);
  }

  start(): void {
    const { clients } = this.#options.plan.workload;
    // Each client that waits listens to it: with many that is no leak, though Node would say so.
    setMaxListeners(0, this.#options.signal);
    const all = Array.from({ length: clients }, (_, at) => this.#client(at));
    this.#running = Promise.all(all);
    // Whoever waits for `finished` hears of a failure; until then it is not unhandled.
    this.#running.catch(() => {});
  }

  /** Resolves once every client has heard, or given up, what it asked before the signal was aborted. */
  async finished(): Promise<void> {
    await this.#running;
  }

  /** Returns its undoing. */
  tune(ratePpm: number): () => void {
    this.#pace = ratePpm;
    return () => {
      this.#pace = 1_000_000;
    };
  }

  async #client(at: number): Promise<void> {
    const { signal, endpoints, plan, apis, stores } = this.#options;
    const api = apis[at % apis.length]!;
    const patience = plan.workload.timeout / 1000;
    while (!signal.aborted) {
      const store = await stores[api](() => endpoints(api), patience);
      if (store === null) continue;
      try {
        await this.#ask(store, api, at);
      } finally {
        await store.close();
      }
    }
  }

  /** Until the end, or until the members that this client knows seem to be gone. */
  async #ask(store: Store, api: ChaosApi, at: number): Promise<void> {
    const { signal, plan, recorder } = this.#options;
    const draw = this.#randomness.draw('client', at);
    const asker = new Asker({ store, api, recorder, draw, plan: plan.workload });
    const gap = (1000 * plan.workload.clients) / Math.max(1, plan.workload.rate);
    let silences = 0;
    let next = performance.now() + Math.random() * gap;
    while (!signal.aborted && silences < MOST_SILENCES) {
      await pause(Math.min(next - performance.now(), 100), signal);
      if (this.#pace === 0 || performance.now() < next) continue;
      // Who was held up does not catch up: a storm after each outage would be another test.
      next = Math.max(next, performance.now() - gap) + gap * (1_000_000 / this.#pace);
      if (!signal.aborted) silences = (await asker.ask()) ? 0 : silences + 1;
    }
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds <= 0) return;
  await sleep(milliseconds, undefined, { signal }).catch(() => {});
}
