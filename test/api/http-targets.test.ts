/** What stands where a path should be: redirects put it behind an address, so it must not lead elsewhere. */
import { connect } from 'node:net';
import { type OpenedApi, openApi } from '@seedraft/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DoorDouble, member } from './door-double.ts';

let api: OpenedApi;

beforeAll(async () => {
  const reply = { type: 'Ok', index: 1, value: { status: 'missing' } } as const;
  const door = new DoorDouble(() => reply, [member(1, 'a')]);
  api = await openApi({ protocol: 'distraft', listen: { host: '127.0.0.1', port: 0 }, door });
});

afterAll(() => api.stop());

function get(target: string): Promise<string> {
  const port = Number(api.address.split(':')[1]);
  const socket = connect(port, '127.0.0.1', () => {
    socket.end(`GET ${target} HTTP/1.1\r\nHost: here\r\n\r\n`);
  });
  return new Promise((resolve, reject) => {
    let heard = '';
    socket.setEncoding('latin1').on('data', (piece: string) => {
      heard += piece;
    });
    socket.on('end', () => resolve(heard)).on('error', reject);
  });
}

test.each(['*@elsewhere.example/', '*', 'ftp://elsewhere.example/colour'])(
  '%s is no path',
  async (target) => {
    expect(await get(target)).toMatch(/^HTTP\/1.1 400 .*"code":"BAD_PATH"/s);
  },
);

test('an absolute address without a path is the root, with or without a query', async () => {
  for (const target of ['http://here', 'http://here/', 'http://here?x=1']) {
    expect(await get(target)).toContain('"status":{');
  }
  expect(await get('http://here/colour')).toContain('"key":"colour"');
});
