/** A world for one disk: virtual time, keyed draws, and a list of what the disk reported. Actions of a crashed member vanish. */
import type { DiskHost } from '@seedraft/sim';

export type Report =
  | { readonly type: 'durable' | 'persisted'; readonly seq: number }
  | { readonly type: 'persistFailed'; readonly seq: number; readonly code: string }
  | { readonly type: 'written'; readonly id: string; readonly offset: number }
  | { readonly type: 'sealed'; readonly id: string }
  | {
      readonly type: 'read';
      readonly id: string;
      readonly offset: number;
      readonly bytes: Uint8Array;
    }
  | { readonly type: 'snapshotFailed'; readonly id: string; readonly code: string }
  | { readonly type: 'bootstrap' }
  | { readonly type: 'bootstrapFailed'; readonly code: string };

export class TestHost implements DiskHost {
  now = 0;
  readonly reports: Report[] = [];
  readonly #ordinals = new Map<string, number>();
  readonly #seed: number;
  #events: { at: number; order: number; action: () => void }[] = [];
  #order = 0;

  constructor(seed = 1) {
    this.#seed = seed;
  }

  after(delay: number, action: () => void): void {
    this.#events.push({ at: this.now + delay, order: this.#order++, action });
  }

  draw(purpose: string): number {
    const ordinal = (this.#ordinals.get(purpose) ?? 0) + 1;
    this.#ordinals.set(purpose, ordinal);
    let word = Math.imul(this.#seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(ordinal, 0xc2b2ae35);
    for (let i = 0; i < purpose.length; i++)
      word = Math.imul(word ^ purpose.charCodeAt(i), 0x01000193);
    word = Math.imul(word ^ (word >>> 15), 0x2c1b3c6d);
    word = Math.imul(word ^ (word >>> 12), 0x297a2d39);
    return (word ^ (word >>> 15)) >>> 0;
  }

  persisted(seq: number): void {
    this.reports.push({ type: 'persisted', seq });
  }
  persistFailed(seq: number, code: string): void {
    this.reports.push({ type: 'persistFailed', seq, code });
  }
  snapshotWritten(id: string, offset: number): void {
    this.reports.push({ type: 'written', id, offset });
  }
  snapshotSealed(id: string): void {
    this.reports.push({ type: 'sealed', id });
  }
  snapshotRead(id: string, offset: number, bytes: Uint8Array): void {
    this.reports.push({ type: 'read', id, offset, bytes });
  }
  snapshotFailed(id: string, code: string): void {
    this.reports.push({ type: 'snapshotFailed', id, code });
  }
  bootstrapWritten(): void {
    this.reports.push({ type: 'bootstrap' });
  }
  bootstrapFailed(code: string): void {
    this.reports.push({ type: 'bootstrapFailed', code });
  }
  durable(seq: number): void {
    this.reports.push({ type: 'durable', seq });
  }

  /** Executes the next event; false when there is none. */
  step(): boolean {
    if (this.#events.length === 0) return false;
    let next = this.#events[0]!;
    for (const event of this.#events) {
      if (event.at < next.at || (event.at === next.at && event.order < next.order)) next = event;
    }
    this.#events = this.#events.filter((event) => event !== next);
    this.now = next.at;
    next.action();
    return true;
  }

  run(duration = Number.POSITIVE_INFINITY): void {
    const end = this.now + duration;
    while (this.#events.some((event) => event.at <= end)) this.step();
    if (Number.isFinite(end)) this.now = end;
  }

  /** To be called beside `disk.crash`. */
  crash(): void {
    this.#events = [];
  }

  /** What was reported since the last call. */
  take(): Report[] {
    return this.reports.splice(0);
  }
}
