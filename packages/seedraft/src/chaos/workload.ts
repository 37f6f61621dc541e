/**
 * What clients do while the nemesis works: gets, puts, swaps and deletes of a few shared keys with distinct values, which only a linearizable
 * store answers legally, and puts of keys that are written once, which must all be there at the end. Each client is one client of
 * `@seedraft/client` with a session of its own, and asks one thing at a time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, connect, type Kv, SeedraftError } from '@seedraft/client';
import { type Draw, type Plan, Randomness } from '@seedraft/sim';
import type { Recorder } from './recorder.ts';

/** Keys that are written once begin with this. */
export const KEPT = 'kept/';
/** A client that got no answer so many times in a row asks anew where the members are: all it knew may have left. */
const MOST_SILENCES = 2;

export interface WorkloadOptions {
  readonly plan: Plan;
  readonly recorder: Recorder;
  /** Where members serve clients now. */
  readonly endpoints: () => readonly string[];
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
    const { signal, endpoints, plan } = this.#options;
    const call = plan.workload.timeout / 1000;
    while (!signal.aborted) {
      const client = await reach(endpoints(), call);
      if (client === null) continue;
      try {
        await this.#ask(client.kv(), at);
      } finally {
        await client.close({ within: 0 });
      }
    }
  }

  /** Until the end, or until the members that this client knows seem to be gone. */
  async #ask(kv: Kv, at: number): Promise<void> {
    const { signal, plan, recorder } = this.#options;
    const asker = new Asker(kv, recorder, this.#randomness.draw('client', at), plan);
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

/** Null: nobody answers now. */
export async function reach(endpoints: readonly string[], call: number): Promise<Client | null> {
  try {
    return await connect({
      endpoints,
      name: 'chaos',
      timeouts: { call, connect: 2000, silence: 500 },
    });
  } catch (error) {
    if (error instanceof SeedraftError) return null;
    throw error;
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds <= 0) return;
  await sleep(milliseconds, undefined, { signal }).catch(() => {});
}

/** One client's operations, one after the other. */
class Asker {
  readonly #kv: Kv;
  readonly #recorder: Recorder;
  readonly #draw: Draw;
  readonly #plan: Plan['workload'];
  readonly #known = new Map<string, string | null>();
  #process: number;

  constructor(kv: Kv, recorder: Recorder, draw: Draw, { workload }: Plan) {
    this.#kv = kv;
    this.#recorder = recorder;
    this.#draw = draw;
    this.#plan = workload;
    this.#process = recorder.newProcess();
  }

  /** False: no answer in time. */
  async ask(): Promise<boolean> {
    const id = this.#recorder.newOperation();
    const value = `<${id}>`.padEnd(this.#plan.valueBytes, '.');
    const key = `k${this.#draw.between('key', 0, Math.max(1, this.#keys) - 1)}`;
    switch (this.#drawKind()) {
      case 'get':
        return this.#get(key);
      case 'put':
        return this.#put(this.#isStore && id % 2 === 0 ? `${KEPT}${id}` : key, value);
      case 'cas':
        return this.#cas(key, value);
      case 'delete':
        return this.#delete(key);
    }
  }

  get #isStore(): boolean {
    return this.#plan.kind === 'kv';
  }

  get #keys(): number {
    return this.#isStore ? this.#plan.keys : 1;
  }

  #drawKind(): 'get' | 'put' | 'cas' | 'delete' {
    const { get, put, cas, delete: remove } = this.#plan.mix;
    const point = this.#draw.between('kind', 0, Math.max(1, get + put + cas + remove) - 1);
    if (point < get) return 'get';
    if (point < get + put) return 'put';
    return point < get + put + cas ? 'cas' : 'delete';
  }

  #get(key: string): Promise<boolean> {
    return this.#perform('get', { key }, async () => {
      const item = await this.#kv.get(key);
      const value = item === null ? null : (item.value as string);
      this.#known.set(key, value);
      return value;
    });
  }

  #put(key: string, value: string): Promise<boolean> {
    return this.#perform('put', { key, value }, async () => {
      await this.#kv.put(key, value);
      if (key.startsWith(KEPT)) this.#recorder.acknowledged.set(key, value);
      else this.#known.set(key, value);
      return null;
    });
  }

  #cas(key: string, value: string): Promise<boolean> {
    const expected = this.#known.get(key) ?? null;
    return this.#perform('cas', { key, expected, value }, async () => {
      const expectation =
        expected === null ? (['absent'] as const) : (['value', expected] as const);
      const result = await this.#kv.cas(key, expectation, value);
      if (result.status === 'stored') this.#known.set(key, value);
      else this.#known.delete(key);
      return result.status === 'stored';
    });
  }

  #delete(key: string): Promise<boolean> {
    return this.#perform('delete', { key }, async () => {
      const before = await this.#kv.delete(key);
      this.#known.set(key, null);
      return before !== null;
    });
  }

  /** A read that failed has no effect, and a write's error says whether it may have one. */
  async #perform(f: string, input: unknown, act: () => Promise<unknown>): Promise<boolean> {
    const process = this.#process;
    this.#recorder.invoke(process, f, input);
    try {
      this.#recorder.ok(process, f, await act());
      return true;
    } catch (error) {
      if (!(error instanceof SeedraftError)) throw error;
      if (error.outcome === 'not applied') this.#recorder.failed(process, f);
      else {
        this.#recorder.unknown(process, f);
        this.#process = this.#recorder.newProcess();
      }
      return error.code !== 'TIMEOUT';
    }
  }
}
