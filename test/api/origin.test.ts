/** Web pages: a stranger's may neither read nor write through the browser of somebody who reaches the port; named ones may, as browsers want it. */
import { once } from 'node:events';
import { type OpenedApi, openApi } from '@seedraft/api';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { DoorDouble, member } from './door-double.ts';
import { raw } from './http-client.ts';

const PAGE = 'http://localhost:3000';
const door = new DoorDouble(
  () => ({ type: 'Ok', index: 1, value: { status: 'ok', previous: null } }),
  [member(1, 'a')],
);
let api: OpenedApi;
/** Beside what the member says of its own ports. */
const askedByClients = (): number =>
  door.asked.filter((request) => !JSON.stringify(request).includes('$api')).length;

const open = async (origins?: readonly string[], limits = {}): Promise<void> => {
  const listen = { host: '127.0.0.1', port: 0 };
  api = await openApi({ protocol: 'uring', listen, door, limits, ...(origins && { origins }) });
};

afterEach(async () => {
  await api.stop();
  door.asked.length = 0;
});

/** As a browser sends it, with the page it was for; `headers` end with their line breaks. */
const send = (method: string, headers = '', body = ''): Promise<string> =>
  raw(
    api.address,
    `${method} /kv/colour HTTP/1.1\r\nHost: ${api.address}\r\nConnection: close\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`,
  );
const post = (origin: string) =>
  send('POST', `Origin: ${origin}\r\nContent-Type: text/plain\r\n`, '{"value":1}');

/** The status that a handshake with this origin got; 101: it is open. */
async function handshake(origin?: string): Promise<number> {
  const socket = new WebSocket(`ws://${api.address}/uring`, origin === undefined ? {} : { origin });
  const status = new Promise<number>((resolve) => {
    socket.once('open', () => resolve(101));
    socket.once('unexpected-response', (_request, response) => {
      response.resume().once('end', () => resolve(response.statusCode!));
    });
  });
  const got = await status;
  if (got === 101) {
    socket.terminate();
    await once(socket, 'close');
  }
  return got;
}

describe('a page of another origin that nobody named', () => {
  test.each(['https://elsewhere.example', 'null', PAGE, 'http://127.0.0.1:1'])(
    '%s: refused with what to do, and nothing is written',
    async (origin) => {
      await open();
      const answered = await post(origin);
      expect(answered).toMatch(/^HTTP\/1.1 403 .*--api-origin/s);
      expect(answered).not.toMatch(/access-control/i);
      expect(askedByClients()).toBe(0);
    },
  );

  test('gets no WebSocket, and its preflight nothing', async () => {
    await open();
    expect(await handshake(PAGE)).toBe(403);
    const preflight = `Origin: ${PAGE}\r\nAccess-Control-Request-Method: DELETE\r\n`;
    expect(await send('OPTIONS', preflight)).toMatch(/^HTTP\/1.1 403/);
  });
});

test('programs, which say no origin, and pages of this very port notice nothing', async () => {
  await open();
  expect(await send('POST', '', '{"value":1}')).toMatch(/^HTTP\/1.1 201/);
  expect(await post(`http://${api.address}`)).toMatch(/^HTTP\/1.1 201/);
  expect(await handshake()).toBe(101);
  expect(await handshake(`http://${api.address}`)).toBe(101);
  expect(askedByClients()).toBe(2);
});

describe('a page that was named', () => {
  test.each([[[PAGE]], [['*']]])(
    'by %j asks, and its browser is told that it may',
    async (origins) => {
      await open(origins);
      const answered = await post(PAGE);
      expect(answered).toMatch(/^HTTP\/1.1 201/);
      expect(answered).toContain(`access-control-allow-origin: ${PAGE}\r\n`);
      expect(answered).toContain('vary: Origin\r\n');
      expect(await handshake(PAGE)).toBe(101);
    },
  );

  test('has its preflight answered, and is not taken for a request', async () => {
    await open([PAGE]);
    const asks = `Origin: ${PAGE}\r\nAccess-Control-Request-Method: DELETE\r\nAccess-Control-Request-Headers: content-type\r\n`;
    const answered = await send('OPTIONS', asks);
    expect(answered).toMatch(/^HTTP\/1.1 204/);
    expect(answered).toContain('access-control-allow-methods: DELETE\r\n');
    expect(answered).toContain('access-control-allow-headers: content-type\r\n');
    expect(askedByClients()).toBe(0);
  });

  test('does not open the door to another', async () => {
    await open([PAGE]);
    expect(await post('http://localhost:3001')).toMatch(/^HTTP\/1.1 403/);
    expect(await handshake('http://localhost:3001')).toBe(403);
  });
});

test('handshakes are requests: too many a second are refused', async () => {
  await open([], { requestsPerSecond: 2 });
  expect([await handshake(), await handshake(), await handshake()]).toContain(429);
});
