/** WebSocket as bytes (RFC 6455): the request that begins it and the frames of a client, right ones and others. */

import { Line } from './line.ts';
import type { Outcome, Speaker } from './speaker.ts';
import { Unanswered } from './speaker.ts';

export const UPGRADE =
  'GET /uring HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: Upgrade\r\n' +
  'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

export interface FrameForm {
  /** 1 text, 2 binary, 8 close, 9 ping, 10 pong. */
  readonly opcode?: number;
  /** A client's frames are masked; a mask of zeros changes nothing. */
  readonly isMasked?: boolean;
  /** That the header says; default: that of the payload. */
  readonly length?: number;
}

export function frame(payload: Uint8Array | string, form: FrameForm = {}): Buffer {
  const bytes = Buffer.from(payload);
  const { opcode = 1, isMasked = true, length = bytes.length } = form;
  const header = Buffer.alloc(10);
  header[0] = 0x80 | opcode;
  header.writeUInt32BE(length, 6);
  let used = 10;
  if (length < 126) {
    header[1] = length;
    used = 2;
  } else if (length < 65_536) {
    header[1] = 126;
    header.writeUInt16BE(length, 2);
    used = 4;
  } else header[1] = 127;
  if (isMasked) header[1]! |= 0x80;
  return Buffer.concat([header.subarray(0, used), Buffer.alloc(isMasked ? 4 : 0), bytes]);
}

/** Commands of uring's KV, one after the other, over one socket. */
export class SocketSpeaker implements Speaker {
  readonly #port: number;
  #line: Line | null = null;
  #rid = 0;

  constructor(port: number) {
    this.#port = port;
  }

  async write(key: string, value: string): Promise<Outcome> {
    const answered = await this.#ask({ Put: { key, store: value } });
    if (typeof answered === 'string') return answered;
    if (answered.code === 201) return 'done';
    return answered.code === 504 ? 'unknown' : 'refused';
  }

  async read(key: string): Promise<string | null> {
    const answered = await this.#ask({ Get: { key } });
    if (typeof answered === 'string') throw new Unanswered(answered);
    if (answered.code === 404) return null;
    if (answered.code !== 200) throw new Unanswered(JSON.stringify(answered));
    return answered.data as string;
  }

  end(): void {
    this.#line?.end();
  }

  async #ask(command: Record<string, object>): Promise<{ code: number; data: unknown } | Outcome> {
    if (this.#line === null || this.#line.isClosed) {
      try {
        this.#line = await Line.open(this.#port);
      } catch {
        return 'gone';
      }
      this.#line.send(UPGRADE);
      if (!(await this.#line.hears(/\r\n\r\n/))) return 'gone';
    }
    const rid = ++this.#rid;
    const [[name, fields]] = Object.entries(command) as [[string, object]];
    this.#line.said = '';
    this.#line.send(
      frame(JSON.stringify({ As: { protocol: 'KV', cmd: { [name]: { ...fields, rid } } } })),
    );
    const answer = new RegExp(`\\{"code":\\d+,"rid":${rid},"data":.*\\}`, 's');
    if (!(await this.#line.hears(answer))) return 'unknown';
    return JSON.parse(answer.exec(this.#line.said)![0]) as { code: number; data: unknown };
  }
}
