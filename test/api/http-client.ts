/** HTTP as a test wants it: one request, its status and what came back, redirects not followed. */
import { once } from 'node:events';
import { connect } from 'node:net';

export interface Answered {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

/** `body`: an object goes as JSON, a text and bytes as they are. */
export async function ask(
  base: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> {
  const isText =
    typeof body === 'string' ||
    [URLSearchParams, FormData, Uint8Array].some((kind) => body instanceof kind);
  const type = isText || body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(`http://${base}${path}`, {
    method,
    redirect: 'manual',
    headers: { ...type, ...headers },
    ...(body !== undefined && { body: isText ? (body as string) : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: parsed(text), headers: response.headers };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Bytes that no HTTP client would send; what came back, whole. */
export async function raw(base: string, bytes: string): Promise<string> {
  const [host, port] = base.split(':') as [string, string];
  const socket = connect(Number(port), host);
  let whole = '';
  socket.setEncoding('utf8');
  socket.on('data', (part) => {
    whole += part;
  });
  socket.write(bytes);
  await once(socket, 'close');
  return whole;
}

/** Connections that say nothing. Returns how to end them. */
export async function idleConnections(base: string, count: number): Promise<() => void> {
  const [host, port] = base.split(':') as [string, string];
  const sockets = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(Number(port), host);
      await once(socket, 'connect');
      return socket;
    }),
  );
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}
