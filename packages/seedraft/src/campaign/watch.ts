/**
 * Watches the units that workers run: names one that takes long, and ends the worker of one that takes longer than it may. A worker in a loop
 * answers nothing, so each marks in shared memory when a run begins and when it ends. Seconds are those in which this process was running too:
 * a machine that sleeps, or is stopped, accuses nobody.
 */
import type { CampaignTask } from './task.ts';

/** A unit that runs for so long is named, in seconds; and one that is still running, for so long, when the campaign should be over. */
const LONG = 60;
const LONG_AT_THE_END = 5;

export interface WatchOptions {
  /** A unit that runs for longer is given up; Infinity: none is. */
  readonly unitMilliseconds: number;
  /** A unit has been running for so many seconds; at most once for each of its runs. */
  readonly onLong: (unit: number, seconds: number) => void;
  /** Is only what runs already awaited? */
  readonly isOver: () => boolean;
}

export class UnitWatch {
  readonly #options: WatchOptions;
  readonly #watched = new Set<WatchedTask>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#tick(), 1000);
    this.#timer.unref();
  }

  begin(task: CampaignTask): WatchedTask {
    const watched = new WatchedTask(task);
    this.#watched.add(watched);
    return watched;
  }

  end(watched: WatchedTask): void {
    this.#watched.delete(watched);
  }

  /** Ends every worker that is at work, and names what has been running for long. */
  interrupt(): void {
    for (const watched of this.#watched) {
      if (watched.seconds >= LONG_AT_THE_END) this.#name(watched);
      watched.abort();
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const { unitMilliseconds, isOver } = this.#options;
    for (const watched of this.#watched) {
      watched.tick();
      if (watched.seconds >= (isOver() ? LONG_AT_THE_END : LONG)) this.#name(watched);
      if (watched.seconds * 1000 >= unitMilliseconds) watched.giveUp();
    }
  }

  #name(watched: WatchedTask): void {
    const { running, seconds } = watched;
    if (running === null || watched.isNamed) return;
    watched.isNamed = true;
    this.#options.onLong(running, seconds);
  }
}

/** What the worker of a task shares with the watch: a number for each unit, odd while it runs. */
export function markIn(pulse: Int32Array, { from }: CampaignTask): (unit: number) => void {
  return (unit) => void Atomics.add(pulse, unit - from, 1);
}

export class WatchedTask {
  readonly pulse: Int32Array;
  /** How long the run that is under way has taken. */
  seconds = 0;
  isNamed = false;
  /** The unit that took longer than it may. */
  overdue: number | null = null;
  readonly #task: CampaignTask;
  readonly #abort = new AbortController();
  #marks = 0;

  constructor(task: CampaignTask) {
    this.#task = task;
    const units = task.to - task.from;
    this.pulse = new Int32Array(new SharedArrayBuffer(units * Int32Array.BYTES_PER_ELEMENT));
  }

  /** Aborted: its worker is to end. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Null: between two runs. */
  get running(): number | null {
    const place = this.pulse.findIndex((marks) => marks % 2 === 1);
    return place < 0 ? null : this.#task.from + place;
  }

  /** Units of which a run has come to its end, and none is under way. */
  get ended(): number[] {
    return [...this.pulse].flatMap((marks, place) =>
      marks > 0 && marks % 2 === 0 ? [this.#task.from + place] : [],
    );
  }

  tick(): void {
    const marks = this.pulse.reduce((sum, one) => sum + one, 0);
    const isSame = marks === this.#marks && this.running !== null;
    this.seconds = isSame ? this.seconds + 1 : 0;
    if (!isSame) this.isNamed = false;
    this.#marks = marks;
  }

  giveUp(): void {
    this.overdue = this.running;
    if (this.overdue !== null) this.abort();
  }

  abort(): void {
    this.#abort.abort();
  }
}
