/**
 * What the rules must remember of the past because no member's state says it any more: who led which term, and what was committed first, in
 * which term. It is part of a state's identity: two states that differ in it may differ in what breaks a rule later. Therefore it is
 * forgotten as soon as no future step can ask for it, which is exact (see `settle`).
 */
import type { MemberId, Term } from '@seedraft/core';
import { type Hashes, hashesOf } from './hash.ts';
import type { LogNode, Logs } from './logs.ts';
import { type Renaming, rename } from './renaming.ts';

export interface History {
  readonly number: number;
  /** By term; 0: nobody, or forgotten. */
  readonly leaders: readonly MemberId[];
  /** The longest log that was ever committed. */
  readonly committed: LogNode;
  /** By index: the term of the leader that committed it first; 0: earlier than any election to come. */
  readonly commitTerms: readonly Term[];
  readonly hashes: Hashes;
  /** By least term that can still elect a leader. */
  readonly settled: (History | undefined)[];
}

export class Histories {
  readonly all: History[] = [];
  readonly first: History;
  readonly #renamings: readonly Renaming[];
  readonly #known = new Map<string, History>();

  constructor(renamings: readonly Renaming[], logs: Logs) {
    this.#renamings = renamings;
    this.first = this.#of([], logs.empty, []);
  }

  lead(history: History, term: Term, leader: MemberId): History {
    const leaders = history.leaders.slice();
    while (leaders.length <= term) leaders.push(0);
    leaders[term] = leader;
    return this.#of(leaders, history.committed, history.commitTerms);
  }

  commit(history: History, committed: LogNode, term: Term): History {
    const commitTerms = history.commitTerms.slice();
    while (commitTerms.length <= committed.index) commitTerms.push(term);
    commitTerms[0] = 0;
    return this.#of(history.leaders, committed, commitTerms);
  }

  /**
   * Elections of terms before `term` are over. So nobody can collide with their leaders, and what they committed is asked of every
   * leader to come.
   */
  settle(history: History, term: Term): History {
    const known = history.settled[term];
    if (known !== undefined) return known;
    const leaders = history.leaders.map((leader, led) => (led < term ? 0 : leader));
    while (leaders.at(-1) === 0) leaders.pop();
    const commitTerms = history.commitTerms.map((at) => (at < term ? 0 : at));
    const settled = this.#of(leaders, history.committed, commitTerms);
    history.settled[term] = settled;
    return settled;
  }

  #of(leaders: readonly MemberId[], committed: LogNode, commitTerms: readonly Term[]): History {
    const key = `${leaders.join()} ${committed.number} ${commitTerms.join()}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const hashes = hashesOf(this.#renamings.length, 5, (position) => [
      ...leaders.map((id) => rename(this.#renamings[position] as Renaming, id)),
      -1,
      committed.hashes[2 * position] as number,
      committed.hashes[2 * position + 1] as number,
      ...commitTerms,
    ]);
    const number = this.all.length;
    const history: History = { number, leaders, committed, commitTerms, hashes, settled: [] };
    this.all.push(history);
    this.#known.set(key, history);
    return history;
  }
}
