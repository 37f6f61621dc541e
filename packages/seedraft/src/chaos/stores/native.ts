/** Our own protocol, by `@seedraft/client`: one client with a session, which finds the leader and repeats what may be repeated. */
import { type Client, connect, type Kv, SeedraftError } from '@seedraft/client';
import { NotDone, type OpenStore, type Store } from '../store.ts';

/** What other systems' clients write is there too. */
export const NAMESPACE = 'default';

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

export const openNative: OpenStore = async (endpoints, patience) => {
  const client = await reach(endpoints(), patience);
  return client === null ? null : new NativeStore(client);
};

class NativeStore implements Store {
  readonly #client: Client;
  readonly #kv: Kv;

  constructor(client: Client) {
    this.#client = client;
    this.#kv = client.kv(NAMESPACE);
  }

  async get(key: string): Promise<string | null> {
    const item = await told(this.#kv.get(key));
    return item === null ? null : (item.value as string);
  }

  async put(key: string, value: string): Promise<void> {
    await told(this.#kv.put(key, value));
  }

  async cas(key: string, expected: string | null, value: string): Promise<boolean> {
    const expectation = expected === null ? (['absent'] as const) : (['value', expected] as const);
    const { status } = await told(this.#kv.cas(key, expectation, value));
    return status === 'stored';
  }

  async delete(key: string): Promise<boolean> {
    return (await told(this.#kv.delete(key))) !== null;
  }

  close(): Promise<void> {
    return this.#client.close({ within: 0 });
  }
}

async function told<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof SeedraftError)) throw error;
    throw new NotDone(error.outcome, error.message, error.code === 'TIMEOUT');
  }
}
