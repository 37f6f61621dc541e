/**
 * Fires mutated frames at a running member, over many connections at once, and waits for what becomes of each: a reply, a goodbye, a refusal, or the
 * end of the connection. A shot counts once there is such a verdict; silence is an error. Four stations: strangers and welcomed clients at the client
 * port, strangers and proven members at the peer port.
 */
import { createHmac, randomBytes, scryptSync } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import {
  encodeClient,
  encodeHandshake,
  encodeProof,
  FRAME_KIND,
  type Frame,
  FrameDecoder,
  type Handshake,
  HEADER_BYTES,
  NONCE_BYTES,
  proofInput,
  readClientFrame,
  readRefusalFrame,
  WIRE_VERSION,
} from '@seedraft/wire';
import { type Draw, drawFrom } from './draw.ts';
import {
  clientFrames,
  helloFrames,
  introductionFrames,
  NAMESPACE,
  peerFrames,
  type Shot,
  shoot,
  spoiltRequest,
} from './mutations.ts';

export interface Target {
  readonly clusterId: string;
  readonly client: string;
  readonly peer: string;
  /** With the write role. */
  readonly token: string;
  /** Of the cluster. */
  readonly secret: string;
}

/** How often each verdict came: `client reply BAD_REQUEST`, `peer refusal VERSION`, `peer closed`. */
export type Verdicts = Map<string, number>;

export interface FireOptions {
  readonly target: Target;
  readonly shots: number;
  readonly seed: number;
  /** Connections at each station. */
  readonly connections: { readonly [S in Station]: number };
  readonly onVerdict?: () => void;
}

/** A member must say something, or hang up, within this time. */
const SILENCE_MS = 30_000;
/** Shots at one connection that stays, before it is left. */
const SHOTS_PER_CONNECTION = 200;

/** Resolves when so many shots have their verdicts. */
export async function fire(options: FireOptions): Promise<Verdicts> {
  const verdicts: Verdicts = new Map();
  const left = sharesOf(options.shots);
  const tell = (verdict: string): void => {
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    options.onVerdict?.();
  };
  const key = keyOf(options.target);
  const gunners = (Object.keys(STATIONS) as Station[]).flatMap((station, at) =>
    Array.from({ length: options.connections[station] }, (_, place) => {
      const next = (): boolean => left[station]-- > 0;
      const draw = drawFrom(options.seed * 7919 + at * 104_729 + place + 1);
      return STATIONS[station]({ target: options.target, key, draw, next, tell });
    }),
  );
  await Promise.all(gunners);
  return verdicts;
}

/** Where a connection is lost with each shot it takes far longer. */
function sharesOf(shots: number): Record<Station, number> {
  const [clientStrangers, peerStrangers] = [Math.floor(shots / 5), Math.floor(shots / 5)];
  const peers = Math.floor(shots / 20);
  const clients = shots - clientStrangers - peerStrangers - peers;
  return { clientStrangers, clients, peerStrangers, peers };
}

interface Gunner {
  readonly target: Target;
  readonly key: Uint8Array;
  readonly draw: Draw;
  /** False: enough were fired. */
  readonly next: () => boolean;
  readonly tell: (verdict: string) => void;
}

const STATIONS = {
  async clientStrangers({ target, draw, next, tell }: Gunner): Promise<void> {
    const frames = helloFrames(target.clusterId, target.token);
    while (next()) {
      const line = new Line(target.client);
      line.end(shoot(draw, frames).bytes);
      tell(`client ${await line.verdict(null)}`);
    }
  },

  async clients({ target, draw, next, tell }: Gunner): Promise<void> {
    const frames = clientFrames();
    let line: Line | null = null;
    for (let fired = 0; next(); fired++) {
      if (line === null || line.isClosed || fired % SHOTS_PER_CONNECTION === 0) {
        await line?.hangUp();
        line = await welcomed(target);
      }
      // Most of what is spoilt in other ways costs the connection; of these there can be many.
      if (draw(8) > 0) {
        line.send(spoiltRequest(draw, ++lastRequest).bytes);
        tell(`client ${await line.answer()}`);
      } else {
        tell(`client ${await fireAt(line, shoot(draw, frames))}`);
        // What is answered later must not be taken for another shot's verdict.
        await line.hangUp();
      }
    }
    await line?.hangUp();
  },

  async peerStrangers({ target, key, draw, next, tell }: Gunner): Promise<void> {
    const said = await overheard(target, key);
    while (next()) {
      const line = new Line(target.peer);
      line.end(shoot(draw, introductionFrames(introduction(target), said)).bytes);
      tell(`peer ${await line.verdict(null)}`);
    }
  },

  async peers({ target, key, draw, next, tell }: Gunner): Promise<void> {
    // In the name of member 2, whom this one is not.
    const frames = peerFrames(2, 1);
    while (next()) {
      const line = new Line(target.peer);
      await introduce(line, introduction(target), key);
      line.end(shoot(draw, frames).bytes);
      tell(`proven peer ${await line.verdict(null)}`);
    }
  },
} satisfies Record<string, (gunner: Gunner) => Promise<void>>;

export type Station = keyof typeof STATIONS;

// ------------------------------------------------------------------------------------------------------------------- clients

