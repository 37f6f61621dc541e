/**
 * What the network between members is like now: rules that stack, each undone on its own, and what they amount to for one link. A link is
 * directed, from the member that dials to the one that is dialled: a member sends only on connections that it dialled.
 */
import type { MemberId } from '@seedraft/core';

/** On every link a rule is about. */
export interface LinkRule {
  /** What is sent is never heard. TCP cannot lose bytes and go on, so the connection ends when the rule does. */
  readonly lost?: true;
  /** What is sent waits until the rule ends, and then arrives in order. */
  readonly held?: true;
  /** Each piece takes this much longer, ms, give or take half of it; pieces never overtake each other. */
  readonly delay?: number;
  /** The chance, in ppm, that a piece is lost, and with it the connection and all that is under way on it. */
  readonly loss?: number;
}

/** All rules of a link together. */
export interface LinkState {
  readonly lost: boolean;
  readonly held: boolean;
  readonly delay: number;
  readonly loss: number;
}

interface Placed {
  /** Null: every member. */
  readonly from: MemberId | null;
  readonly to: MemberId | null;
  readonly rule: LinkRule;
}

export class LinkRules {
  readonly #placed = new Set<Placed>();
  readonly #listeners = new Set<() => void>();

  /** Returns its undoing, which may be called more than once. */
  place(from: MemberId | null, to: MemberId | null, rule: LinkRule): () => void {
    const placed = { from, to, rule };
    this.#placed.add(placed);
    this.#tell();
    return () => {
      if (this.#placed.delete(placed)) this.#tell();
    };
  }

  /** Everything is as it was before any rule. */
  clear(): void {
    this.#placed.clear();
    this.#tell();
  }

  /** Losses are independent of each other; of several delays the longest counts. */
  stateOf(source: MemberId, target: MemberId): LinkState {
    let [lost, held, delay, arrives] = [false, false, 0, 1];
    for (const { from, to, rule } of this.#placed) {
      if (from !== null && from !== source) continue;
      if (to !== null && to !== target) continue;
      lost ||= rule.lost === true;
      held ||= rule.held === true;
      delay = Math.max(delay, rule.delay ?? 0);
      arrives *= 1 - (rule.loss ?? 0) / 1_000_000;
    }
    return { lost, held, delay, loss: 1 - arrives };
  }

  /** Called after every change, until the returned function is. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
