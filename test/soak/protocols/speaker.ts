/** A client of one member that means well, whichever protocol it speaks: it writes, it reads, and tells what became of a write. */

/**
 * `refused`: it had no effect, now or ever. `unknown`: nobody says. `gone`: nobody listens there, so that it was not even asked.
 */
export type Outcome = 'done' | 'refused' | 'unknown' | 'gone';

export interface Speaker {
  write(key: string, value: string): Promise<Outcome>;
  /** Null: there is no such key. Rejects when it was not answered. */
  read(key: string): Promise<string | null>;
  end(): void;
}

/** What it means that a connection could not be made, or broke. */
export function outcomeOf(error: unknown): Outcome {
  return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? 'gone' : 'unknown';
}

export class Unanswered extends Error {
  override readonly name = 'Unanswered';
}
