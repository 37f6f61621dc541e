/** Operations counted as they begin and end, in the one order of invocations and answers by which histories are judged. */

/** Statistics of operations. */
export interface OperationCounts {
  invoked: number;
  acknowledged: number;
  reads: number;
  writes: number;
  failed: number;
  info: number;
  open: number;
}

export type Completion = 'ok' | 'fail' | 'info';

/** What is counted of an operation. */
interface Counted {
  readonly readOnly: boolean;
  outcome: 'open' | Completion;
  /** Place in the order; Infinity until it is answered. */
  returned: number;
}

const MARKS: Readonly<Record<Completion, number>> = { ok: 1, fail: 2, info: 3 };

export class Tally {
  readonly counts: OperationCounts = {
    ...{ invoked: 0, acknowledged: 0, reads: 0, writes: 0, failed: 0, info: 0, open: 0 },
  };
  #position = 0;
  #processes: number;

  /** `processes`: how many there are at first. */
  constructor(processes: number) {
    this.#processes = processes;
  }

  /** Its place in the order. */
  begin(): number {
    this.counts.invoked += 1;
    return this.#place();
  }

  end(operation: Counted, outcome: Completion): void {
    operation.outcome = outcome;
    if (outcome === 'fail') this.counts.failed += 1;
    else if (outcome === 'info') this.counts.info += 1;
    else {
      operation.returned = this.#place();
      this.counts.acknowledged += 1;
      this.counts[operation.readOnly ? 'reads' : 'writes'] += 1;
    }
  }

  /** In place of one whose operation is of unknown fate: that one does nothing more. */
  newProcess(): number {
    this.#processes += 1;
    return this.#processes - 1;
  }

  /** At the end of a run: how many are open. */
  finish(operations: readonly Counted[]): void {
    this.counts.open = operations.filter(({ outcome }) => outcome === 'open').length;
  }

  #place(): number {
    this.#position += 1;
    return this.#position - 1;
  }
}

/** What the choice log bears of an operation's end. */
export function markOf(id: number, outcome: Completion): number {
  return (id << 2) | MARKS[outcome];
}
