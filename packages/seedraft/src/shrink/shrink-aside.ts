/** Shrinking in a thread of its own: it never waits, so that this thread, which hears signals and the clock, must not be the one that does it. */
import { Worker } from 'node:worker_threads';
import type { ShrinkProgress } from '@seedraft/sim';
import type { ShrunkRun } from './shrink-run.ts';
import type { ShrinkSaid, ShrinkWork } from './work.ts';

export interface ShrinkAside extends Omit<ShrinkWork, 'stop'> {
  /** After so much wall time, or when the signal is aborted, what was reached is the result. */
  readonly milliseconds: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ShrinkProgress) => void;
}

/** Rejects with what the thread threw. */
export async function shrinkAside(options: ShrinkAside): Promise<ShrunkRun> {
  const { milliseconds, signal, onProgress, ...given } = options;
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const enough = (): void => void Atomics.store(stop, 0, 1);
  const clock = setTimeout(enough, Math.min(milliseconds, LONGEST));
  signal.addEventListener('abort', enough);
  if (signal.aborted) enough();
  try {
    const work: ShrinkWork = { ...given, stop };
    return await resultOf(
      new Worker(new URL('./worker.js', import.meta.url), { workerData: work }),
      onProgress,
    );
  } finally {
    clearTimeout(clock);
    signal.removeEventListener('abort', enough);
  }
}

/** ms; what a timer can wait. */
const LONGEST = 2 ** 31 - 1;

function resultOf(worker: Worker, onProgress: ShrinkAside['onProgress']): Promise<ShrunkRun> {
  return new Promise((resolve, reject) => {
    worker.on('message', (said: ShrinkSaid) => {
      if ('shrunk' in said) resolve(said.shrunk);
      else onProgress(said.progress);
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread that shrinks ended (${code})`)));
  });
}
