/**
 * Proposals between the request and its one answer. The core says what became of each; a committed one is answered only after it was
 * applied, for its result is the answer.
 *
 * The core's outcomes map thus: committed -> Ok with the result, or the refusal it met in the session table; rejected -> Refused;
 * unknown -> Unknown; superseded -> Refused NOT_LEADER, but only if something else is *committed* at that index: an entry that was merely
 * overwritten here may live on elsewhere and still be committed by a later leader, so that is Unknown.
 */
import {
  type Entry,
  type Index,
  InvariantError,
  type MemberId,
  type ProposalOutcome,
  type Term,
} from '@seedraft/core';
import type { ClientReply } from './request.ts';
import type { Outcome } from './state.ts';

interface OpenProposal {
  readonly requestId: number;
  /** Of the envelope, when another member led: forwarded proposals are recognised by it. -1 otherwise. */
  readonly forwarded: number;
}

interface Committed {
  readonly requestId: number;
  readonly term: Term;
}

/** A request that can be answered now. */
export interface Answer {
  readonly requestId: number;
  readonly reply: ClientReply;
}

const NONE: readonly Answer[] = Object.freeze([]);

export class Requests {
  /** Handed to the core, by proposal id. */
  readonly #proposed = new Map<number, OpenProposal>();
  /** Committed and not yet applied here. */
  readonly #committed = new Map<Index, Committed>();
  /**
   * The leader's answer to a forwarded proposal may come after its entry was applied here, and it names only the index. So while
   * forwarded proposals are open (counted by checksum), what entries with those checksums came to is kept.
   */
  readonly #forwarded = new Map<number, number>();
  readonly #early = new Map<Index, Outcome>();

  /** `forwarded`: the envelope's checksum if another member leads, or -1. */
  open(id: number, requestId: number, forwarded: number): void {
    this.#proposed.set(id, { requestId, forwarded });
    if (forwarded < 0) return;
    this.#forwarded.set(forwarded, (this.#forwarded.get(forwarded) ?? 0) + 1);
  }

  /** The core's word on a proposal. Null: it is to be applied first, and `applied` will give the answer. */
  decided(
    id: number,
    result: ProposalOutcome,
    applied: Index,
    commitIndex: Index,
    leader: MemberId,
  ): Answer | null {
    const proposal = this.#proposed.get(id);
    if (proposal === undefined) {
      throw new InvariantError('S22', `the core answered proposal ${id}, which is not open`);
    }
    this.#proposed.delete(id);
    const { requestId, forwarded } = proposal;
    const reply = this.#replyTo(requestId, result, applied, commitIndex, leader);
    if (forwarded >= 0) this.#forget(forwarded);
    return reply === null ? null : { requestId, reply };
  }

  /** An entry was applied: the answer to the request that waited for it, if one did. */
  applied(entry: Entry, outcome: Outcome, leader: MemberId): Answer | null {
    if (this.#forwarded.size > 0 && this.#forwarded.has(entry.checksum)) {
      this.#early.set(entry.index, outcome);
    }
    if (this.#committed.size === 0) return null;
    const committed = this.#committed.get(entry.index);
    if (committed === undefined) return null;
    this.#committed.delete(entry.index);
    if (committed.term !== entry.term) {
      throw new InvariantError(
        'S5',
        `a request was told ${entry.index}@${committed.term} is committed, but ${entry.index}@${entry.term} was applied`,
      );
    }
    return { requestId: committed.requestId, reply: replyOf(entry.index, outcome, leader) };
  }

  /** A snapshot replaced the state up to `index`: these took effect, but what they answered is not known here. */
  skipped(index: Index): readonly Answer[] {
    return this.#endUnseen((at) => at <= index);
  }

  /** Gives up those told to be committed at more than `index`: they took effect, but what they answered may never be known here. */
  beyond(index: Index): readonly Answer[] {
    return this.#endUnseen((at) => at > index);
  }

  #endUnseen(isOver: (index: Index) => boolean): readonly Answer[] {
    if (this.#committed.size === 0) return NONE;
    const ended: Answer[] = [];
    for (const [at, { requestId, term }] of this.#committed) {
      if (!isOver(at)) continue;
      this.#committed.delete(at);
      ended.push({ requestId, reply: { type: 'Unknown', index: at, term } });
    }
    return ended;
  }

  #replyTo(
    requestId: number,
    result: ProposalOutcome,
    applied: Index,
    commitIndex: Index,
    leader: MemberId,
  ): ClientReply | null {
    switch (result.outcome) {
      case 'rejected':
        return { type: 'Refused', code: result.code, leader: result.leader };
      case 'unknown':
        return { type: 'Unknown', index: result.index, term: result.term };
      case 'superseded':
        return result.index <= commitIndex
          ? { type: 'Refused', code: 'NOT_LEADER', leader }
          : { type: 'Unknown', index: result.index, term: result.term };
      case 'committed': {
        const { index, term } = result;
        if (index > applied) {
          this.#committed.set(index, { requestId, term });
          return null;
        }
        const outcome = this.#early.get(index);
        return outcome === undefined
          ? { type: 'Unknown', index, term }
          : replyOf(index, outcome, leader);
      }
    }
  }

  #forget(checksum: number): void {
    const left = this.#forwarded.get(checksum)! - 1;
    if (left > 0) this.#forwarded.set(checksum, left);
    else this.#forwarded.delete(checksum);
    if (this.#forwarded.size === 0) this.#early.clear();
  }
}

function replyOf(index: Index, outcome: Outcome, leader: MemberId): ClientReply {
  if (outcome.refused !== null) return { type: 'Refused', code: outcome.refused, leader };
  return { type: 'Ok', index, value: outcome.value ?? null };
}
