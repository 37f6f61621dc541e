/**
 * Who may speak under an id. A data directory that was lost, or put back from an old copy, must not answer under the id it had: it would
 * vote a second time in a term, or deny entries that it acknowledged. So every directory has a random incarnation, the configuration
 * binds id to incarnation, and a message that comes with another one is refused (MEMBER_WIPED).
 *
 * The first members of a cluster are bound when it is founded (founding.ts). A member that was added by hand may be unbound still: the leader
 * binds it by an `update` change when it first hears it. Until that entry is in the log, each member holds those it has heard to the
 * incarnation it heard first.
 *
 * An id in no configuration known here may ask (one that lags must still hear who replaced the members it knows), but what it promises
 * counts for nothing and is not listened to: a member that was removed after it lost its disk is bound to nothing any more.
 */
import {
  type ChangeMembership,
  type Configuration,
  changedMember,
  type Member,
  type MemberChange,
  type MemberId,
  memberOf,
  type PeerMessage,
} from '@seedraft/core';

export class Incarnations {
  /** Messages refused so far. */
  refused = 0;
  readonly #heard = new Map<MemberId, string>();
  /** Milliseconds between two tries to bind: one configuration change at a time can be in flight. */
  readonly #spacing: number;
  #inFlight = 0;
  #notBefore = 0;
  /** Someone heard may not be bound yet. */
  #unbound = true;

  /** `heldTo`: what a first member is held to; '' if nothing is known. */
  readonly #heldTo: (id: MemberId) => string;

  constructor(
    id: MemberId,
    incarnation: string,
    spacing: number,
    heldTo: (id: MemberId) => string,
  ) {
    if (incarnation !== '') this.#heard.set(id, incarnation);
    this.#heldTo = heldTo;
    this.#spacing = spacing;
  }

  /** May this message, whose connection proved `incarnation`, be listened to? Counted when not. */
  admit(message: PeerMessage, incarnation: string, configuration: Configuration): boolean {
    const admitted = this.#isKnown(message, incarnation, memberOf(configuration, message.from));
    if (!admitted) this.refused++;
    return admitted;
  }

  /** Leadership, or the configuration in force, changed. */
  reconsider(): void {
    this.#unbound = true;
  }

  /** On the leader's own clock; Infinity: nobody is to be bound. */
  get dueAt(): number {
    return this.#unbound && this.#inFlight === 0 ? this.#notBefore : Number.POSITIVE_INFINITY;
  }

  /** The change that binds everyone heard and unbound; null when there is none. `id` is the proposal's. */
  bind(at: number, id: number, configuration: Configuration): ChangeMembership | null {
    this.#notBefore = at + this.#spacing;
    // A joint configuration takes no other change; it will be left.
    if (configuration.outgoing !== null) return null;
    const changes: MemberChange[] = [];
    for (const member of configuration.members) {
      if (member.incarnation !== '') continue;
      const incarnation = this.#heldTo(member.id) || this.#heard.get(member.id);
      if (incarnation === undefined) continue;
      changes.push({ type: 'update', member: changedMember(member, { incarnation }) });
    }
    if (changes.length === 0) {
      this.#unbound = false;
      return null;
    }
    this.#inFlight = id;
    return { type: 'ChangeMembership', at, id, changes, mode: 'single' };
  }

  /** A proposal ended; true if it was ours. If it failed, it is tried again after the spacing. */
  ended(id: number): boolean {
    if (id !== this.#inFlight) return false;
    this.#inFlight = 0;
    return true;
  }

  #isKnown(message: PeerMessage, incarnation: string, member: Member | undefined): boolean {
    if (member === undefined && isPromise(message)) return false;
    const bound = member?.incarnation ?? '';
    return bound === '' ? this.#holdToFirst(message.from, incarnation) : bound === incarnation;
  }

  #holdToFirst(from: MemberId, incarnation: string): boolean {
    const first = this.#heard.get(from) ?? (this.#heldTo(from) || undefined);
    if (first !== undefined) return first === incarnation;
    if (incarnation !== '') {
      this.#heard.set(from, incarnation);
      this.#unbound = true;
    }
    return true;
  }
}

/** What is counted towards a quorum, or moves one's progress. */
function isPromise({ type }: PeerMessage): boolean {
  switch (type) {
    case 'RequestVoteReply':
    case 'PreVoteReply':
    case 'AppendEntriesReply':
    case 'InstallSnapshotReply':
      return true;
    default:
      return false;
  }
}
