/**
 * An S3 store on loopback, as far as backups need one and as strict as AWS where a mistake of ours would show: signatures are made again by the SDK's own
 * signer and compared, bodies are compared with their signed hashes, parts with their numbers, tags and least size. Objects are in memory. It can be taken
 * down, and told to hold, refuse or count what comes.
 */
import { createHash, createHmac, type Hash, type Hmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { SignatureV4 } from '@smithy/signature-v4';

export const CREDENTIALS = { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'kept-secret' };
const REGION = 'eu-test-1';
const LEAST_PART_BYTES = 5 << 20;

export interface StoredObject {
  readonly bytes: Buffer;
  readonly metadata: Readonly<Record<string, string>>;
  readonly modified: Date;
}

interface Upload {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly parts: Map<number, { readonly bytes: Buffer; readonly tag: string }>;
}

export interface Asked {
  readonly method: string;
  /** `bucket/key` */
  readonly path: string;
  readonly query: URLSearchParams;
}

interface Request extends Asked {
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

/** What the signer wants of a hash. */
class Sha256 {
  readonly #hash: Hash | Hmac;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string);
  }
  update(data: Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

export class S3Server {
  /** By `bucket/key`. */
  readonly objects = new Map<string, StoredObject>();
  readonly uploads = new Map<string, Upload>();
  readonly asked: Asked[] = [];
  readonly #buckets: ReadonlySet<string>;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #port = 0;
  /** Before a request is carried out: a refusal's code, or nothing when the promise resolves. */
  meanwhile: (asked: Asked) => Promise<string | undefined> | string | undefined = () => undefined;

  constructor(...buckets: readonly string[]) {
    this.#buckets = new Set(buckets);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** For a process that is to use it. */
  get environment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL_S3: this.endpoint,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      // Nothing of this machine.
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
      // Several lines on stderr about what the SDK will need next year.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    };
  }

  /** At the port of before, if there was one. */
  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** As if the machine were gone; what it holds stays. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  keys(bucket: string): string[] {
    const prefix = `${bucket}/`;
    const paths = [...this.objects.keys()].filter((path) => path.startsWith(prefix));
    return paths.map((path) => path.slice(prefix.length)).sort();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer;
    try {
      answer = await this.#answer(await received(incoming));
    } catch (error) {
      if (!(error instanceof Refusal)) {
        response.destroy();
        return;
      }
      const { code, status } = error;
      answer = { status, body: xml('Error', element('Code', code) + element('Message', code)) };
    }
    const { status, headers = {}, body = '' } = answer;
    response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
    response.end(incoming.method === 'HEAD' ? undefined : body);
  }

  async #answer(request: Request): Promise<Answer> {
    const { method, path, query } = request;
    await verifySignature(request);
    this.asked.push({ method, path, query });
    const refusal = await this.meanwhile(request);
    if (refusal !== undefined) throw new Refusal(refusal === 'AccessDenied' ? 403 : 503, refusal);
    const [bucket = ''] = path.split('/');
    if (!this.#buckets.has(bucket)) throw new Refusal(404, 'NoSuchBucket');
    const isBucket = path === bucket || path === `${bucket}/`;
    if (isBucket && method === 'GET' && query.get('list-type') === '2')
      return this.#list(bucket, query);
    if (isBucket) throw new Refusal(501, 'NotImplemented');
    return this.#onObject(request);
  }

  #onObject(request: Request): Answer {
    const { method, path, query } = request;
    const upload = query.get('uploadId');
    switch (method) {
      case 'GET':
      case 'HEAD':
        return this.#read(request);
      case 'PUT':
        return upload === null ? this.#put(request) : this.#putPart(request, upload);
      case 'POST':
        if (query.has('uploads')) return this.#begin(request);
        return this.#complete(request, upload ?? '');
      case 'DELETE':
        if (upload === null) this.objects.delete(path);
        else if (!this.uploads.delete(upload)) throw new Refusal(404, 'NoSuchUpload');
        return { status: 204 };
      default:
        throw new Refusal(501, 'NotImplemented');
    }
  }

  #read({ path, headers }: Request): Answer {
    const object = this.objects.get(path);
    if (object === undefined) throw new Refusal(404, 'NoSuchKey');
    const { bytes, metadata, modified } = object;
    const about = {
      etag: tagOf(bytes),
      'last-modified': modified.toUTCString(),
      ...Object.fromEntries(Object.entries(metadata).map(([k, v]) => [`x-amz-meta-${k}`, v])),
    };
    const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
    if (range === null) return { status: 200, headers: about, body: bytes };
    const from = Number(range[1]);
    const to = range[2] === '' ? bytes.length - 1 : Math.min(Number(range[2]), bytes.length - 1);
    if (from >= bytes.length) throw new Refusal(416, 'InvalidRange');
    const within = { 'content-range': `bytes ${from}-${to}/${bytes.length}` };
    return { status: 206, headers: { ...about, ...within }, body: bytes.subarray(from, to + 1) };
  }

  #put({ path, headers, body }: Request): Answer {
    this.objects.set(path, { bytes: body, metadata: metadataOf(headers), modified: new Date() });
    return { status: 200, headers: { etag: tagOf(body) } };
  }

  #begin({ path, headers }: Request): Answer {
    const id = randomBytes(8).toString('hex');
    this.uploads.set(id, { path, metadata: metadataOf(headers), parts: new Map() });
    return { status: 200, body: xml('InitiateMultipartUploadResult', element('UploadId', id)) };
  }

  #putPart({ path, query, body }: Request, id: string): Answer {
    const number = Number(query.get('partNumber'));
    if (!(number >= 1 && number <= 10_000)) throw new Refusal(400, 'InvalidArgument');
    const tag = tagOf(body);
    this.#upload(id, path).parts.set(number, { bytes: body, tag });
    return { status: 200, headers: { etag: tag } };
  }

  #complete({ path, body }: Request, id: string): Answer {
    const { parts, metadata } = this.#upload(id, path);
    const listed = [...body.toString().matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part]) => ({
      number: Number(/<PartNumber>(\d+)</.exec(part!)![1]),
      tag: /<ETag>(.*?)</.exec(part!)![1]!.replaceAll('&quot;', '"'),
    }));
    const chosen = listed.map(({ number, tag }) => {
      const part = parts.get(number);
      if (part === undefined || part.tag !== tag) throw new Refusal(400, 'InvalidPart');
      return part.bytes;
    });
    if (listed.some(({ number }, at) => number <= (listed[at - 1]?.number ?? 0))) {
      throw new Refusal(400, 'InvalidPartOrder');
    }
    if (chosen.slice(0, -1).some((bytes) => bytes.length < LEAST_PART_BYTES)) {
      throw new Refusal(400, 'EntityTooSmall');
    }
    const bytes = Buffer.concat(chosen);
    this.objects.set(path, { bytes, metadata, modified: new Date() });
    this.uploads.delete(id);
    return {
      status: 200,
      body: xml('CompleteMultipartUploadResult', element('ETag', tagOf(bytes))),
    };
  }

  #upload(id: string, path: string): Upload {
    const upload = this.uploads.get(id);
    if (upload === undefined || upload.path !== path) throw new Refusal(404, 'NoSuchUpload');
    return upload;
  }

  /** Pages of two, so that nobody takes the first for all. */
  #list(bucket: string, query: URLSearchParams): Answer {
    const after = query.get('continuation-token') ?? '';
    const wanted = this.keys(bucket).filter(
      (key) => key.startsWith(query.get('prefix') ?? '') && key > after,
    );
    const page = wanted.slice(0, 2);
    const rows = page.map((key) => {
      const { bytes, modified } = this.objects.get(`${bucket}/${key}`)!;
      const size = element('Size', `${bytes.length}`);
      const when = element('LastModified', modified.toISOString());
      const tag = element('ETag', tagOf(bytes));
      return `<Contents>${element('Key', key)}${when}${tag}${size}</Contents>`;
    });
    const more = page.length < wanted.length;
    const next = more ? element('NextContinuationToken', page.at(-1)!) : '';
    const cut = element('IsTruncated', `${more}`);
    return { status: 200, body: xml('ListBucketResult', `${rows.join('')}${cut}${next}`) };
  }
}

