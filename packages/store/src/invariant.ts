/**
 * What must never be false in this room. A refusal is a value; a broken invariant throws, the member stops, and a replay shows why.
 */

export class StoreInvariantError extends Error {
  constructor(sentence: string) {
    super(`store: ${sentence}`);
    this.name = 'StoreInvariantError';
  }
}

/** `sentence` says what should have held. Costs no message building while it does. */
export function assertStore(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new StoreInvariantError(sentence);
}
