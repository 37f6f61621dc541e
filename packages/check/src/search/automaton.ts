/**
 * A model turned into numbers: equal states are one id, operations that the model cannot tell apart (same f,
 * input and output) are one class, and a transition (state, class) is computed once. The search above
 * it never touches a state or an operation, only small integers.
 */
import { canonical } from '../canonical.ts';
import type { Model, Operation } from '../history.ts';

/** What `next` gives for a transition that the model forbids. */
export const IMPOSSIBLE = -1;

const EMPTY = -1;
const STRIDE = 3;

export class Automaton<S = unknown> {
  readonly model: Model<S>;
  readonly initial: number;
  private readonly states: S[] = [];
  private readonly keys: string[] = [];
  private readonly stateIds = new Map<string, number>();
  private readonly classIds = new Map<string, number>();
  private readonly representatives: Operation[] = [];
  /** Open-addressed: (state, class, successor) in a row; state EMPTY means free. */
  private cells = new Int32Array(64 * STRIDE).fill(EMPTY);
  private mask = 63;
  private cached = 0;

  constructor(model: Model<S>) {
    this.model = model;
    this.initial = this.stateId(model.initial());
  }

  /** The key of a state, for people. */
  keyOf(state: number): string {
    return this.keys[state]!;
  }

  /** The class of an operation as the model sees it. */
  classOf(operation: Operation): number {
    const { f, input, output } = operation;
    const name = `${f} ${canonical(input)} ${canonical(output)}`;
    let id = this.classIds.get(name);
    if (id === undefined) {
      id = this.representatives.length;
      this.classIds.set(name, id);
      this.representatives.push(operation);
    }
    return id;
  }

  isReadOnly(kind: number): boolean {
    return this.model.isReadOnly(this.representatives[kind]!);
  }

  isBlind(kind: number): boolean {
    return this.model.isBlind?.(this.representatives[kind]!) ?? false;
  }

  /** The state after an operation of this class, or IMPOSSIBLE. */
  next(state: number, kind: number): number {
    let cell = hash(state, kind) & this.mask;
    for (;;) {
      const at = cell * STRIDE;
      if (this.cells[at] === state && this.cells[at + 1] === kind) return this.cells[at + 2]!;
      if (this.cells[at] === EMPTY) break;
      cell = (cell + 1) & this.mask;
    }
    const after = this.model.step(this.states[state]!, this.representatives[kind]!);
    const successor = after === null ? IMPOSSIBLE : this.stateId(after);
    if (this.cached * 2 > this.mask) this.grow();
    this.place(state, kind, successor);
    this.cached++;
    return successor;
  }

  /** Whether a transition is possible; unlike `next` it remembers nothing, for questions asked once. */
  allows(state: number, kind: number): boolean {
    return this.model.step(this.states[state]!, this.representatives[kind]!) !== null;
  }

  private stateId(state: S): number {
    const key = this.model.key(state);
    let id = this.stateIds.get(key);
    if (id === undefined) {
      id = this.states.length;
      this.stateIds.set(key, id);
      this.states.push(state);
      this.keys.push(key);
    }
    return id;
  }

  private place(state: number, kind: number, successor: number): void {
    let cell = hash(state, kind) & this.mask;
    while (this.cells[cell * STRIDE] !== EMPTY) cell = (cell + 1) & this.mask;
    this.cells[cell * STRIDE] = state;
    this.cells[cell * STRIDE + 1] = kind;
    this.cells[cell * STRIDE + 2] = successor;
  }

  private grow(): void {
    const old = this.cells;
    this.mask = this.mask * 2 + 1;
    this.cells = new Int32Array((this.mask + 1) * STRIDE).fill(EMPTY);
    for (let at = 0; at < old.length; at += STRIDE) {
      if (old[at] !== EMPTY) this.place(old[at]!, old[at + 1]!, old[at + 2]!);
    }
  }
}

function hash(state: number, kind: number): number {
  const mixed = Math.imul(state, 0x9e3779b1) ^ Math.imul(kind, 0x85ebca77);
  return mixed ^ (mixed >>> 15);
}
