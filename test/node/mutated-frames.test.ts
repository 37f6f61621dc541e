/**
 * Two thousand mutated frames at both ports of a running member (`npm run soak -- frames` fires a million): each ends in a verdict, a client at
 * work notices nothing, and nothing stays behind, in the data or in memory.
 */
import { get, put } from '@seedraft/kv';
import { afterEach, expect, test } from 'vitest';
import { fire } from '../soak/fire.ts';
import { command, NodeCluster } from './cluster.ts';
import { RawClient } from './raw.ts';

let cluster: NodeCluster;
afterEach(() => cluster.stop());

const SECRET = 'a secret that is long enough';
const TOKENS = [
  { token: 'good', role: 'admin' },
  { token: 'shot', role: 'write' },
] as const;
const SHOTS = 2000;
/** Each way in which bytes can be no message of a protocol; TRUNCATED and TRAILING are none of a stream. */
const FLAWS = [
  'BAD_MAGIC',
  'BAD_VERSION',
  'BAD_HEADER',
  'TOO_LARGE',
  'BAD_CHECKSUM',
  'WRONG_KIND',
  'BAD_PAYLOAD',
  'BAD_MESSAGE',
];

/** Writes and reads, one after the other, until `isOver`; the number of keys written. */
async function work(client: RawClient, isOver: () => boolean): Promise<number> {
  let key = 0;
  for (let request = 0; !isOver(); key++) {
    client.ask(++request, command(put('good', `k${key}`, `${key}`)));
    expect(await client.message()).toMatchObject({ reply: { type: 'Ok' } });
    client.ask(++request, { type: 'Query', mode: 'linearizable', query: get('good', `k${key}`) });
    expect(await client.message()).toMatchObject({
      reply: { value: { item: { value: `${key}` } } },
    });
  }
  return key;
}

test('mutated frames at both ports harm nobody', async () => {
  cluster = await NodeCluster.start(1, {
    security: { peers: { kind: 'secret', secret: SECRET }, clients: { tokens: TOKENS } },
  });
  const node = await cluster.leader();
  const good = new RawClient(node.clientAddress);
  expect(await good.hello('good')).toMatchObject({ type: 'welcome' });
  let isOver = false;
  const working = work(good, () => isOver);
  const verdicts = await fire({
    target: {
      clusterId: 'test',
      client: node.clientAddress,
      peer: node.peerAddress,
      token: 'shot',
      secret: SECRET,
    },
    shots: SHOTS,
    seed: 1,
    connections: { clientStrangers: 4, clients: 16, peerStrangers: 4, peers: 2 },
  });
  isOver = true;
  const written = await working;

  expect([...verdicts.values()].reduce((sum, count) => sum + count, 0)).toBe(SHOTS);
  for (const expected of [
    'client goodbye BAD_FRAME',
    'client goodbye VERSION',
    'client reply Ok',
    'client reply SESSION_EXPIRED',
    'peer refusal VERSION',
    'peer closed',
    'proven peer closed',
  ]) {
    expect(verdicts.get(expected) ?? 0, expected).toBeGreaterThan(0);
  }
  const codes = cluster.events.map((event) => (event.type === 'BadFrame' ? event.code : ''));
  for (const code of FLAWS) expect(codes).toContain(code);
  expect(node.status()).toMatchObject({ role: 'leader', term: 1, damaged: null });
  for (let key = 0; key < written; key++) {
    good.ask(100_000 + key, { type: 'Query', mode: 'stale', query: get('good', `k${key}`) });
    expect(await good.message()).toMatchObject({ reply: { value: { item: { value: `${key}` } } } });
  }
  expect(written).toBeGreaterThan(10);
  good.socket.destroy();
});
