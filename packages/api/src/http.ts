/**
 * HTTP as the protocols that use it need it: a request with its body in, an answer out; and every way in which what arrives can be wrong, answered in
 * the protocol's own form. Sockets are handed in by the listener, so that one port can serve several protocols.
 */
import { isUtf8 } from 'node:buffer';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { HttpTurns } from './http-turns.ts';
import type { Dialect } from './listener.ts';
import { corsHeaders, flawOfOrigin, isPreflight } from './origin.ts';
import type { Access, ApiContext } from './protocol.ts';

export interface HttpRequest {
  readonly method: string;
  /** Between slashes, percent-decoded; '/' has none. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  /** As it was asked for: path and query. */
  readonly target: string;
  readonly contentType: string;
  readonly body: Buffer;
  /** By the `Authorization: Bearer` it bears. */
  readonly access: Access;
}

export interface HttpAnswer {
  readonly status: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpService {
  /** Must not reject for what a client sent. */
  answer(request: HttpRequest): Promise<HttpAnswer>;
  /** The protocol's form of an error: 400, 403, 408, 413, 429, 431, 500, 503. */
  error(status: number, code: string, sentence: string): HttpAnswer;
  /** Null: the socket was taken over. Otherwise why not. */
  upgrade?(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    access: Access,
  ): HttpAnswer | null;
  /** Upgraded connections: end them in an orderly way, and at once. */
  drainUpgraded?(): Promise<void>;
  closeUpgraded?(): void;
}

export function json(status: number, value: unknown, headers?: HttpAnswer['headers']): HttpAnswer {
  const type = 'application/json';
  return { status, type, body: JSON.stringify(value), ...(headers && { headers }) };
}

const HEADERS_WITHIN_MS = 10_000;
const REQUEST_WITHIN_MS = 30_000;
const CHECK_EVERY_MS = 1000;
/** The rest of a request that was answered before its end is read and dropped for this long: a reset would take the answer with it. */
const LINGER_MS = 1000;

export class HttpDialect implements Dialect {
  readonly #context: ApiContext;
  readonly #service: HttpService;
  readonly #server: Server;
  readonly #turns = new HttpTurns();
  #open = 0;
  #isDraining = false;
  #onEmpty: () => void = () => {};

  constructor(context: ApiContext, service: HttpService) {
    this.#context = context;
    this.#service = service;
    const { idle, stall } = context.limits;
    this.#server = createServer(
      {
        headersTimeout: HEADERS_WITHIN_MS,
        requestTimeout: REQUEST_WITHIN_MS,
        connectionsCheckingInterval: CHECK_EVERY_MS,
        keepAliveTimeout: idle,
      },
      (request, response) => void this.#onRequest(request, response),
    );
    this.#server.timeout = stall;
    // Whoever has sent all it has to say (`| nc -N`) still gets its answers, then the end.
    Object.assign(this.#server, { httpAllowHalfOpen: true });
    this.#server.on('clientError', (error, socket) => this.#onClientError(error, socket));
    this.#server.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head));
    // It listens to no port itself, but it is only from here on that it watches over slow senders.
    this.#server.emit('listening');
  }

  accept(socket: Parameters<Dialect['accept']>[0]): void {
    this.#server.emit('connection', socket);
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#server.closeIdleConnections();
    const upgraded = this.#service.drainUpgraded?.();
    if (this.#open > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
    }
    await upgraded;
  }

  close(): void {
    this.#service.closeUpgraded?.();
    this.#server.closeAllConnections();
    // It was never opened; this ends its watch.
    this.#server.close(() => {});
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#open += 1;
    await this.#turns.take(request, response, async () => {
      let answered: HttpAnswer;
      try {
        answered = await this.#answer(request);
      } catch (thrown) {
        answered = this.#service.error(500, 'INTERNAL', String(thrown));
      }
      this.#send(request, response, answered);
    });
    this.#open -= 1;
    if (this.#open === 0) this.#onEmpty();
  }

