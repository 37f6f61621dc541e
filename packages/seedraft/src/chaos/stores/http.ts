/** One HTTP request on a connection of its own: nothing is sent anew that may have been done, as an agent with old connections would. */
import { request as begin } from 'node:http';
import { NotDone } from '../store.ts';
import { dial, within } from './dial.ts';

const MOST_HOPS = 5;

export interface HttpAsked {
  readonly endpoint: string;
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: string;
  readonly type?: string;
}

export interface HttpAnswered {
  readonly status: number;
  readonly text: string;
  /** Null: it sends nobody elsewhere. */
  readonly location: string | null;
}

export async function exchange(asked: HttpAsked, patience: number): Promise<HttpAnswered> {
  const { endpoint, method, path, body, type } = asked;
  const socket = await dial(endpoint, patience);
  const answer = new Promise<HttpAnswered>((resolve, reject) => {
    const lost = (error: Error): void => reject(new NotDone('unknown', error.message));
    const headers = {
      host: endpoint,
      connection: 'close',
      ...(type !== undefined && { 'content-type': type }),
      ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
    };
    const request = begin({ createConnection: () => socket, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.once('error', lost);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          text,
          location: response.headers.location ?? null,
        }),
      );
    });
    request.once('error', lost);
    request.end(body);
  });
  try {
    return await within(patience, socket, answer);
  } finally {
    socket.destroy();
  }
}

/** As `curl -L` does. Who sent the client on did nothing, so what is lost on the way has no effect. */
export async function follow(asked: HttpAsked, patience: number): Promise<HttpAnswered> {
  let next = asked;
  for (let hops = 0; hops < MOST_HOPS; hops++) {
    const answered = await exchange(next, patience);
    if (answered.location === null) return answered;
    const { host, pathname, search } = new URL(answered.location);
    next = { ...next, endpoint: host, path: pathname + search };
  }
  throw new NotDone('not applied', 'sent from member to member');
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
