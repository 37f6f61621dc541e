/**
 * The walk: every state that the bounds allow, breadth first, so that the first violation found is one of the shortest. Pure and resumable:
 * `advance` goes on for so many states, and whoever calls it watches the clock and the memory.
 */
import { type Configuration, firstConfiguration } from '@seedraft/core';
import { Violation } from '../observer.ts';
import type { Bounds } from './bounds.ts';
import { type Attempt, judgeCluster } from './cluster-rules.ts';
import { Frontier } from './frontier.ts';
import { type Hashes, scramble } from './hash.ts';
import { Histories, type History } from './history.ts';
import { Logs } from './logs.ts';
import { Members, memberNamed } from './member.ts';
import type { Input, MemberState, Result } from './member-state.ts';
import { type Letter, Letters } from './messages.ts';
import {
  type Chance,
  decodeMove,
  encodeMove,
  leastElection,
  type Move,
  type MoveKind,
  Moves,
  SPENT,
} from './moves.ts';
import { renamingsOf } from './renaming.ts';
import { Seen, Words } from './seen.ts';

/** S1..S15: what a core's states can be asked. */
export const EXPLORED_RULES: readonly string[] = Array.from({ length: 15 }, (_, i) => `S${i + 1}`);

export interface ExplorationOptions {
  readonly bounds: Bounds;
  /** Only these count; what else is broken is passed over. Default: EXPLORED_RULES, and S22 for what a member throws. */
  readonly rules?: readonly string[];
  /** False: every naming of the members is a state of its own (for comparison). */
  readonly symmetry?: boolean;
  /** States are shown to it as they are found (for comparison). */
  readonly onState?: (
    members: readonly MemberState[],
    history: History,
    /** Chances spent, then the letters on their way. */
    rest: readonly number[],
  ) => void;
}

export interface Found {
  readonly rule: string;
  readonly sentence: string;
  /** From the first state; the last one breaks the rule. */
  readonly moves: readonly Move[];
}

export interface ExplorationStatus {
  /** Different states found. */
  readonly states: number;
  /** Moves made that changed something. */
  readonly transitions: number;
  /** Moves from the first state to those being looked at now. */
  readonly depth: number;
  readonly frontier: number;
  /** Different states of one member, and different messages. */
  readonly memberStates: number;
  readonly messages: number;
  /** Steps that the core made; the others were known. */
  readonly coreSteps: number;
  readonly bytes: number;
  /** No state is left to look at. */
  readonly complete: boolean;
  readonly found: Found | null;
}

const ROOT = 0xffffffff;

export class Exploration {
  readonly bounds: Bounds;
  readonly bootstrap: Configuration;
  readonly letters: Letters;
  readonly members: Members;
  readonly histories: Histories;
  readonly #options: ExplorationOptions;
  readonly #count: number;
  readonly #moves: Moves;
  readonly #seen = new Seen();
  readonly #parents = new Words();
  readonly #codes = new Words();
  readonly #rules: ReadonlySet<string>;
  #current = new Frontier();
  #next = new Frontier();
  #depth = 0;
  #transitions = 0;
  #found: Found | null = null;
  /** The number of the state being looked at. */
  #at = -1;
  #row = new Int32Array(4096);
  #successor = new Int32Array(4096);
  readonly #now: MemberState[] = [];
  readonly #sums: Hashes;
  readonly #successorSums: Hashes;
  readonly #least = { hi: 0, lo: 0 };
  #chances = 0;
  #history: History;
  #length = 0;

