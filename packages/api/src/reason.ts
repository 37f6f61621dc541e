/** Why something was not done, as every protocol says it: a code for machines, a sentence for people. */
import type { KvRefused } from '@seedraft/kv';
import { type ClientReply, sentence } from '@seedraft/replica';
import type { MemberStatus } from '@seedraft/wire';

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

/** While a cluster waits for its first members nobody leads, and to try again helps nobody: then it is said who is missing. */
export function reasonOf(
  reply: Exclude<ClientReply, { type: 'Ok' }>,
  { founding }: Pick<MemberStatus, 'founding'>,
): Reason {
  if (reply.type === 'Unknown') return UNKNOWN;
  const { code } = reply;
  if (founding && LEADERLESS.has(code)) {
    const said = `${founding[0]!.toUpperCase()}${founding.slice(1)}`;
    return { code, sentence: /[.?!)]$/.test(said) ? said : `${said}.`, isDefinite: true };
  }
  return { code, sentence: sentence(code), isDefinite: true };
}

const LEADERLESS: ReadonlySet<string> = new Set(['NO_LEADER', 'NOT_LEADER', 'NOT_READY']);

/** Of the machine: it did nothing. */
export function refusalReason({ code, reason }: KvRefused): Reason {
  return { code, sentence: reason, isDefinite: true };
}
