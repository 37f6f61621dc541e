/**
 * Clients of three systems, on every member, write and read one key while leaders are cut off and handed over; what all of them saw together must be one
 * order. A read from a leader that is none any more, a write that was denied and then appeared, or one applied twice would show here.
 */
import { casRegister, checkLinearizability, explain, type Operation } from '@seedraft/check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiCluster, type ApiMember } from './api-cluster.ts';
import { ask } from './http-client.ts';
import { exchange } from './launcher.ts';

/** `fail`: certainly not done. `info`: nobody knows. */
type End = { readonly type: 'ok'; readonly output: unknown } | { readonly type: 'fail' | 'info' };
type Kind = 'read' | 'write' | 'cas';
interface Client {
  carryOut(kind: Kind, input: unknown): Promise<End>;
}

const KEY = 'x';
let cluster: ApiCluster;
const clients: Client[] = [];
/** Of each member one that only reads: nothing that it waits for keeps it from looking while its member is cut off. */
const readers: Client[] = [];

beforeAll(async () => {
  cluster = await ApiCluster.start('raftnode', 3);
  for (const member of cluster.members) {
    clients.push(raftnodeClient(member));
    clients.push(distraftClient((await cluster.also(member, 'distraft', {})).address));
    const { address } = await cluster.also(member, 'uring', {});
    clients.push(uringClient(address));
    readers.push(uringClient(address));
  }
});
afterAll(() => cluster.stop());

function raftnodeClient({ port }: ApiMember): Client {
  return {
    carryOut: async (kind, value) => {
      if (kind === 'read') {
        const { data, code } = await exchange(port, { type: 'get', key: KEY });
        if (code !== undefined) return { type: 'fail' };
        return { type: 'ok', output: (data as { value: unknown }).value };
      }
      const { success } = await exchange(port, { type: 'put', key: KEY, value });
      if (success === true) return { type: 'ok', output: null };
      return { type: success === false ? 'fail' : 'info' };
    },
  };
}

function distraftClient(address: string): Client {
  const end = (status: number, body: unknown, output: unknown): End => {
    if (status === 200) return { type: 'ok', output };
    return { type: (body as { code?: string }).code === 'UNKNOWN' ? 'info' : 'fail' };
  };
  return {
    carryOut: async (kind, value) => {
      const isRead = kind === 'read';
      const body = isRead
        ? {}
        : { method: 'POST', body: new URLSearchParams({ value: `${value}` }) };
      const response = await fetch(`http://${address}/${KEY}`, body);
      const answered = (await response.json()) as { value?: unknown };
      return end(response.status, answered, isRead ? answered.value : null);
    },
  };
}

function uringClient(address: string): Client {
  return {
    carryOut: async (kind, input) => {
      const path = `/kv/${KEY}`;
      if (kind === 'cas') {
        const { expected, value } = input as { expected: unknown; value: unknown };
        const { status } = await ask(address, 'POST', `${path}/cas`, {
          check: expected,
          store: value,
        });
        if (status === 201 || status === 409) return { type: 'ok', output: status === 201 };
        return { type: status === 504 ? 'info' : 'fail' };
      }
      const { status, body } =
        kind === 'read'
          ? await ask(address, 'GET', path)
          : await ask(address, 'POST', path, { value: input });
      if (status === 404) return { type: 'ok', output: null };
      if (status < 300) return { type: 'ok', output: kind === 'read' ? body : null };
      return { type: status === 504 ? 'info' : 'fail' };
    },
  };
}

test('one order for all of them, whoever leads', async () => {
  const operations: Operation[] = [];
  const last: string[] = [];
  let position = 0;
  let isOver = false;
  let written = 0;
  const play = async (client: Client, process: number): Promise<void> => {
    for (let n = 0; !isOver; n++) {
      const value = `${process}.${n}`;
      const isCas = n % 3 === 1 && process % 3 === 2;
      const kind: Kind =
        process >= clients.length ? 'read' : n % 3 === 0 ? 'write' : isCas ? 'cas' : 'read';
      const expected = last.at(-1) ?? 'nothing';
      const input = kind === 'read' ? null : kind === 'write' ? value : { expected, value };
      const invoked = position++;
      const end = await client.carryOut(kind, input).catch((): End => ({ type: 'info' }));
      const returned = position++;
      if (end.type === 'fail') continue;
      const output = end.type === 'ok' ? end.output : undefined;
      const isKnown = end.type === 'ok';
      operations.push({
        process,
        f: kind,
        input,
        output,
        invoked,
        returned: isKnown ? returned : Number.POSITIVE_INFINITY,
      });
      if (isKnown && kind !== 'read') written += 1;
      if (isKnown && kind === 'write') last.push(value);
    }
  };
  const playing = [...clients, ...readers].map(play);
  for (let round = 0; round < 4; round++) {
    const leader = await cluster.leader();
    const before = written;
    if (round % 2 === 0) {
      leader.node.takePart(false);
      await cluster.nodes.until('another leader', () => {
        const others = cluster.members.filter((one) => one !== leader);
        return others.some(({ node }) => node.status().role === 'leader');
      });
      const since = written;
      await cluster.nodes.until('writes without it', () => written > since + 15);
      leader.node.takePart(true);
    } else await leader.node.request({ type: 'TransferLeadership', target: 0 });
    await cluster.nodes.until('writes go on', () => written > before + 30);
  }
  isOver = true;
  await Promise.all(playing);
  const model = casRegister();
  const verdict = checkLinearizability(operations, model);
  expect(verdict.verdict, explain(verdict, model)).toBe('ok');
  expect(written).toBeGreaterThan(120);
});
