/**
 * One bucket, in the few operations that backups need, each with a failure that says what to do. Memory is bounded whatever is written or read: two
 * parts on their way out, one piece on its way in. An object appears whole or not at all; what was begun and not ended is given up.
 */
import { addAbortSignal, type Readable } from 'node:stream';
import type { CompletedPart, S3Client } from '@aws-sdk/client-s3';
import { S3Failure, s3Failure } from './failure.ts';
import { urlOf } from './location.ts';
import { createClient, endpointOf, loadSdk, type S3Endpoint, type Sdk } from './sdk.ts';

/** A store takes 10,000 parts, so 78 GiB; all but the last must have one size (R2) of at least 5 MiB (S3). */
const PART_BYTES = 8 << 20;
const MOST_PARTS = 10_000;

export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  /** By the clock of the store, ms since 1970. */
  readonly modified: number;
  /** Another one, once it is written again; '' if the store says none. */
  readonly tag: string;
}

export class Bucket {
  readonly name: string;
  readonly #sdk: Sdk;
  readonly #client: S3Client;
  readonly #endpoint: S3Endpoint;

  private constructor(name: string, endpoint: S3Endpoint, sdk: Sdk) {
    this.name = name;
    this.#endpoint = endpoint;
    this.#sdk = sdk;
    this.#client = createClient(sdk, endpoint, process.env);
  }

  /** `endpoint`: '' for what the environment says. Throws UsageError for one that is none, and when the SDK is not installed; asks nobody. */
  static async open(name: string, endpoint: string): Promise<Bucket> {
    const settled = endpointOf(endpoint, process.env);
    return new Bucket(name, settled, await loadSdk());
  }

  /** For people. */
  get where(): string {
    return this.#endpoint.name;
  }

  close(): void {
    this.#client.destroy();
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<ListedObject, void> {
    const what = { Bucket: this.name, Prefix: prefix };
    for (let token: string | undefined; ; ) {
      const page = { ...what, ...(token !== undefined && { ContinuationToken: token }) };
      const command = new this.#sdk.ListObjectsV2Command(page);
      const { Contents, NextContinuationToken } = await this.#tried(prefix, () =>
        this.#client.send(command, abortedBy(signal)),
      );
      for (const { Key, Size, LastModified, ETag } of Contents ?? []) {
        if (Key === undefined) continue;
        const modified = LastModified?.getTime() ?? 0;
        yield { key: Key, bytes: Size ?? 0, modified, tag: ETag ?? '' };
      }
      token = NextContinuationToken;
      if (token === undefined) return;
    }
  }

  /** What was said of the object when it was written; null: it is not there. */
  async about(key: string, signal?: AbortSignal): Promise<Readonly<Record<string, string>> | null> {
    const command = new this.#sdk.HeadObjectCommand({ Bucket: this.name, Key: key });
    try {
      const head = await this.#tried(key, () => this.#client.send(command, abortedBy(signal)));
      return head.Metadata ?? {};
    } catch (error) {
      if (error instanceof S3Failure && error.code === 'S3_NO_OBJECT') return null;
      throw error;
    }
  }

  /** Its bytes, in order; throws when they stop coming. */
  async *read(key: string, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const command = new this.#sdk.GetObjectCommand({ Bucket: this.name, Key: key });
    const { Body } = await this.#tried(key, () => this.#client.send(command, abortedBy(signal)));
    const body = Body as Readable;
    if (signal !== undefined) addAbortSignal(signal, body);
    try {
      for await (const piece of body) yield piece as Uint8Array;
    } catch (error) {
      throw s3Failure(error, urlOf(this.name, key), this.where);
    } finally {
      body.destroy();
    }
  }

  async remove(key: string, signal?: AbortSignal): Promise<void> {
    const command = new this.#sdk.DeleteObjectCommand({ Bucket: this.name, Key: key });
    await this.#tried(key, () => this.#client.send(command, abortedBy(signal)));
  }

  /** Resolves with how many bytes there were. What `bytes` throws is thrown on, and there is no object then. */
  async write(
    key: string,
    metadata: Readonly<Record<string, string>>,
    bytes: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<number> {
    const parts = inParts(bytes);
    try {
      const { value: first } = await parts.next();
      // There is always one.
      const part = first as Uint8Array;
      if (part.length === PART_BYTES) {
        return await this.#writeParts(key, metadata, part, parts, signal);
      }
      const what = { Bucket: this.name, Key: key, Metadata: { ...metadata }, Body: part };
      const command = new this.#sdk.PutObjectCommand(what);
      await this.#tried(key, () => this.#client.send(command, abortedBy(signal)));
      return part.length;
    } finally {
      // Whoever gives the bytes hears that nobody takes them.
      await parts.return();
    }
  }

  async #writeParts(
    key: string,
    metadata: Readonly<Record<string, string>>,
    first: Uint8Array,
    rest: AsyncGenerator<Uint8Array, void>,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const sdk = this.#sdk;
    const options = abortedBy(signal);
    const object = { Bucket: this.name, Key: key };
    const begin = new sdk.CreateMultipartUploadCommand({ ...object, Metadata: { ...metadata } });
    const { UploadId } = await this.#tried(key, () => this.#client.send(begin, options));
    const upload = { ...object, UploadId };
    try {
      const done: CompletedPart[] = [];
      let size = 0;
      // One is on its way while the next one is gathered.
      for (let part: Uint8Array | undefined = first; part !== undefined; ) {
        const PartNumber = done.length + 1;
        if (PartNumber > MOST_PARTS) {
          const most = `${(MOST_PARTS * PART_BYTES) / 2 ** 30} GiB`;
          throw new S3Failure(
            'S3_FAILED',
            `a backup of more than ${most} does not fit: use a file`,
          );
        }
        const send = new sdk.UploadPartCommand({ ...upload, PartNumber, Body: part });
        const sending = this.#tried(key, () => this.#client.send(send, options));
        sending.catch(() => {});
        size += part.length;
        const next: IteratorResult<Uint8Array, void> = await rest.next();
        done.push({ PartNumber, ETag: (await sending).ETag });
        part = next.done ? undefined : next.value;
      }
      const end = { ...upload, MultipartUpload: { Parts: done } };
      await this.#tried(key, () =>
        this.#client.send(new sdk.CompleteMultipartUploadCommand(end), options),
      );
      return size;
    } catch (error) {
      const abort = new sdk.AbortMultipartUploadCommand(upload);
      // A store that cannot hear it keeps the parts until a rule of the bucket removes them.
      await this.#client.send(abort).catch(() => {});
      throw error;
    }
  }

  async #tried<T>(key: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw s3Failure(error, urlOf(this.name, key), this.where);
    }
  }
}

const abortedBy = (signal: AbortSignal | undefined) =>
  signal === undefined ? {} : { abortSignal: signal };

/** Of one size but the last, which is shorter or missing; the first is always there, if empty. */
async function* inParts(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let part = new Uint8Array(PART_BYTES);
  let filled = 0;
  let isFirst = true;
  for await (const piece of bytes) {
    for (let from = 0; from < piece.length; ) {
      const count = Math.min(piece.length - from, PART_BYTES - filled);
      part.set(piece.subarray(from, from + count), filled);
      filled += count;
      from += count;
      if (filled < PART_BYTES) continue;
      yield part;
      isFirst = false;
      part = new Uint8Array(PART_BYTES);
      filled = 0;
    }
  }
  if (filled > 0 || isFirst) yield part.subarray(0, filled);
}
