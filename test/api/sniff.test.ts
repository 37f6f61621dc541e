/** One port for our own frames and another protocol: each is told by its first bytes, however they are cut. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectClient } from '@seedraft/client';
import { encodeClient, FrameDecoder, readClientFrame, WIRE_VERSION } from '@seedraft/wire';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiCluster } from './api-cluster.ts';
import { exchange } from './launcher.ts';

let cluster: ApiCluster;
let address: string;
const port = () => Number(address.split(':')[1]);

beforeAll(async () => {
  cluster = await ApiCluster.start('raftnode', 1);
  const [only] = cluster.members;
  const native = only!.node.accept.bind(only!.node);
  const limits = { firstRequest: 200 };
  address = (await cluster.also(only!, 'raftnode', { native, limits })).address;
});
afterAll(() => cluster.stop());

test('our client and theirs, at one port', async () => {
  expect(await exchange(port(), { type: 'put', key: 'k', value: 'v' })).toMatchObject({
    data: true,
  });
  const client = await connectClient({ endpoints: [address] });
  expect(await client.kv('default').get('k')).toMatchObject({ value: 'v' });
  await client.close();
});

test('a frame that comes byte by byte is one all the same', async () => {
  const socket = connect(port(), '127.0.0.1').setNoDelay(true);
  const decoder = new FrameDecoder();
  const welcome = new Promise((resolve) => {
    socket.on('data', (chunk) => {
      const [frame] = decoder.push(chunk).frames;
      if (frame !== undefined) resolve(readClientFrame(frame));
    });
  });
  const hello = { version: WIRE_VERSION, clusterId: '', client: 'test', token: '' };
  for (const byte of encodeClient({ type: 'hello', ...hello })) {
    await new Promise((resolve) => socket.write(Uint8Array.of(byte), resolve));
  }
  expect(await welcome).toMatchObject({ ok: true, message: { type: 'welcome' } });
  socket.destroy();
});

test('who says nothing, or half of a mark, is let go; what is no protocol gets the form of the port', async () => {
  for (const bytes of ['', ']', ']\u0001']) {
    const socket = connect(port(), '127.0.0.1');
    if (bytes !== '') socket.write(bytes);
    socket.resume();
    await once(socket, 'close');
  }
  const socket = connect(port(), '127.0.0.1').setEncoding('utf8');
  socket.write('GET / HTTP/1.1\r\n\r\n');
  let whole = '';
  for await (const part of socket) whole += part;
  expect(JSON.parse(whole)).toMatchObject({ code: 'NOT_JSON' });
});