async function received(incoming: IncomingMessage): Promise<Request> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  const { pathname, searchParams } = new URL(incoming.url!, 'http://s3');
  const { method = '', headers } = incoming;
  const path = decodeURIComponent(pathname.slice(1));
  return { method, path, query: searchParams, headers, body: Buffer.concat(pieces) };
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;

/** Signs what came, with the secret that belongs to the key, and wants the same signature. */
async function verifySignature({ method, path, query, headers, body }: Request): Promise<void> {
  const match = AUTHORIZATION.exec(headers.authorization ?? '');
  if (match === null) throw new Refusal(403, 'AccessDenied');
  const [, key, day, region, names] = match;
  if (key !== CREDENTIALS.accessKeyId) throw new Refusal(403, 'InvalidAccessKeyId');
  const hash = headers['x-amz-content-sha256'];
  const isHash = hash === createHash('sha256').update(body).digest('hex');
  if (!isHash) throw new Refusal(400, 'XAmzContentSHA256Mismatch');
  const date = String(headers['x-amz-date']);
  const signed = names!.split(';').filter((name) => name !== 'x-amz-date');
  const [year, month, rest] = [date.slice(0, 4), date.slice(4, 6), date.slice(6)];
  const time = rest.replace(/^(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1T$2:$3:$4Z');
  const signer = new SignatureV4({
    credentials: CREDENTIALS,
    region: region!,
    service: 's3',
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: false,
  });
  const again = await signer.sign(
    {
      method,
      protocol: 'http:',
      hostname: '127.0.0.1',
      path: `/${path.split('/').map(encodeURIComponent).join('/')}`,
      query: Object.fromEntries(query),
      headers: Object.fromEntries(signed.map((name) => [name, String(headers[name])])),
    },
    { signingDate: new Date(`${year}-${month}-${time}`) },
  );
  const isSame = again.headers.authorization === headers.authorization;
  if (!isSame || !date.startsWith(day!)) throw new Refusal(403, 'SignatureDoesNotMatch');
}

function metadataOf(headers: IncomingMessage['headers']): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-'));
  return Object.fromEntries(own.map(([k, v]) => [k.slice('x-amz-meta-'.length), String(v)]));
}

const tagOf = (bytes: Uint8Array) => `"${createHash('md5').update(bytes).digest('hex')}"`;
const xml = (root: string, body: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${root}>${body}</${root}>`;
const element = (name: string, text: string) =>
  `<${name}>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')}</${name}>`;
