/** Backups over real sockets: whole and of one moment though writes go on; for admins; one at a time; and who does not read holds nobody up for long. */
import { type Backup, openBackup } from '@seedraft/client';
import { crc32c } from '@seedraft/codec';
import { put } from '@seedraft/kv';
import { afterEach, expect, test } from 'vitest';
import { command, NodeCluster, type Overrides } from './cluster.ts';
import { RawClient } from './raw.ts';

let cluster: NodeCluster;
const raw: RawClient[] = [];
afterEach(async () => {
  for (const client of raw.splice(0)) client.socket.destroy();
  await cluster.stop();
});

const request = { type: 'Backup', mode: 'linearizable' } as const;

async function bytesOf({ chunks }: Backup): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) {
    expect(chunk.length).toBeLessThanOrEqual(256 * 1024);
    all.push(chunk);
  }
  return Buffer.concat(all);
}

/** `kibibytes` of state, more than sockets buffer. */
async function filled(size: number, kibibytes: number, overrides: Overrides = {}): Promise<void> {
  cluster = await NodeCluster.start(size, overrides);
  const value = 'x'.repeat(512 * 1024);
  for (let i = 0; i < kibibytes / 512; i++) await cluster.put(`k${i}`, value);
}

async function asking(address: string, token = ''): Promise<RawClient> {
  const client = new RawClient(address);
  raw.push(client);
  await client.hello(token);
  client.ask(1, request);
  return client;
}

test('of any member, one moment of the state, while writes go on', async () => {
  await filled(3, 1024);
  await cluster.converged();
  const leader = await cluster.leader();
  const follower = cluster.running().find(({ id }) => id !== leader.id)!;
  const { stateDigest, appliedIndex } = follower.status();
  const backup = await openBackup({ endpoints: [follower.clientAddress] });
  expect(backup.about).toMatchObject({ clusterId: 'test', member: follower.id, stateDigest });
  expect(backup.about.index).toBe(appliedIndex);
  await cluster.put('k1', 'changed meanwhile');
  // That is news for every client, in the middle of the backup.
  await leader.request({ type: 'TransferLeadership', target: follower.id });
  const bytes = await bytesOf(backup);
  expect(bytes.length).toBeGreaterThan(1024 * 1024);
  const text = Buffer.from(bytes).toString('latin1');
  expect(text).not.toContain('changed meanwhile');
  const after = await openBackup({ endpoints: [follower.clientAddress] });
  expect(Buffer.from(await bytesOf(after)).toString('latin1')).toContain('changed meanwhile');
});

test('asked of those who do not answer first, it comes from one who does; only an admin gets it', async () => {
  const tokens = [
    { token: 'reads', role: 'read' as const },
    { token: 'all', role: 'admin' as const },
  ];
  await filled(1, 512, { security: { clients: { tokens } } });
  const { clientAddress } = cluster.node(1);
  const endpoints = ['127.0.0.1:1', clientAddress];
  const backup = await openBackup({ endpoints, token: 'all' });
  expect(backup.address).toBe(clientAddress);
  await bytesOf(backup);
  const refused = { code: 'UNAUTHORIZED', outcome: 'not applied' };
  await expect(openBackup({ endpoints, token: 'reads' })).rejects.toMatchObject(refused);
  await expect(openBackup({ endpoints, token: 'none' })).rejects.toMatchObject(refused);
  const nobody = openBackup({ endpoints: ['127.0.0.1:1'], timeout: 300 });
  await expect(nobody).rejects.toMatchObject({ code: 'TIMEOUT' });
  const other = openBackup({ endpoints, token: 'all', clusterId: 'another' });
  await expect(other).rejects.toMatchObject({ code: 'WRONG_CLUSTER' });
});

test('one at a time; a client that hangs up, or reads nothing, makes room for the next', async () => {
  await filled(1, 12 * 1024, { limits: { stall: 700 } });
  const { clientAddress } = cluster.node(1);
  const first = await openBackup({ endpoints: [clientAddress] });
  const second = await asking(clientAddress);
  expect(await second.message()).toMatchObject({ reply: { code: 'OVERLOADED' } });
  first.close();
  await bytesOf(await openBackup({ endpoints: [clientAddress] }));

  const idle = await asking(clientAddress);
  idle.socket.pause();
  const { slowClients } = (await cluster.node(1).metrics()).transport.clients;
  expect(slowClients).toBe(0);
  // Writes go on, and the member lets go of the idle one by itself.
  await cluster.put('meanwhile', 'x');
  await bytesOf(await openBackup({ endpoints: [clientAddress] }));
  expect((await cluster.node(1).metrics()).transport.clients.slowClients).toBe(1);
}, 30_000);

test('taken slowly, and after it other requests of the same connection are answered', async () => {
  await filled(1, 4 * 1024, { limits: { stall: 5000 } });
  const client = await asking(cluster.node(1).clientAddress);
  client.ask(2, command(put('', 'late', '1')));
  let size = 0;
  let checksum = 0;
  let isOver = false;
  for (let answers = 0; answers < 2; ) {
    const message = await client.message();
    if (message?.type === 'event' && message.value instanceof Uint8Array) {
      expect(isOver).toBe(false);
      size += message.value.length;
      checksum = crc32c(message.value, checksum);
      await new Promise((resolve) => setImmediate(resolve));
    } else if (message?.type === 'reply') {
      answers++;
      if (message.requestId === 2) continue;
      isOver = true;
      expect(message.reply).toMatchObject({ type: 'Ok', value: [size, checksum] });
    }
  }
});

test('a connection that ends in the middle, and a caller that aborts, are errors with a code', async () => {
  await filled(1, 12 * 1024, { limits: { stop: 500 } });
  const { clientAddress } = cluster.node(1);
  const abort = new AbortController();
  const aborted = await openBackup({ endpoints: [clientAddress], signal: abort.signal });
  abort.abort();
  await expect(bytesOf(aborted)).rejects.toMatchObject({ code: 'ABORTED' });
  const cut = await openBackup({ endpoints: [clientAddress] });
  await cluster.node(1).stop();
  await expect(bytesOf(cut)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
}, 30_000);
