/**
 * What may happen next in a state: its moves. A state is a row of numbers: the members' states, the history, the chances spent, then the
 * letters on their way in ascending order. Nothing here is chosen: every move the bounds allow is offered.
 */
import type { MemberId, Term } from '@seedraft/core';
import type { Bounds } from './bounds.ts';
import type { Members } from './member.ts';
import { configurationOf, type Input, type MemberState } from './member-state.ts';
import type { Letters } from './messages.ts';

export type MoveKind =
  | 'deliver'
  | 'duplicate'
  | 'tick'
  | 'persisted'
  | 'crash'
  | 'propose'
  | 'add'
  | 'remove';

export interface Move {
  readonly kind: MoveKind;
  readonly member: MemberId;
  /** The letter, how many writes a crash keeps, or whom a change is about. */
  readonly argument: number;
}

const KINDS: readonly MoveKind[] = [
  'deliver',
  'duplicate',
  'tick',
  'persisted',
  'crash',
  'propose',
  'add',
  'remove',
];

/** In 32 bits, for the list of parents. */
export function encodeMove(kind: MoveKind, member: MemberId, argument: number): number {
  return KINDS.indexOf(kind) | (member << 3) | (argument << 7);
}

export function decodeMove(code: number): Move {
  const kind = KINDS[code & 7] as MoveKind;
  return { kind, member: (code >>> 3) & 15, argument: code >>> 7 };
}

/** Chances of one kind, counted in four bits of the row's word. */
export const SPENT = {
  crashes: 0,
  entries: 4,
  changes: 8,
  duplicates: 12,
  heartbeats: 16,
} as const;
export type Chance = keyof typeof SPENT;

export function spent(word: number, chance: Chance): number {
  return (word >>> SPENT[chance]) & 15;
}

type Offer = (
  kind: MoveKind,
  member: MemberState,
  argument: number,
  input: Input,
  chance: Chance | null,
) => void;

export class Moves {
  readonly #bounds: Bounds;
  readonly #members: Members;
  readonly #letters: Letters;

  constructor(bounds: Bounds, members: Members, letters: Letters) {
    this.#bounds = bounds;
    this.#members = members;
    this.#letters = letters;
  }

  /** What a member may do by itself. */
  ofMember(member: MemberState, chances: number, offer: Offer): void {
    const { crashes, entries } = this.#bounds;
    if (member.pending.length > 0) offer('persisted', member, 0, PERSISTED, null);
    this.#tick(member, chances, offer);
    if (spent(chances, 'crashes') < crashes) {
      for (let kept = 0; kept <= member.pending.length; kept += 1) {
        offer('crash', member, kept, { type: 'crash', kept }, 'crashes');
      }
    }
    if (member.role !== 'leader') return;
    const proposed = spent(chances, 'entries');
    if (proposed < entries) {
      offer('propose', member, 0, { type: 'propose', ordinal: proposed + 1 }, 'entries');
    }
    if (spent(chances, 'changes') < this.#bounds.changes) this.#change(member, offer);
  }

  ofLetter(letter: number, members: readonly MemberState[], chances: number, offer: Offer): void {
    const { to, message } = this.#letters.all[letter] as Letters['all'][number];
    const member = members[to - 1] as MemberState;
    // An order to campaign at once begins a term as a tick does.
    if (message.type === 'TimeoutNow' && member.term >= this.#bounds.terms) return;
    const input: Input = { type: 'deliver', letter };
    offer('deliver', member, letter, input, null);
    if (spent(chances, 'duplicates') < this.#bounds.duplicates) {
      offer('duplicate', member, letter, input, 'duplicates');
    }
  }

  #tick(member: MemberState, chances: number, offer: Offer): void {
    if (member.raft.deadline === Infinity) return;
    // Neither begins a term, and each sends again: without a bound they would go on for ever.
    if (member.role === 'leader' || member.role === 'pre-candidate') {
      if (spent(chances, 'heartbeats') >= this.#bounds.heartbeats) return;
      offer('tick', member, 0, TICK, 'heartbeats');
    } else if (member.term < this.#bounds.terms) offer('tick', member, 0, TICK, null);
  }

  #change(member: MemberState, offer: Offer): void {
    const { members } = configurationOf(member.log, this.#members.bootstrap);
    for (const { id } of members) {
      offer('remove', member, id, { type: 'change', subject: id, add: false }, 'changes');
    }
    const subject = this.#bounds.voters + 1;
    if (members.some(({ id }) => id === subject)) return;
    offer('add', member, subject, { type: 'change', subject, add: true }, 'changes');
  }
}

const TICK: Input = { type: 'tick' };
const PERSISTED: Input = { type: 'persisted' };

/** The least term in which this member may still be elected: it is a candidate, or will begin a later term, perhaps after a crash. */
export function leastElection({ role, term, disk }: MemberState): Term {
  return role === 'candidate' && disk.term === term ? term : disk.term + 1;
}
