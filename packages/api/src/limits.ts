/** What a stranger may make a member hold or do, one set for every protocol; each listener counts for itself. */
export interface ApiLimits {
  /** One request, bytes; larger ones are refused and their connection ends. */
  readonly maxRequestBytes: number;
  readonly maxConnections: number;
  /** Requests a second from one address, and as many at once after a quiet second. */
  readonly requestsPerSecond: number;
  /** A connection that says nothing: before its first request, and between requests, ms. */
  readonly firstRequest: number;
  readonly idle: number;
  /** A client that takes nothing of what waits for it is cut off after this, ms. */
  readonly stall: number;
  /** As long as so many bytes wait to be taken by a client, its next request waits too. */
  readonly maxBacklogBytes: number;
  /** What is pushed cannot wait: a client that has not taken so many bytes is cut off. */
  readonly maxPushedBytes: number;
  /** For all connections together; beyond it those are cut off for whom most waits. */
  readonly maxAllBacklogBytes: number;
}

export const defaultApiLimits: ApiLimits = Object.freeze({
  maxRequestBytes: 1024 * 1024,
  maxConnections: 4096,
  requestsPerSecond: 20_000,
  firstRequest: 10_000,
  idle: 60_000,
  stall: 10_000,
  maxBacklogBytes: 1024 * 1024,
  maxPushedBytes: 4 * 1024 * 1024,
  maxAllBacklogBytes: 128 * 1024 * 1024,
});

/** Addresses remembered at most: whoever was quiet longest is forgotten, which only gives it a full bucket again. */
const MAX_ADDRESSES = 4096;

/** A token bucket for each address. */
export class RateGate {
  readonly #perSecond: number;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  admit(address: string, now = performance.now()): boolean {
    let bucket = this.#buckets.get(address);
    if (bucket === undefined) {
      bucket = { tokens: this.#perSecond, at: now };
      const oldest = this.#buckets.keys().next();
      if (this.#buckets.size >= MAX_ADDRESSES && !oldest.done) this.#buckets.delete(oldest.value);
    } else this.#buckets.delete(address);
    this.#buckets.set(address, bucket);
    bucket.tokens = Math.min(
      this.#perSecond,
      bucket.tokens + ((now - bucket.at) / 1000) * this.#perSecond,
    );
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