  constructor(options: ExplorationOptions) {
    const { bounds } = options;
    this.bounds = bounds;
    this.#options = options;
    this.#rules = new Set(options.rules ?? [...EXPLORED_RULES, 'S22']);
    this.#count = bounds.voters + (bounds.changes > 0 ? 1 : 0);
    const renamings = renamingsOf(bounds.voters, this.#count, options.symmetry ?? true);
    this.#sums = new Int32Array(2 * renamings.length);
    this.#successorSums = new Int32Array(2 * renamings.length);
    const voters = Array.from({ length: bounds.voters }, (_, i) => memberNamed(i + 1));
    this.bootstrap = firstConfiguration(voters);
    const logs = new Logs(renamings);
    this.letters = new Letters(renamings, logs);
    this.members = new Members(bounds, this.bootstrap, renamings, logs, this.letters);
    this.histories = new Histories(renamings, logs);
    this.#moves = new Moves(bounds, this.members, this.letters);
    this.#history = this.histories.first;
    this.#begin();
  }

  get status(): ExplorationStatus {
    const { all } = this.members;
    const rows = this.#current.bytes + this.#next.bytes;
    return {
      states: this.#seen.size,
      transitions: this.#transitions,
      depth: this.#depth,
      frontier: this.#current.rows + this.#next.rows,
      memberStates: all.length,
      messages: this.letters.all.length,
      coreSteps: this.members.coreSteps,
      bytes: this.#seen.bytes + this.#parents.bytes + this.#codes.bytes + rows,
      complete: this.#found === null && this.#current.rows === 0 && this.#next.rows === 0,
      found: this.#found,
    };
  }

  /** Looks at up to `states` more states. False: there is nothing left to do. */
  advance(states: number): boolean {
    for (let i = 0; i < states && this.#found === null; i += 1) {
      if (this.#current.rows === 0) {
        if (this.#next.rows === 0) return false;
        [this.#current, this.#next] = [this.#next, new Frontier()];
        this.#depth += 1;
      }
      this.#length = this.#current.shift(this.#row);
      this.#at += 1;
      this.#look();
    }
    return this.#found === null;
  }

  #begin(): void {
    for (let id = 1; id <= this.#count; id += 1) {
      const member = this.members.first(id);
      this.#now.push(member);
      this.#row[id - 1] = member.number;
    }
    this.#length = this.#count + 2;
    this.#sum();
    const first = this.#now[0] as MemberState;
    const history = this.histories.first;
    const nothing = { before: first, after: first, history, chances: 0, delivered: -1, sent: [] };
    this.#enter(nothing, ROOT, 0);
  }

  /** Every move of the state in #row. */
  #look(): void {
    const row = this.#row;
    const count = this.#count;
    for (let i = 0; i < count; i += 1) {
      this.#now[i] = this.members.all[row[i] as number] as MemberState;
    }
    this.#history = this.histories.all[row[count] as number] as History;
    this.#chances = row[count + 1] as number;
    this.#sum();
    for (let i = 0; i < count && this.#found === null; i += 1) {
      this.#moves.ofMember(this.#now[i] as MemberState, this.#chances, this.#offer);
    }
    for (let i = count + 2; i < this.#length && this.#found === null; i += 1) {
      // Equal letters are one move.
      if (i > count + 2 && row[i] === row[i - 1]) continue;
      this.#moves.ofLetter(row[i] as number, this.#now, this.#chances, this.#offer);
    }
  }

  readonly #offer = (
    kind: MoveKind,
    before: MemberState,
    argument: number,
    input: Input,
    chance: Chance | null,
  ): void => {
    if (this.#found !== null) return;
    const result = this.members.step(before, input);
    if (result.idle) return;
    const code = encodeMove(kind, before.id, argument);
    const history = this.#judge(before, result, code);
    if (history === null || result.next === null || result.next.term > this.bounds.terms) return;
    this.#transitions += 1;
    const { next: after, sent } = result;
    const chances = chance === null ? this.#chances : this.#chances + (1 << SPENT[chance]);
    const delivered = kind === 'deliver' ? argument : -1;
    this.#enter({ before, after, history, chances, delivered, sent }, this.#at, code);
  };

  /** Null: a rule is broken. */
  #judge(before: MemberState, result: Result, code: number): History | null {
    for (const violation of result.violations) this.#report(violation, code);
    const after = result.next;
    if (this.#found !== null || after === null) return null;
    const position = before.id - 1;
    this.#now[position] = after;
    let history = this.#history;
    if (after !== before || result.sent.length > 0) {
      const { bootstrap, histories } = this;
      const attempt: Attempt = (rule) => {
        try {
          rule();
        } catch (error) {
          if (!(error instanceof Violation)) throw error;
          this.#report(error, code);
        }
      };
      const step = { before, after, result, members: this.#now, bootstrap };
      history = judgeCluster(step, history, histories, attempt);
    }
    let least = this.bounds.terms + 1;
    for (const member of this.#now) least = Math.min(least, leastElection(member));
    this.#now[position] = before;
    return this.#found === null ? this.histories.settle(history, least) : null;
  }

  #report({ rule, message }: Violation, code: number): void {
    if (this.#found !== null || !this.#rules.has(rule)) return;
    this.#found = { rule, sentence: message, moves: [...this.#path(this.#at), decodeMove(code)] };
  }

  #path(state: number): Move[] {
    const moves: Move[] = [];
    for (let at = state; this.#parents.at(at) !== ROOT; at = this.#parents.at(at)) {
      moves.unshift(decodeMove(this.#codes.at(at)));
    }
    return moves;
  }

  /** The successor's row: the stepping member's new state, the letters without the one delivered and with those sent. */
  #build({ after, history, chances, delivered, sent }: Change): number {
    const row = this.#row;
    const successor = this.#successor;
    const count = this.#count;
    for (let i = 0; i < count; i += 1) successor[i] = row[i] as number;
    successor[after.id - 1] = after.number;
    successor[count] = history.number;
    successor[count + 1] = chances;
    let length = count + 2;
    let skip = delivered;
    for (let i = count + 2; i < this.#length; i += 1) {
      const letter = row[i] as number;
      if (letter === skip) skip = -1;
      else {
        successor[length] = letter;
        length += 1;
      }
    }
    for (const letter of sent) {
      let at = length;
      for (; at > count + 2 && (successor[at - 1] as number) > letter; at -= 1) {
        successor[at] = successor[at - 1] as number;
      }
      successor[at] = letter;
      length += 1;
    }
    return length;
  }

  /** The successor is a state, unless it was seen under some name; then its row is built. */
  #enter(change: Change, parent: number, code: number): void {
    const { hi, lo } = this.#leastHash(change);
    if (!this.#seen.add(hi, lo)) return;
    this.#parents.push(parent);
    this.#codes.push(code);
    const length = this.#build(change);
    this.#next.push(this.#successor, length);
    const { onState } = this.#options;
    if (onState === undefined) return;
    const row = [...this.#successor.subarray(0, length)];
    const members = row.slice(0, this.#count).map((n) => this.members.all[n] as MemberState);
    onState(members, change.history, row.slice(this.#count + 1));
  }

  /** What all successors of a state share: its members and letters, summed under each renaming. */
  #sum(): void {
    const row = this.#row;
    const sums = this.#sums;
    sums.fill(0);
    for (const member of this.#now) addTo(sums, member.hashes);
    for (let i = this.#count + 2; i < this.#length; i += 1) {
      addTo(sums, (this.letters.all[row[i] as number] as Letter).hashes);
    }
  }

  /** Of the successor that differs from the summed state as `change` says. */
  #leastHash(change: Change): { readonly hi: number; readonly lo: number } {
    const { before, after, delivered, sent } = change;
    const sums = this.#successorSums;
    sums.set(this.#sums);
    addTo(sums, change.history.hashes);
    if (before !== after) {
      takeFrom(sums, before.hashes);
      addTo(sums, after.hashes);
    }
    const { all } = this.letters;
    if (delivered >= 0) takeFrom(sums, (all[delivered] as Letter).hashes);
    for (let i = 0; i < sent.length; i += 1) {
      addTo(sums, (all[sent[i] as number] as Letter).hashes);
    }
    const least = this.#least;
    for (let at = 0; at < sums.length; at += 2) {
      const lo = scramble(((sums[at + 1] as number) + change.chances) | 0);
      const hi = scramble((sums[at] as number) ^ lo);
      if (at === 0 || hi < least.hi || (hi === least.hi && lo < least.lo)) {
        least.hi = hi;
        least.lo = lo;
      }
    }
    return least;
  }
}

/** From the state being looked at to a successor. */
interface Change {
  readonly before: MemberState;
  readonly after: MemberState;
  readonly history: History;
  readonly chances: number;
  /** The letter that is no longer on its way; -1: none. */
  readonly delivered: number;
  readonly sent: readonly number[];
}

function addTo(sums: Hashes, hashes: Hashes): void {
  for (let i = 0; i < sums.length; i += 1) {
    sums[i] = ((sums[i] as number) + (hashes[i] as number)) | 0;
  }
}

function takeFrom(sums: Hashes, hashes: Hashes): void {
  for (let i = 0; i < sums.length; i += 1) {
    sums[i] = ((sums[i] as number) - (hashes[i] as number)) | 0;
  }
}
