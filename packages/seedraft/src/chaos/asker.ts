/**
 * What one client asks: gets, puts, swaps and deletes of a few shared keys with distinct values, which only a linearizable store answers legally, and
 * puts of keys that are written once, which must all be there at the end; where there is a ring, nodes that come and go. Of an operation that was not done
 * the history says no more than the protocol did.
 */
import type { Draw, Plan } from '@seedraft/sim';
import { type ChaosApi, sharedKey } from './apis.ts';
import type { Recorder } from './recorder.ts';
import { NotDone, type RingStore, type Store, StrangeAnswer } from './store.ts';

/** Keys that are written once begin with this. */
export const KEPT = 'kept/';
/** As a ring's history names it: a cluster has one. */
const RING = 'mring';
const RING_SIZE = 16;
const RING_NODES = ['a', 'b', 'c', 'd', 'e'] as const;
const RING_KINDS = ['size', 'add', 'add', 'remove', 'nodes', 'nodes'] as const;
/** Of a client that has a ring, one operation in so many is about it. */
const RING_SHARE = 4;

const READS: ReadonlySet<string> = new Set(['get', 'nodes']);

type Kind = 'get' | 'put' | 'cas' | 'delete';

export interface AskerOptions {
  readonly store: Store;
  readonly api: ChaosApi;
  readonly recorder: Recorder;
  readonly draw: Draw;
  readonly plan: Plan['workload'];
}

export class Asker {
  readonly #options: AskerOptions;
  readonly #known = new Map<string, string | null>();
  #process: number;

  constructor(options: AskerOptions) {
    this.#options = options;
    this.#process = options.recorder.newProcess(options.api);
  }

  /** False: no answer in time. */
  ask(): Promise<boolean> {
    const { recorder, store, draw, plan, api } = this.#options;
    const { ring } = store;
    if (ring !== undefined && this.#isStore && draw.between('ring', 1, RING_SHARE) === 1) {
      return this.#askRing(ring);
    }
    const id = recorder.newOperation();
    const value = `<${id}>`.padEnd(plan.valueBytes, '.');
    const key = sharedKey(api, draw.between('key', 0, Math.max(1, this.#keys) - 1));
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
    return this.#options.plan.kind === 'kv';
  }

  get #keys(): number {
    return this.#isStore ? this.#options.plan.keys : 1;
  }

  /** Where there is no swap, or no delete, there are the more puts. */
  #drawKind(): Kind {
    const { draw, plan, store } = this.#options;
    const { get, put, cas, delete: remove } = plan.mix;
    const point = draw.between('kind', 0, Math.max(1, get + put + cas + remove) - 1);
    if (point < get) return 'get';
    if (point < get + put) return 'put';
    const kind = point < get + put + cas ? 'cas' : 'delete';
    return store[kind] === undefined ? 'put' : kind;
  }

  #get(key: string): Promise<boolean> {
    return this.#perform('get', { key }, async (store) => {
      const value = await store.get(key);
      this.#known.set(key, value);
      return value;
    });
  }

  #put(key: string, value: string): Promise<boolean> {
    return this.#perform('put', { key, value }, async (store) => {
      await store.put(key, value);
      if (key.startsWith(KEPT)) this.#options.recorder.acknowledged.set(key, value);
      else this.#known.set(key, value);
      return null;
    });
  }

  #cas(key: string, value: string): Promise<boolean> {
    const expected = this.#known.get(key) ?? null;
    return this.#perform('cas', { key, expected, value }, async (store) => {
      const isSwapped = await store.cas!(key, expected, value);
      if (isSwapped) this.#known.set(key, value);
      else this.#known.delete(key);
      return isSwapped;
    });
  }

  #delete(key: string): Promise<boolean> {
    return this.#perform('delete', { key }, async (store) => {
      const wasThere = await store.delete!(key);
      this.#known.set(key, null);
      return wasThere;
    });
  }

  #askRing(ring: RingStore): Promise<boolean> {
    const { draw } = this.#options;
    const node = draw.pick('node', RING_NODES);
    switch (draw.pick('ring operation', RING_KINDS)) {
      case 'size': {
        const input = { ring: RING, size: RING_SIZE, strategy: 'continuous' };
        return this.#perform('size', input, () => ring.size(RING_SIZE));
      }
      case 'add':
        return this.#perform('add', { ring: RING, node }, () => ring.add(node));
      case 'remove':
        return this.#perform('remove', { ring: RING, node }, () => ring.remove(node));
      case 'nodes':
        return this.#perform('nodes', { ring: RING }, () => ring.nodes());
    }
  }

  /** A read that failed has no effect, and of a write the protocol says whether it may have one. */
  async #perform(
    f: string,
    input: unknown,
    act: (store: Store) => Promise<unknown>,
  ): Promise<boolean> {
    const { recorder, store, api } = this.#options;
    const process = this.#process;
    recorder.invoke(process, f, input);
    try {
      recorder.ok(process, f, await act(store));
      return true;
    } catch (error) {
      if (!(error instanceof NotDone)) throw error;
      if (error instanceof StrangeAnswer) recorder.strange.push(error.message);
      if (error.outcome === 'not applied' || READS.has(f)) recorder.failed(process, f);
      else {
        recorder.unknown(process, f);
        this.#process = recorder.newProcess(api);
      }
      return !error.isSilence;
    }
  }
}
