/** What a Redis client may make a member do by little: nothing that others would notice. Over a door that answers everything, so only the protocol is looked at. */
import { connect } from 'node:net';
import { type OpenedApi, openApi } from '@seedraft/api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DoorDouble, member } from './door-double.ts';

let door: DoorDouble;
let api: OpenedApi;

beforeEach(async () => {
  const ok = { type: 'Ok', index: 1, value: { status: 'stored', revision: 1 } } as const;
  door = new DoorDouble(() => ok, [member(1, 'a')]);
  api = await openApi({ protocol: 'redis', listen: { host: '127.0.0.1', port: 0 }, door });
});

afterEach(() => api.stop());

/** Everything that is answered until the connection ends. */
function talk(sent: string): Promise<string> {
  const socket = connect(Number(api.address.split(':')[1]), '127.0.0.1', () => socket.end(sent));
  return new Promise((resolve, reject) => {
    let heard = '';
    socket.setEncoding('latin1').on('data', (piece: string) => {
      heard += piece;
    });
    socket.on('end', () => resolve(heard)).on('error', reject);
  });
}

test.each(['COMMAND', 'COMMAND DOCS'])(
  'a transaction of 1,000 times %s is refused: ten kilobytes must not become a hundred megabytes',
  async (command) => {
    const queued = `${command}\r\n`.repeat(1000);
    const heard = await talk(`MULTI\r\nSELECT 3\r\n${queued}EXEC\r\nCLIENT LIST\r\n`);
    const after = heard.slice(heard.lastIndexOf('+QUEUED'));
    expect(after).toMatch(/-EXECABORT what a transaction asks of the member itself/);
    // Nothing of it was done.
    expect(after).toMatch(/ db=0 /);
  },
);

test('a transaction may ask the member something, and as much as it says itself', async () => {
  const heard = await talk(`MULTI\r\nCOMMAND\r\n${'PING\r\n'.repeat(2000)}EXEC\r\n`);
  expect(heard.endsWith('+PONG\r\n')).toBe(true);
});

test('a class of a megabyte is not held against ten thousand keys', async () => {
  const keys = Array.from({ length: 10_000 }, (_, at) => `key-${at}`);
  door.reply = () => ({ type: 'Ok', index: 1, value: { status: 'keys', keys, cursor: 0 } });
  const heard = await talk(`KEYS *[${'x'.repeat(60_000)}]\r\nKEYS *-77\r\n`);
  const all = '*1\r\n$6\r\nkey-77\r\n';
  expect(heard).toBe(`-ERR the pattern is too long for so many keys\r\n${all}`);
});

test('a name is short: it is kept, and told to whoever asks for the list', async () => {
  const heard = await talk(`CLIENT SETNAME ${'n'.repeat(257)}\r\nCLIENT GETNAME\r\n`);
  expect(heard).toBe('-ERR Client names have at most 256 characters.\r\n$-1\r\n');
});

test.each(['POST / HTTP/1.1\r\n', 'PUT / HTTP/1.1\r\nHOST: 127.0.0.1:6379\r\n'])(
  'a web page cannot write by sending %j with commands for a body',
  async (head) => {
    const heard = await talk(`${head}Content-Length: 11\r\n\r\nSET a b\r\nPING\r\n`);
    expect(heard).toMatch(/-ERR Protocol error: this port speaks Redis, and not HTTP\r\n$/);
    // But for the member's own announcement of its address.
    const asked = door.asked.filter((one) => !JSON.stringify(one).includes('$api'));
    expect(asked).toEqual([]);
  },
);
