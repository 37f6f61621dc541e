/** From options to a client that a member has welcomed. What is not said has a default here and nowhere else. */
import { Client } from './client.ts';
import { Driver } from './driver.ts';
import { parseAddress, type TlsOptions } from './socket.ts';

export interface Timeouts {
  /** Of a call, unless it says otherwise. Default 10 000. */
  readonly call?: number;
  /** Of `connect` as a whole. Default 5000. */
  readonly connect?: number;
  /** Of one connection, from dialing to the member's welcome. Default 2000. */
  readonly dial?: number;
  /** Without a sign of life while something is open, before the member is asked for one. Default 1000; twice as long again for its answer, or for a session. */
  readonly silence?: number;
  /** Of the session that writes go under, of cluster time: how long a write in doubt can be cut off and still be told. Default 60 000. */
  readonly session?: number;
}

export interface ConnectOptions {
  /** `host:port` of some members; the others are learned. */
  readonly endpoints: readonly string[];
  /** Absent: whichever answers first, and no other from then on. */
  readonly clusterId?: string;
  readonly token?: string;
  readonly tls?: TlsOptions;
  /** For the members' logs. */
  readonly name?: string;
  /** ms. */
  readonly timeouts?: Timeouts;
  /** Between attempts at the leader once the first few failed, ms: doubled from `initial` (10) to `max` (100), with jitter. */
  readonly backoff?: { readonly initial?: number; readonly max?: number };
  /** Default true. False: writes are sent once, and what becomes of one whose answer is lost stays unknown. */
  readonly exactlyOnce?: boolean;
  /** Calls that may be open at once. Default 16 384. */
  readonly maxCalls?: number;
  /** Commands of different keys that may travel in one entry when they wait together; 1: each alone. Default 64. */
  readonly maxBatch?: number;
  /** Of one request, bytes: not more than the members take. Default 8 MiB, as theirs. */
  readonly maxRequestBytes?: number;
}

const MAX_BATCH_BYTES = 64 * 1024;

/**
 * A client of a cluster. Resolves once a member has welcomed it; rejects with a SeedraftError: UNAUTHORIZED, WRONG_CLUSTER or VERSION when
 * no member will have it, TIMEOUT when none answered.
 */
export async function connect(options: ConnectOptions): Promise<Client> {
  const { endpoints, tls, timeouts = {}, backoff = {} } = options;
  if (endpoints.length === 0) throw new TypeError('endpoints: name at least one member');
  for (const endpoint of endpoints) {
    if (parseAddress(endpoint) === null) {
      throw new TypeError(`${endpoint} is no address: write host:port`);
    }
  }
  const { call = 10_000, connect: within = 5000, dial = 2000, silence = 1000 } = timeouts;
  const driver = new Driver(
    {
      endpoints,
      clusterId: options.clusterId ?? '',
      name: options.name ?? 'seedraft-client',
      token: options.token ?? '',
      random: Math.random,
      patience: { dial, silence },
      backoff: { initial: backoff.initial ?? 10, max: backoff.max ?? 100 },
      sessionTimeout: options.exactlyOnce === false ? null : (timeouts.session ?? 60_000),
      maxCalls: options.maxCalls ?? 16_384,
      maxRequestBytes: options.maxRequestBytes ?? 8 * 1024 * 1024,
      batching: { maxCommands: options.maxBatch ?? 64, maxBytes: MAX_BATCH_BYTES },
    },
    tls ?? null,
    call,
  );
  try {
    await driver.ask({ type: 'greeting' }, { timeout: within }, () => {});
  } catch (error) {
    await driver.close(0);
    throw error;
  }
  return new Client(driver);
}