  async #answer(request: IncomingMessage): Promise<HttpAnswer> {
    const { gate, limits, origins } = this.#context;
    if (this.#isDraining) {
      return this.#service.error(503, 'STOPPING', 'This member stops: ask another.');
    }
    if (!gate.admit(request.socket.remoteAddress ?? '')) {
      return this.#overloaded();
    }
    const foreign = flawOfOrigin(request.headers, origins);
    if (foreign !== null) return this.#service.error(403, 'FOREIGN_ORIGIN', foreign);
    if (isPreflight(request.method ?? '', request.headers)) return { status: 204, body: '' };
    const body = await bodyOf(request, limits.maxRequestBytes);
    if (body === 'too large') {
      const sentence = `A request has at most ${limits.maxRequestBytes} bytes.`;
      return this.#service.error(413, 'TOO_LARGE', sentence);
    }
    if (body === 'aborted') return this.#service.error(400, 'ABORTED', 'The request broke off.');
    const read = readTarget(request.url ?? '/');
    if (read === null) {
      return this.#service.error(
        400,
        'BAD_PATH',
        'The path does not begin with /, or it or the query is not percent-encoded UTF-8.',
      );
    }
    return this.#service.answer({
      method: request.method ?? 'GET',
      ...read,
      contentType: request.headers['content-type'] ?? '',
      body,
      access: this.#accessOf(request),
    });
  }

  #accessOf({ headers }: IncomingMessage): Access {
    const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '');
    return this.#context.access(bearer?.[1] ?? '');
  }

  #send(request: IncomingMessage, response: ServerResponse, answered: HttpAnswer): void {
    if (response.destroyed) return;
    const { status, type = 'text/plain; charset=utf-8', headers, body } = answered;
    // The rest of what was not read would be taken for the next request.
    const isLast = this.#isDraining || !request.complete;
    response.writeHead(status, {
      ...headers,
      ...corsHeaders(request.headers, this.#context.origins),
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      ...(isLast && { connection: 'close' }),
    });
    const sent = request.method === 'HEAD' ? '' : body;
    if (request.complete) response.end(sent);
    else {
      response.write(sent);
      endAfterRequest(request, response);
    }
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#upgrade(request, socket, head);
    if (refusal !== null) endWith(socket, rawAnswer(refusal));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): HttpAnswer | null {
    if (this.#service.upgrade === undefined) {
      return this.#service.error(400, 'NO_UPGRADE', 'There is no WebSocket here.');
    }
    if (!this.#context.gate.admit(request.socket.remoteAddress ?? '')) return this.#overloaded();
    const foreign = flawOfOrigin(request.headers, this.#context.origins);
    if (foreign !== null) return this.#service.error(403, 'FOREIGN_ORIGIN', foreign);
    return this.#service.upgrade(request, socket, head, this.#accessOf(request));
  }

  #overloaded(): HttpAnswer {
    return this.#service.error(429, 'OVERLOADED', 'Too many requests a second: slow down.');
  }

  #onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const [status, code] = CLIENT_ERRORS[error.code ?? ''] ?? [400, 'NOT_HTTP'];
    const sentence = `This is not a request of HTTP/1.1 that is understood here: ${error.message}.`;
    endWith(socket, rawAnswer(this.#service.error(status, code, sentence)));
  }
}

/** The answer is on its way; its end would close the connection. */
function endAfterRequest(request: IncomingMessage, response: ServerResponse): void {
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  request.once('end', end).once('close', end).resume();
}

/** The last thing that is said on it. HTTP has let go of it: nobody else reads what still comes, or would notice its end. */
function endWith(socket: Duplex, text: string): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.end(text);
  socket.resume();
}

const CLIENT_ERRORS: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'TOO_LARGE'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'TIMEOUT'],
};

function rawAnswer({ status, type = 'text/plain; charset=utf-8', body }: HttpAnswer): string {
  const length = Buffer.byteLength(body);
  return `HTTP/1.1 ${status} Error\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${body}`;
}

async function bodyOf(
  request: IncomingMessage,
  most: number,
): Promise<Buffer | 'too large' | 'aborted'> {
  if (Number(request.headers['content-length'] ?? 0) > most) return 'too large';
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of request.iterator({ destroyOnReturn: false })) {
      length += (part as Buffer).length;
      if (length > most) return 'too large';
      parts.push(part as Buffer);
    }
  } catch {
    return 'aborted';
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

/** Whether what stands percent-encoded in a form or query is text. A lone percent sign is itself, as URLSearchParams takes it. */
export function areEscapesUtf8(form: string): boolean {
  const runs = form.match(/(?:%[0-9a-f]{2})+/gi) ?? [];
  return runs.every((run) => isUtf8(Buffer.from(run.replaceAll('%', ''), 'hex')));
}

/** Null: an escape that is none, or no path. */
function readTarget(url: string): Pick<HttpRequest, 'segments' | 'query' | 'target'> | null {
  // Absolute form, as proxies send it.
  const target = url.replace(/^https?:\/\/[^/?]*\/?/i, '/');
  // It goes behind an address in redirects, where `*@elsewhere` would lead elsewhere.
  if (!target.startsWith('/')) return null;
  const [path, search] = split(target);
  if (!areEscapesUtf8(search)) return null;
  try {
    const segments = path === '/' ? [] : path.slice(1).split('/').map(decodeURIComponent);
    return { segments, query: new URLSearchParams(search), target };
  } catch {
    return null;
  }
}

function split(target: string): readonly [path: string, search: string] {
  const at = target.indexOf('?');
  return at === -1 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
}
