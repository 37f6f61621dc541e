/**
 * What the client itself costs: closed-loop callers on one connection to a server that answers at once, in a process of its own. Told per
 * second of the client's CPU, since the server and the machine's other work would else be measured too.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Client, connect } from '@seedraft/client';

export interface ClientFigures {
  readonly callers: number;
  readonly operation: 'put' | 'put in groups' | 'get';
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

const WARM_MS = 500;
const VALUE = 'v'.repeat(256);

export async function benchClient(
  callers: number,
  operation: ClientFigures['operation'],
  milliseconds: number,
): Promise<ClientFigures> {
  const server = fork(fileURLToPath(new URL('./client-server.js', import.meta.url)));
  try {
    const [address] = (await once(server, 'message')) as [string];
    const maxBatch = operation === 'put in groups' ? 64 : 1;
    const client = await connect({ endpoints: [address], maxBatch });
    const figures = await measure(client, callers, operation, milliseconds);
    await client.close();
    return figures;
  } finally {
    server.kill();
  }
}

async function measure(
  client: Client,
  callers: number,
  operation: ClientFigures['operation'],
  milliseconds: number,
): Promise<ClientFigures> {
  const kv = client.kv();
  let answered = 0;
  let isOver = false;
  const call = async (key: string) => {
    for (; !isOver; answered++) await (operation === 'get' ? kv.get(key) : kv.put(key, VALUE));
  };
  const loops = Array.from({ length: callers }, (_, i) => call(`key${i}`));
  await pause(WARM_MS);
  const [before, began, cpuBefore] = [answered, performance.now(), process.cpuUsage()];
  await pause(milliseconds);
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const count = answered - before;
  isOver = true;
  await Promise.all(loops);
  const perCpuSecond = count / ((user + system) / 1e6);
  return { callers, operation, perSecond: count / seconds, perCpuSecond };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
