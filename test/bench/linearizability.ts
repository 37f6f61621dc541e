/**
 * The black-box search on a register's history, made here with keyed draws: each operation takes effect at a random instant between its
 * invocation and its return, so the history is linearizable and highly concurrent, but nothing tells the checker the order.
 */
import { checkLinearizability, type HistoryEvent, pairHistory, register } from '@seedraft/check';
import { expandSeed, Randomness } from '@seedraft/sim';

export interface CheckFigures {
  readonly operations: number;
  readonly seconds: number;
  readonly steps: number;
  /** Resident memory of the process after judging, in MB. */
  readonly residentMegabytes: number;
  readonly verdict: string;
}

interface Open {
  readonly f: 'read' | 'write';
  readonly value: number | null;
  /** Undefined until it has taken effect. */
  output: number | null | undefined;
  stage: 'invoked' | 'effective';
}

/** `clients` closed-loop clients; at each tick one of them moves on: invokes, takes effect, or returns. */
export function makeHistory(operations: number, clients: number, seed: string): HistoryEvent[] {
  const draws = new Randomness(expandSeed(seed)).stream('history');
  const open = new Map<number, Open>();
  const events: HistoryEvent[] = [];
  let state: number | null = null;
  let begun = 0;
  for (let time = 0; begun < operations || open.size > 0; time++) {
    const process = draws.below(clients);
    const current = open.get(process);
    if (current === undefined) {
      if (begun === operations) continue;
      begun++;
      const f = draws.below(2) === 0 ? 'read' : 'write';
      const value = f === 'write' ? begun : null;
      open.set(process, { f, value, output: undefined, stage: 'invoked' });
      events.push({ process, type: 'invoke', f, value, time });
    } else if (current.stage === 'invoked') {
      if (current.f === 'write') state = current.value;
      current.output = state;
      current.stage = 'effective';
    } else {
      events.push({ process, type: 'ok', f: current.f, value: current.output ?? null, time });
      open.delete(process);
    }
  }
  return events;
}

export function benchCheck(operations = 50_000, clients = 10): CheckFigures {
  const paired = pairHistory(makeHistory(operations, clients, 'bench'));
  if (!paired.ok) throw new Error(paired.errors[0]!.sentence);
  const began = performance.now();
  const verdict = checkLinearizability(paired.operations, register());
  const seconds = (performance.now() - began) / 1000;
  const residentMegabytes = process.memoryUsage().rss / 1e6;
  return { operations, seconds, steps: verdict.steps, residentMegabytes, verdict: verdict.verdict };
}
