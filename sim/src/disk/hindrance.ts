/**
 * What hinders a disk without damaging it: latency, slowness, stalls, a full disk, errors that are reported. Both kinds of disk share it.
 * Nothing here loses a byte by itself; what a failed write or fsync left behind is for each disk to say.
 */
import { sampleLatency } from '../latency.ts';
import type { Micros } from '../observer.ts';
import type { DiskKnobs } from '../plan.ts';
import type { DiskFault, DiskHost } from './disk.ts';

/** What hindering needs of a disk's host. */
type Host = Pick<DiskHost, 'after' | 'draw'>;

export class Hindrance {
  readonly #host: Host;
  readonly #knobs: DiskKnobs;
  #factor = 1;
  /** No operation takes longer. */
  #limit: Micros = Number.POSITIVE_INFINITY;
  #stalls = 0;
  #waiting: (() => void)[] = [];
  #full = false;
  #writeErrors = 0;
  #fsyncErrors = 0;
  #readErrors = 0;

  constructor(host: Host, knobs: DiskKnobs) {
    this.#host = host;
    this.#knobs = knobs;
  }

  writeDelay(): Micros {
    return this.#scaled(sampleLatency(this.#knobs.write, this.#host.draw('disk/write')));
  }

  fsyncDelay(): Micros {
    return this.#scaled(sampleLatency(this.#knobs.fsync, this.#host.draw('disk/fsync')));
  }

  readDelay(): Micros {
    return this.#scaled(sampleLatency(this.#knobs.read, this.#host.draw('disk/read')));
  }

  /** While stalled: keeps `action` for the end of the stall and says true; the caller then does nothing. */
  holds(action: () => void): boolean {
    if (this.#stalls === 0) return false;
    this.#waiting.push(action);
    return true;
  }

  get isFull(): boolean {
    return this.#full;
  }

  /** Why a write fails now, or null. A write error is met once, a full disk until it is not. */
  takeWriteFailure(): 'NO_SPACE' | 'EIO' | null {
    if (this.#full) return 'NO_SPACE';
    if (this.#writeErrors === 0) return null;
    this.#writeErrors -= 1;
    return 'EIO';
  }

  /** True when this fsync fails; met once. */
  takeFsyncFailure(): boolean {
    if (this.#fsyncErrors === 0) return false;
    this.#fsyncErrors -= 1;
    return true;
  }

  /** True when this read fails; met once. */
  takeReadFailure(): boolean {
    if (this.#readErrors === 0) return false;
    this.#readErrors -= 1;
    return true;
  }

  /** True when the fault is of this file's kind and is now in force. */
  inject(fault: DiskFault): boolean {
    switch (fault.kind) {
      case 'full':
        if (this.#full === fault.on) return false;
        this.#full = fault.on;
        return true;
      case 'slow':
        this.#factor = fault.factor;
        return true;
      case 'stall':
        this.#stall(fault.duration);
        return true;
      case 'write-error':
        this.#writeErrors += 1;
        return true;
      case 'fsync-failure':
        this.#fsyncErrors += 1;
        return true;
      case 'read-error':
        this.#readErrors += 1;
        return true;
      default:
        return false;
    }
  }

  /** Nothing hinders it any more, and from now on no operation takes longer than `latency` (liveness mode). */
  heal(latency: Micros): void {
    this.#factor = 1;
    this.#limit = latency;
    this.#full = false;
    this.#writeErrors = 0;
    this.#fsyncErrors = 0;
    this.#readErrors = 0;
    this.#stalls = 0;
    this.#release();
  }

  /** The process that waited is gone; what ails the device stays. */
  crash(): void {
    this.#stalls = 0;
    this.#waiting = [];
  }

  #stall(duration: Micros): void {
    this.#stalls += 1;
    this.#host.after(duration, () => {
      // Healed meanwhile: there is no stall left to end.
      if (this.#stalls === 0) return;
      this.#stalls -= 1;
      if (this.#stalls === 0) this.#release();
    });
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const action of waiting) action();
  }

  #scaled(delay: Micros): Micros {
    const scaled = this.#factor === 1 ? delay : Math.floor(delay * this.#factor);
    return Math.min(scaled, this.#limit);
  }
}

/** `drawn` resolved by the plan's weights. */
export function resolveCrash(
  how: 'kept' | 'dropped' | 'torn' | 'drawn',
  host: Host,
  knobs: DiskKnobs,
): 'kept' | 'dropped' | 'torn' {
  if (how !== 'drawn') return how;
  const { kept, dropped, torn } = knobs.crash;
  const sum = kept + dropped + torn;
  if (sum === 0) return 'dropped';
  const point = host.draw('disk/crash') % sum;
  if (point < kept) return 'kept';
  return point < kept + dropped ? 'dropped' : 'torn';
}
