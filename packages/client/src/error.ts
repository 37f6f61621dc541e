/** What a call of this client throws, and nothing else does. */
import type { KvRefusalCode } from '@seedraft/kv';
import type { Failure, FailureCode } from './engine/index.ts';

/** KvRefusalCode: the built-in state machine's own refusals. NO_TICKET: the member that the ticket was for is removed. ADDRESS_IN_USE: a voter runs where the ticket is for, or a member is recorded where one more was to be. */
export type SeedraftErrorCode = FailureCode | KvRefusalCode | 'NO_TICKET' | 'ADDRESS_IN_USE';

/**
 * A call failed. `message` says what to do about it. `outcome` is `not applied` if it had no effect and never will: it may be tried again as
 * if it had never been. `unknown`: it may have had its effect, or may have it yet; only reading tells.
 */
export class SeedraftError extends Error {
  override readonly name = 'SeedraftError';
  readonly code: SeedraftErrorCode;
  readonly outcome: 'not applied' | 'unknown';

  constructor(code: SeedraftErrorCode, message: string, outcome: 'not applied' | 'unknown') {
    super(message);
    this.code = code;
    this.outcome = outcome;
  }
}

export function errorOf({ code, reason, outcome }: Failure): SeedraftError {
  return new SeedraftError(code, `${code}: ${reason}`, outcome);
}
