/**
 * Reads of snapshot bytes while the member serves. Bytes may have rotted since recovery looked, so every chunk is verified again on its way
 * out: a peer must never install what nobody snapshotted.
 */
import { type ChunkExtent, type ChunkIndex, openChunk } from './chunk.ts';
import type { Engine } from './engine.ts';
import { chunkKey } from './keys.ts';
import type { StoreEvents } from './store-events.ts';

interface Request {
  readonly id: string;
  readonly offset: number;
  readonly end: number;
  /** Still to be read, in order. */
  readonly extents: ChunkExtent[];
  readonly bytes: Uint8Array;
}

export class SnapshotReader {
  readonly #engine: Engine;
  readonly #events: StoreEvents;
  readonly #requests = new Map<number, Request>();
  #nextToken = 1;

  constructor(engine: Engine, events: StoreEvents) {
    this.#engine = engine;
    this.#events = events;
  }

  read(id: string, index: ChunkIndex | undefined, offset: number, length: number): void {
    if (index === undefined) {
      this.#events.snapshotFailed(id, 'UNKNOWN_SNAPSHOT');
      return;
    }
    const end = Math.max(offset, Math.min(offset + length, index.size));
    const extents = index.covering(offset, end);
    this.#next({ id, offset, end, extents, bytes: new Uint8Array(end - offset) });
  }

  valueRead(token: number, value: Uint8Array | null): void {
    const request = this.#take(token);
    if (request === null) return;
    const extent = request.extents.shift()!;
    const opened = value === null ? null : openChunk(request.id, extent.offset, value);
    if (opened?.status !== 'intact' || opened.bytes.length !== extent.length) {
      this.#events.snapshotFailed(request.id, 'DAMAGED');
      return;
    }
    const from = Math.max(request.offset, extent.offset);
    const to = Math.min(request.end, extent.offset + extent.length);
    const part = opened.bytes.subarray(from - extent.offset, to - extent.offset);
    request.bytes.set(part, from - request.offset);
    this.#next(request);
  }

  readFailed(token: number, code: string): void {
    const request = this.#take(token);
    if (request !== null) this.#events.snapshotFailed(request.id, code);
  }

  #next(request: Request): void {
    const [extent] = request.extents;
    if (extent === undefined) {
      this.#events.snapshotRead(request.id, request.offset, request.bytes);
      return;
    }
    const token = this.#nextToken++;
    this.#requests.set(token, request);
    this.#engine.read(token, chunkKey(request.id, extent.offset));
  }

  #take(token: number): Request | null {
    const request = this.#requests.get(token);
    this.#requests.delete(token);
    return request ?? null;
  }
}
