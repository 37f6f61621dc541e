/**
 * The load generator for our members: closed-loop clients over @seedraft/client, ordered about by lines of JSON (load.ts), as its counterpart
 * etcd-load/main.go is. What is measured, and how, must stay the same in both.
 */
import { createInterface } from 'node:readline';
import { type Client, connect } from '@seedraft/client';
import type { Operation, Order, Outage, Throughput } from './load.ts';

const VALUE = new Uint8Array(256);
const OUTAGE_PROBE_MS = 5;
const OUTAGE_WITHIN_MS = 30_000;

const keyOf = (n: number): string => `key${String(n).padStart(6, '0')}`;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const answer = (value: object): void => console.log(JSON.stringify(value));

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order;
  answer(await carryOut(order));
}

async function carryOut(order: Order): Promise<object> {
  switch (order.do) {
    case 'leader':
      return withClient(order, async (client) => ({ leader: await leader(client, order) }));
    case 'fill':
      return withClient(order, (client) => fill(client, order.keys));
    case 'failover':
      return withClient(order, (client) => failover(client, order.keys, order.pid));
    default:
      return throughput(order);
  }
}

async function withClient<T>(order: Order, use: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect({ endpoints: order.endpoints });
  try {
    return await use(client);
  } finally {
    await client.close({ within: 100 });
  }
}

/** The client address of the member that leads; '' while not all members answer and agree. */
async function leader(client: Client, { endpoints }: Order): Promise<string> {
  const asked = endpoints.map((address) =>
    client.status({ address, timeout: 1000 }).catch(() => null),
  );
  const all = await Promise.all(asked);
  const at = all.findIndex((one) => one?.role === 'leader');
  return all.every((one) => one?.leader === all[at]?.id) ? (endpoints[at] ?? '') : '';
}

/** Every key once, so that each get finds a value. */
async function fill(client: Client, keys: number): Promise<object> {
  const kv = client.kv();
  const chunk = 100;
  for (let from = 0; from < keys; from += chunk) {
    const length = Math.min(chunk, keys - from);
    await kv.batch(Array.from({ length }, (_, n) => ['put', keyOf(from + n), VALUE]));
  }
  return {};
}

async function throughput(order: Extract<Order, { do: Operation }>): Promise<Throughput> {
  const dialling = Array.from({ length: order.connections }, () =>
    connect({ endpoints: order.endpoints, ...(order.do === 'lone puts' && { maxBatch: 1 }) }),
  );
  const clients = await Promise.all(dialling);
  const latencies: number[] = [];
  let failed = 0;
  let isMeasured = false;
  let isOver = false;
  const loop = async (client: Client, seed: number): Promise<void> => {
    const kv = client.kv();
    for (let state = seed; !isOver; ) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const key = keyOf(Math.floor((state / 2 ** 32) * order.keys));
      const began = performance.now();
      try {
        if (order.do !== 'gets') await kv.put(key, VALUE);
        else if ((await kv.get(key)) === null) throw new Error(`${key} is not there`);
        if (isMeasured && !isOver) latencies.push(performance.now() - began);
      } catch {
        failed++;
      }
    }
  };
  const loops = Array.from({ length: order.clients }, (_, n) =>
    loop(clients[n % clients.length]!, n),
  );
  await pause(order.warmMs);
  answer({ event: 'begin' });
  const [cpuBefore, began] = [process.cpuUsage(), performance.now()];
  isMeasured = true;
  await pause(order.measureMs);
  isOver = true;
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  answer({ event: 'end' });
  await Promise.all(loops);
  await Promise.all(clients.map((client) => client.close()));
  latencies.sort((a, b) => a - b);
  return {
    perSecond: latencies.length / seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    cores: (user + system) / 1e6 / seconds,
    failed,
  };
}

/** Kills the leader and tells after how long the first write that began after the kill was done. One begins every few milliseconds. */
async function failover(client: Client, keys: number, pid: number): Promise<Outage> {
  const kv = client.kv();
  for (let n = 0; n < 20; n++) {
    await kv.put(keyOf(n), VALUE);
    await pause(10);
  }
  process.kill(pid, 'SIGKILL');
  const began = performance.now();
  return new Promise((resolve, reject) => {
    let isOver = false;
    let n = 0;
    const end = (): void => {
      isOver = true;
      clearInterval(probe);
    };
    const probe = setInterval(() => {
      if (performance.now() - began > OUTAGE_WITHIN_MS) {
        end();
        reject(new Error(`no write succeeded within ${OUTAGE_WITHIN_MS} ms of the kill`));
        return;
      }
      const done = (): void => {
        if (isOver) return;
        const milliseconds = performance.now() - began;
        end();
        resolve({ milliseconds });
      };
      kv.put(keyOf(n++ % keys), VALUE).then(done, () => {});
    }, OUTAGE_PROBE_MS);
  });
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.floor(q * (sorted.length - 1))] ?? 0;
}
