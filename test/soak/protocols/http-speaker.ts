/** A client of a protocol over HTTP. Redirects are followed as `curl -L` does, the method kept. */
import { Agent, request } from 'node:http';
import { type Outcome, outcomeOf, type Speaker, Unanswered } from './speaker.ts';

export interface HttpCall {
  readonly method: string;
  readonly path: string;
  readonly type?: string;
  readonly body?: string;
}

export interface HttpReply {
  readonly status: number;
  readonly body: string;
  readonly location: string;
}

/** How the protocol says it. */
export interface HttpForms {
  write(key: string, value: string): HttpCall;
  read(key: string): HttpCall;
  /** The value in what a read was answered with; null: there is none; undefined: it was not answered. */
  valueIn(reply: HttpReply): string | null | undefined;
}

const MOST_REDIRECTS = 3;

export class HttpSpeaker implements Speaker {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #base: string;
  readonly #forms: HttpForms;

  constructor(port: number, forms: HttpForms) {
    this.#base = `http://127.0.0.1:${port}`;
    this.#forms = forms;
  }

  async write(key: string, value: string): Promise<Outcome> {
    try {
      const reply = await this.#follow(this.#forms.write(key, value));
      if (reply.status === 200 || reply.status === 201) return 'done';
      return reply.status === 504 || /UNKNOWN/.test(reply.body) ? 'unknown' : 'refused';
    } catch (error) {
      return outcomeOf(error);
    }
  }

  async read(key: string): Promise<string | null> {
    const reply = await this.#follow(this.#forms.read(key));
    const value = this.#forms.valueIn(reply);
    if (value === undefined) throw new Unanswered(`${reply.status} ${reply.body}`);
    return value;
  }

  end(): void {
    this.#agent.destroy();
  }

  async #follow(call: HttpCall): Promise<HttpReply> {
    let url = this.#base + call.path;
    for (let redirects = 0; ; redirects++) {
      const reply = await send(url, call, this.#agent);
      if ((reply.status !== 302 && reply.status !== 307) || redirects === MOST_REDIRECTS) {
        return reply;
      }
      url = reply.location;
    }
  }
}

/** One request, and its whole answer. */
export function send(url: string, call: HttpCall, agent?: Agent): Promise<HttpReply> {
  const { method, type, body = '' } = call;
  const headers = {
    'content-length': Buffer.byteLength(body),
    ...(type !== undefined && { 'content-type': type }),
  };
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, ...(agent && { agent }) }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers: answered } = response;
        const location = answered.location ?? '';
        resolve({ status, body: Buffer.concat(parts).toString(), location });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
