/**
 * How a cluster begins. The first members are named by flags, and flags survive the loss of a disk: a member that comes up with them over an
 * empty directory cannot know whether it is new, or has promised something and lost it. So before it promises anything it asks around.
 *
 * Every first member introduces itself to all the others, and each writes down, durably, the incarnation that it heard first under an id and
 * never another. A member is *founded* once all others hold it to its own incarnation; the last thing that it writes down is its own. Until
 * then it neither votes nor acknowledges nor campaigns. If it loses its disk afterwards, the new one is never founded: somebody who kept
 * his disk holds the id to the old one.
 *
 * What is written down is the bootstrap configuration itself, its incarnations filled in one by one. Price: a cluster begins only when each
 * first member has been heard by each other once.
 */
import { type Configuration, changedMember, type MemberId, memberOf } from '@seedraft/core';
import type { RecoveredMember, Store, Transport } from './ports.ts';

/** From one first member to another. Of no term: nothing of Raft depends on it. */
export interface Meet {
  readonly type: 'Meet';
  readonly from: MemberId;
  readonly to: MemberId;
  readonly term: 0;
  /** The incarnation that the sender holds the receiver to, durably; '' while there is none. */
  readonly held: string;
  /** The sender wants to be told what it is held to. */
  readonly asks: boolean;
}

/** How far a founding is that is under way. */
export interface FoundingStatus {
  /** Who has not vouched for this member yet. */
  readonly waitingFor: readonly MemberId[];
  /** Who holds its id to another data directory: they never will. */
  readonly refusedBy: readonly MemberId[];
}

export class Founding {
  readonly #id: MemberId;
  readonly #incarnation: string;
  readonly #store: Store;
  readonly #transport: Transport;
  /** Milliseconds between two rounds of introductions. */
  readonly #spacing: number;
  readonly #others: readonly MemberId[];
  /** Durable. */
  #bootstrap: Configuration;
  /** With what was heard since. */
  #heard: Configuration;
  /** Being written. */
  #writing: Configuration | null = null;
  readonly #vouchers = new Set<MemberId>();
  readonly #refusers = new Set<MemberId>();
  /** Who is to be told what it is held to, once that is durable. */
  readonly #askers = new Set<MemberId>();
  #isUnderWay: boolean;
  /** On the own clock, ms. */
  #dueAt: number;

  constructor(
    id: MemberId,
    recovered: RecoveredMember,
    spacing: number,
    at: number,
    ports: { readonly store: Store; readonly transport: Transport },
  ) {
    const { configuration } = recovered.core;
    this.#id = id;
    this.#incarnation = recovered.incarnation;
    this.#store = ports.store;
    this.#transport = ports.transport;
    this.#spacing = spacing;
    this.#bootstrap = configuration;
    this.#heard = configuration;
    this.#others = configuration.members.map((member) => member.id).filter((one) => one !== id);
    this.#isUnderWay = isUnfounded(id, recovered) && this.#others.length > 0;
    this.#dueAt = at;
  }

  /** This member must not promise anything yet. */
  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** Null: it is founded, or was never a first member. */
  get status(): FoundingStatus | null {
    if (!this.#isUnderWay) return null;
    const waitingFor = this.#others.filter((id) => !this.#vouchers.has(id));
    return { waitingFor, refusedBy: [...this.#refusers] };
  }

  /** The incarnation that a first member is held to; '' if it is not known yet, or was none. */
  heldTo(id: MemberId): string {
    return memberOf(this.#heard, id)?.incarnation ?? '';
  }

  /** When `introduce` is due, on the own clock in ms; Infinity: never. */
  get dueAt(): number {
    return this.#isUnderWay ? this.#dueAt : Number.POSITIVE_INFINITY;
  }

  /** To everyone who has not vouched, or has not been heard. Lost introductions are made again. */
  introduce(at: number): void {
    this.#dueAt = at + this.#spacing;
    for (const id of this.#others) {
      if (!this.#vouchers.has(id) || this.heldTo(id) === '') this.#send(id, true);
    }
    // A write that found no room is tried again.
    this.#write();
  }

  /** `incarnation` is what the connection proved. */
  receive(incarnation: string, { from, held, asks }: Meet): void {
    if (incarnation === '' || !this.#others.includes(from)) return;
    if (held === this.#incarnation) this.#vouchers.add(from);
    else if (held !== '') this.#refusers.add(from);
    if (this.heldTo(from) === '') this.#heard = bound(this.#heard, from, incarnation);
    if (asks) {
      if (this.#durably(from) === '') this.#askers.add(from);
      else this.#answer(from);
    }
    this.#write();
  }

  /** The write under way is durable. */
  written(): void {
    if (this.#writing === null) return;
    this.#bootstrap = this.#writing;
    this.#writing = null;
    if (this.#durably(this.#id) !== '') this.#isUnderWay = false;
    for (const id of this.#askers) {
      if (this.#durably(id) === '') continue;
      this.#askers.delete(id);
      this.#answer(id);
    }
    this.#write();
  }

  /** There was no room; nothing of it is there. */
  refused(): void {
    this.#writing = null;
  }

  #write(): void {
    if (this.#writing !== null) return;
    const isVouchedFor = this.#others.every((id) => this.#vouchers.has(id));
    const isAllHeard = this.#others.every((id) => this.heldTo(id) !== '');
    if (this.#isUnderWay && isVouchedFor && isAllHeard) {
      this.#heard = bound(this.#heard, this.#id, this.#incarnation);
    }
    if (this.#heard === this.#bootstrap) return;
    this.#writing = this.#heard;
    this.#store.writeBootstrap(this.#writing);
  }

  /** It asks back only while there is something new to be told: two of them never go on for ever. */
  #answer(id: MemberId): void {
    const isSettled = this.#vouchers.has(id) || this.#refusers.has(id);
    this.#send(id, this.#isUnderWay && !isSettled);
  }

  #send(to: MemberId, asks: boolean): void {
    const held = this.#durably(to);
    this.#transport.send({ type: 'Meet', from: this.#id, to, term: 0, held, asks });
  }

  #durably(id: MemberId): string {
    return memberOf(this.#bootstrap, id)?.incarnation ?? '';
  }
}

/**
 * A first member that has not written down its own incarnation. Whoever voted, or took an entry, has been founded, whatever is
 * written: damage may have brought back an older record.
 */
function isUnfounded(id: MemberId, { core, incarnation }: RecoveredMember): boolean {
  const { configuration, hardState, snapshot, entries } = core;
  const isPristine =
    hardState.votedFor === 0 &&
    hardState.term === (snapshot?.lastIncludedTerm ?? 0) &&
    entries.length === 0;
  return isPristine && incarnation !== '' && memberOf(configuration, id)?.incarnation === '';
}

function bound(configuration: Configuration, id: MemberId, incarnation: string): Configuration {
  const members = configuration.members.map((member) =>
    member.id === id ? changedMember(member, { incarnation }) : member,
  );
  const { outgoing, autoLeave, highestId } = configuration;
  return { members, outgoing, autoLeave, highestId };
}
