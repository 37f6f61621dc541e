/** The members' states at any event, cheaply while somebody drags a scrubber: a fold over the changes, resumed from the nearest of many notes. */
import { type EventNumber, type MemberState, type Recording, stateAt } from '@seedraft/sim';

export type States = ReadonlyMap<string, MemberState>;

type Changes = Recording['states'];

/** Changes between two notes. */
const STRIDE = 256;

export class StateTimeline {
  readonly #changes: Changes;
  /** The states after the first n * STRIDE changes. */
  readonly #notes: States[] = [new Map()];

  constructor({ states }: Pick<Recording, 'states'>) {
    this.#changes = states;
    for (let next = STRIDE; next < states.length; next += STRIDE) {
      const before = this.#notes.at(-1) as States;
      this.#notes.push(folded(before, states.slice(next - STRIDE, next)));
    }
  }

  /** After `event`; -1: before the first. Members that have not booted by then are absent. */
  at(event: EventNumber): States {
    const until = this.#countUpTo(event);
    const note = Math.min(Math.floor(until / STRIDE), this.#notes.length - 1);
    return folded(this.#notes[note] as States, this.#changes.slice(note * STRIDE, until));
  }

  #countUpTo(event: EventNumber): number {
    let [low, high] = [0, this.#changes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#changes[middle]?.event ?? 0) <= event) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function folded(before: States, changes: Changes): States {
  return changes.length === 0 ? before : stateAt({ states: changes }, Infinity, before);
}
