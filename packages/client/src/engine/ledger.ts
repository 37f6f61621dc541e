/**
 * The calls that are open, and their ends. The one place where it is said that a call had no effect: `outcomeOf`.
 */
import type { Call, FailureCode, LocalCode } from './call.ts';

/** The members' sentences come with their refusals; these are for what goes wrong on this side, and for members that say nothing. */
const SENTENCES: Readonly<
  Record<LocalCode | 'SESSION_EXPIRED' | 'ENTRY_TOO_LARGE' | 'WATCH_LOST', string>
> = {
  TIMEOUT:
    'No answer came in time; check that a majority of members is up and reachable, or allow more time.',
  ABORTED: 'The caller gave it up.',
  CLOSED: 'This client was closed; connect anew.',
  QUEUE_FULL: 'Too many calls are open; wait for some to end, or raise maxCalls.',
  CONNECTION_LOST:
    'The connection ended before the answer; find out by reading whether it took effect.',
  UNKNOWN_OUTCOME:
    'The leader lost its place before the answer; find out by reading whether it took effect.',
  BAD_REPLY:
    'The member answered what nobody asked; check its version, and what state machine it runs.',
  WRONG_CLUSTER: 'The member belongs to another cluster; check the endpoints and the cluster id.',
  VERSION:
    'The members speak another version of the protocol; upgrade this client, or the members.',
  SESSION_EXPIRED:
    'The session expired with this write in doubt, so it cannot be sent again; find out by reading whether it took effect.',
  ENTRY_TOO_LARGE: 'The command is larger than a frame may be; split it.',
  WATCH_LOST:
    'The connection that watched ended, and changes may have been missed. Read what is watched anew, and watch again.',
};

export class Ledger {
  readonly #open = new Set<Call>();
  /** No open call's deadline is earlier. */
  #nextDeadline = Number.POSITIVE_INFINITY;
  /** What last went wrong, for calls that run out of time. */
  #trouble = '';

  get size(): number {
    return this.#open.size;
  }

  get calls(): Iterable<Call> {
    return this.#open;
  }

  get deadline(): number {
    return this.#open.size > 0 ? this.#nextDeadline : Number.POSITIVE_INFINITY;
  }

  add(call: Call): void {
    this.#open.add(call);
    if (call.deadline < this.#nextDeadline) this.#nextDeadline = call.deadline;
  }

  note(trouble: string): void {
    this.#trouble = trouble;
  }

  answer(call: Call, index: number, value: unknown): void {
    if (!call.open) return;
    this.#open.delete(call);
    call.settle({ ok: true, index, value });
  }

  /** `reason` empty: the sentence of this side. */
  fail(call: Call, code: FailureCode, reason = ''): void {
    if (!call.open) return;
    this.#open.delete(call);
    const outcome = outcomeOf(call);
    call.settle({
      ok: false,
      code,
      reason: reason === '' ? this.#sentence(code, call) : reason,
      outcome,
    });
  }

  #sentence(code: FailureCode, { ask }: Call): string {
    if (code === 'TIMEOUT' && 'address' in ask && ask.address !== null) {
      return `${ask.address} gave no answer in time; check that this member runs and is reachable, or allow more time.`;
    }
    const own = SENTENCES[code as keyof typeof SENTENCES] ?? `The member said ${code}.`;
    return code === 'TIMEOUT' && this.#trouble !== '' ? `${own} Last met: ${this.#trouble}` : own;
  }

  /** Give up every call whose time has come. Looks at all open ones, but only when one may be due. True: there were some. */
  expire(at: number, giveUp: (call: Call) => void): boolean {
    if (at < this.#nextDeadline) return false;
    let next = Number.POSITIVE_INFINITY;
    const due: Call[] = [];
    for (const call of this.#open) {
      if (call.deadline <= at) due.push(call);
      else next = Math.min(next, call.deadline);
    }
    this.#nextDeadline = next;
    for (const call of due) giveUp(call);
    return due.length > 0;
  }
}

/**
 * Whether a call that fails now may have had an effect, or may yet have one. Not, if nothing of it was ever sent, or if everything sent of
 * it was refused: and then its command must never be sent again, which Unit sees to.
 */
function outcomeOf({ ask, unit }: Call): 'not applied' | 'unknown' {
  if (ask.type !== 'command' && ask.type !== 'batch' && ask.type !== 'admin') return 'not applied';
  return unit !== null && (unit.doubt || unit.connection !== null) ? 'unknown' : 'not applied';
}
