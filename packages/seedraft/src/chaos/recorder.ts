/**
 * What the clients saw, in the order in which it happened: the history that is judged, and which written values must still be there. A
 * process has one operation open at a time; one whose operation was never answered asks no more, and another takes its place.
 */
import type { HistoryEvent, Phase } from '@seedraft/check';

export class Recorder {
  readonly events: HistoryEvent[] = [];
  /** Keys that are written once: the value that was acknowledged. */
  readonly acknowledged = new Map<string, string>();
  readonly counts = { ok: 0, failed: 0, unknown: 0 };
  readonly #began = performance.now();
  #processes = 0;
  #operations = 0;

  newProcess(): number {
    return this.#processes++;
  }

  /** Unique in the run: values are made of it. */
  newOperation(): number {
    return ++this.#operations;
  }

  invoke(process: number, f: string, value: unknown): void {
    this.#note(process, 'invoke', f, value);
  }

  ok(process: number, f: string, value: unknown): void {
    this.counts.ok += 1;
    this.#note(process, 'ok', f, value);
  }

  /** It certainly did not happen. */
  failed(process: number, f: string): void {
    this.counts.failed += 1;
    this.#note(process, 'fail', f, null);
  }

  /** It may have happened, or may yet. */
  unknown(process: number, f: string): void {
    this.counts.unknown += 1;
    this.#note(process, 'info', f, null);
  }

  get operations(): number {
    const { ok, failed, unknown } = this.counts;
    return ok + failed + unknown;
  }

  /** Integer nanoseconds since the beginning. */
  #note(process: number, type: Phase, f: string, value: unknown): void {
    const time = Math.round((performance.now() - this.#began) * 1e6);
    this.events.push({ process, type, f, value, time });
  }
}
