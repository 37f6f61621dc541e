/**
 * What the clients saw, in the order in which it happened: the history that is judged, and which written values must still be there. A
 * process has one operation open at a time; one whose operation was never answered asks no more, and another takes its place.
 */
import type { HistoryEvent, Phase } from '@seedraft/check';
import type { ChaosApi } from './apis.ts';

export interface Counts {
  ok: number;
  failed: number;
  unknown: number;
}

export class Recorder {
  readonly events: HistoryEvent[] = [];
  /** Keys that are written once: the value that was acknowledged. */
  readonly acknowledged = new Map<string, string>();
  /** Answers that a protocol does not have, a sentence each. */
  readonly strange: string[] = [];
  /** By the protocol that they came through. */
  readonly byApi = new Map<ChaosApi, Counts>();
  readonly #began = performance.now();
  readonly #apiOf: (ChaosApi | null)[] = [];
  #operations = 0;

  /** Null: the one who reads back at the end, and is not counted. */
  newProcess(api: ChaosApi | null): number {
    if (api !== null && !this.byApi.has(api)) this.byApi.set(api, { ok: 0, failed: 0, unknown: 0 });
    return this.#apiOf.push(api) - 1;
  }

  /** Unique in the run: values are made of it. */
  newOperation(): number {
    return ++this.#operations;
  }

  invoke(process: number, f: string, value: unknown): void {
    this.#note(process, 'invoke', f, value);
  }

  ok(process: number, f: string, value: unknown): void {
    this.#count(process, 'ok');
    this.#note(process, 'ok', f, value);
  }

  /** It certainly did not happen. */
  failed(process: number, f: string): void {
    this.#count(process, 'failed');
    this.#note(process, 'fail', f, null);
  }

  /** It may have happened, or may yet. */
  unknown(process: number, f: string): void {
    this.#count(process, 'unknown');
    this.#note(process, 'info', f, null);
  }

  /** Of all together. */
  get counts(): Counts {
    const total = { ok: 0, failed: 0, unknown: 0 };
    for (const { ok, failed, unknown } of this.byApi.values()) {
      total.ok += ok;
      total.failed += failed;
      total.unknown += unknown;
    }
    return total;
  }

  get operations(): number {
    const { ok, failed, unknown } = this.counts;
    return ok + failed + unknown;
  }

  #count(process: number, how: keyof Counts): void {
    const api = this.#apiOf[process] ?? null;
    if (api !== null) this.byApi.get(api)![how] += 1;
  }

  /** Integer nanoseconds since the beginning. */
  #note(process: number, type: Phase, f: string, value: unknown): void {
    const time = Math.round((performance.now() - this.#began) * 1e6);
    this.events.push({ process, type, f, value, time });
  }
}