const HELLO = { type: 'hello', version: WIRE_VERSION, client: 'fire' } as const;
const ASKED = { type: 'Query', mode: 'stale', query: ['get', NAMESPACE, 'nothing'] } as const;
/** Above every id in the frames that are spoilt. */
let lastRequest = 1_000_000;

async function welcomed({ client, clusterId, token }: Target): Promise<Line> {
  const line = new Line(client);
  line.send(encodeClient({ ...HELLO, clusterId, token }));
  const frame = await line.next();
  if (frame?.kind !== FRAME_KIND.welcome) throw new Error('a good client was not welcome');
  return line;
}

/** A sound request behind the shot: its reply says that the shot was looked at, if nothing else does. */
function fireAt(line: Line, { bytes, endsStream }: Shot): Promise<string> {
  if (endsStream) {
    line.end(bytes);
    return line.verdict(null);
  }
  const requestId = ++lastRequest;
  line.send(bytes, encodeClient({ type: 'request', requestId, request: ASKED }));
  return line.verdict(requestId);
}

// ------------------------------------------------------------------------------------------------------------------- members

function keyOf({ secret, clusterId }: Target): Uint8Array {
  return scryptSync(secret, clusterId, 32, { N: 16_384, r: 8, p: 1 });
}

/** A member that nobody knows yet, each time another. */
function introduction({ clusterId }: Target): Handshake {
  return {
    version: WIRE_VERSION,
    clusterId,
    id: 1_000_000 + randomBytes(4).readUInt32BE(),
    incarnation: randomBytes(16).toString('hex'),
    address: '127.0.0.1:1',
    authentication: 'secret',
    nonce: new Uint8Array(randomBytes(NONCE_BYTES)),
  };
}

/** As a member would. Returns all that was said. */
async function introduce(line: Line, own: Handshake, key: Uint8Array) {
  const first = encodeHandshake(own);
  line.send(first);
  const answer = await line.next();
  if (answer?.kind !== FRAME_KIND.handshake) throw new Error('a good introduction was refused');
  const input = proofInput('dialler', first.subarray(HEADER_BYTES), answer.payload);
  const proof = encodeProof(new Uint8Array(createHmac('sha256', key).update(input).digest()));
  line.send(proof);
  if ((await line.next())?.kind !== FRAME_KIND.proof) throw new Error('a good proof was refused');
  return [first, proof];
}

async function overheard(target: Target, key: Uint8Array): Promise<Uint8Array[]> {
  const line = new Line(target.peer);
  const said = await introduce(line, introduction(target), key);
  await line.hangUp();
  return said;
}

// --------------------------------------------------------------------------------------------------------------- connections

class Line {
  readonly #socket: Socket;
  readonly #decoder = new FrameDecoder();
  readonly #frames: Frame[] = [];
  #wake: () => void = () => {};
  isClosed = false;

  constructor(address: string) {
    const [host, port] = address.split(':');
    this.#socket = connect({ host: host!, port: Number(port), noDelay: true });
    this.#socket.on('data', (chunk: Uint8Array) => {
      this.#frames.push(...this.#decoder.push(chunk).frames);
      this.#wake();
    });
    // It hangs up while we still write: that is its verdict.
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  send(...frames: Uint8Array[]): void {
    this.#socket.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames));
  }

  end(bytes: Uint8Array): void {
    this.#socket.end(bytes);
  }

  async hangUp(): Promise<void> {
    this.#socket.resetAndDestroy();
    while (!this.isClosed) await this.#change();
  }

  /** Null: the connection ended. */
  async next(): Promise<Frame | null> {
    while (this.#frames.length === 0 && !this.isClosed) await this.#change();
    return this.#frames.shift() ?? null;
  }

  /** What the member says to the only request that is open here. */
  async answer(): Promise<string> {
    const frame = await this.next();
    return frame === null ? 'closed' : verdictOf(frame, null)!;
  }

  /** What the member said first, once the connection ended or the request `sentinel` was answered. */
  async verdict(sentinel: number | null): Promise<string> {
    let verdict: string | null = null;
    for (;;) {
      const frame = await this.next();
      if (frame === null) return verdict ?? 'closed';
      const said = verdictOf(frame, sentinel);
      if (said === null) return verdict ?? 'nothing to say yet';
      // What comes after a handshake says more.
      if (verdict === null || verdict === 'handshake') verdict = said;
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no verdict within ${SILENCE_MS} ms`)),
        SILENCE_MS,
      );
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Null: the reply to the sentinel. */
function verdictOf(frame: Frame, sentinel: number | null): string | null {
  if (frame.kind === FRAME_KIND.handshake) return 'handshake';
  if (frame.kind === FRAME_KIND.refusal) {
    const read = readRefusalFrame(frame);
    return read.ok ? `refusal ${read.message.code}` : 'unreadable';
  }
  const read = readClientFrame(frame);
  if (!read.ok) return 'unreadable';
  const { message } = read;
  if (message.type === 'goodbye') return `goodbye ${message.code}`;
  if (message.type !== 'reply') return message.type;
  if (message.requestId === sentinel) return null;
  const { reply } = message;
  return `reply ${reply.type === 'Refused' ? reply.code : reply.type}`;
}
