/** Why something was not done, as every protocol says it: a code for machines, a sentence for people. */
import type { KvRefused } from '@seedraft/kv';
import { type ClientReply, sentence } from '@seedraft/replica';

export interface Reason {
  readonly code: string;
  readonly sentence: string;
  /** False: it may have had its effect, or may have it yet. */
  readonly isDefinite: boolean;
}

const UNKNOWN: Reason = Object.freeze({
  code: 'UNKNOWN',
  sentence:
    'No majority answered in time: it may or may not have taken effect. Read before trying again.',
  isDefinite: false,
});

export function reasonOf(reply: Exclude<ClientReply, { type: 'Ok' }>): Reason {
  if (reply.type === 'Unknown') return UNKNOWN;
  return { code: reply.code, sentence: sentence(reply.code), isDefinite: true };
}

/** Of the machine: it did nothing. */
export function refusalReason({ code, reason }: KvRefused): Reason {
  return { code, sentence: reason, isDefinite: true };
}
