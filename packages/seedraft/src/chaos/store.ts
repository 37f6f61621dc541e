/**
 * What the workload asks of a cluster, whichever protocol carries it. An adapter must never say more than its protocol told it: an answer that was lost is
 * `unknown`, and only what the protocol calls refused, or what was never sent, is `not applied`. Whatever a store cannot do is absent.
 */
import type { RingNodes } from '@seedraft/check';

export interface Store {
  /** Null: there is none. */
  get(key: string): Promise<string | null>;
  put(key: string, value: string): Promise<void>;
  /** `expected` null: only if there is none. Whether it swapped. */
  cas?(key: string, expected: string | null, value: string): Promise<boolean>;
  /** Whether there was one. */
  delete?(key: string): Promise<boolean>;
  readonly ring?: RingStore;
  close(): Promise<void>;
}

/** The one ring of a cluster, as uring's clients see it: which vnodes moved is not told. */
export interface RingStore {
  /** Whether it made the ring; false: there is one. */
  size(size: number): Promise<boolean>;
  /** The nodes after it. Null: there is no ring. */
  add(node: string): Promise<RingNodes | null>;
  remove(node: string): Promise<RingNodes | null>;
  nodes(): Promise<RingNodes | null>;
}

/** An operation that was not answered with yes. */
export class NotDone extends Error {
  override readonly name = 'NotDone';
  readonly outcome: 'not applied' | 'unknown';
  /** No answer came in time. */
  readonly isSilence: boolean;

  constructor(outcome: NotDone['outcome'], message: string, isSilence = false) {
    super(message);
    this.outcome = outcome;
    this.isSilence = isSilence;
  }
}

/** An answer that the protocol does not have: a finding, and no one knows what became of the request. */
export class StrangeAnswer extends NotDone {
  constructor(protocol: string, request: string, answer: string) {
    super('unknown', `${protocol} answered ${request} with ${answer.slice(0, 200)}`);
  }
}

/**
 * Where members serve the protocol now. A store asks any of them, and keeps to no one that does not answer. `patience`: ms that one operation may take.
 * Null: nobody can be asked now.
 */
export type OpenStore = (
  endpoints: () => readonly string[],
  patience: number,
) => Promise<Store | null>;

/** One of them, whichever; a refusal when there is none. */
export function anyOf(endpoints: () => readonly string[]): string {
  const all = endpoints();
  const one = all[Math.floor(Math.random() * all.length)];
  if (one === undefined) throw new NotDone('not applied', 'there is no member to ask');
  return one;
}
