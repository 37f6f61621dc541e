/** A web server before one raftnode, as raftnode's users write it: `node dist/server.mjs 127.0.0.1:5001 8000` (README.md). */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';

const [node = '127.0.0.1:5001', port = '8000'] = process.argv.slice(2);
const { hostname, port: nodePort } = new URL(`tcp://${node}`);

/** One JSON object there, and what one read of at most a kilobyte brings back. */
async function exchange(request: object): Promise<Record<string, unknown>> {
  const socket = connect(Number(nodePort), hostname);
  try {
    socket.write(JSON.stringify(request));
    const [bytes] = (await once(socket, 'data', { signal: AbortSignal.timeout(10_000) })) as [
      Buffer,
    ];
    return JSON.parse(bytes.toString('utf8', 0, 1024)) as Record<string, unknown>;
  } finally {
    socket.destroy();
  }
}

async function answer(route: string, words: URLSearchParams): Promise<[number, unknown]> {
  const named = Object.fromEntries(words);
  if (route === 'PUT /put/data') {
    const { success } = await exchange({ type: 'put', ...named });
    return success === true ? [200, { success }] : [503, { success: false }];
  }
  if (route === 'GET /get/data') {
    const { data } = await exchange({ type: 'get', ...named });
    return data === undefined ? [503, { data: null }] : [200, { data }];
  }
  return [404, { error: 'PUT /put/data?key&value&namespace or GET /get/data?key&namespace' }];
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://here');
  const [status, body] = await answer(`${request.method} ${pathname}`, searchParams).catch(
    (error: Error) => [502, { error: `${node}: ${error.message}` }] as const,
  );
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
server.listen(Number(port), '127.0.0.1', () => {
  const { port: own } = server.address() as { port: number };
  console.log(`http://127.0.0.1:${own} speaks for the node at ${node}`);
});
