/**
 * The black-box verdict on a whole history: split by partition (linearizability is local: a history is
 * linearizable exactly when each of its objects is), search each, give up only when the steps are spent.
 * Partitions take turns with budgets that double, so that one hard partition cannot hide an illegal easy one.
 */
import type { HistoryEvent, Linearized, Model, Operation, Verdict } from './history.ts';
import { pairHistory } from './pairing.ts';
import { Automaton } from './search/automaton.ts';
import { layOut, type Problem } from './search/problem.ts';
import { Search, type StrategyName } from './search/search.ts';
import { explainSearch } from './search/window.ts';

export interface CheckOptions {
  /** Give up as `unknown` after about so many steps. Default 100 million: some ten seconds, and well under 1 GB. */
  readonly maxSteps?: number;
  /** Steps spent on making the window of an illegal history small. Default 2 million. */
  readonly windowSteps?: number;
  /** Give a legal order with an `ok`. */
  readonly linearization?: boolean;
  /** Default `both`, in turns. */
  readonly strategy?: StrategyName;
}

const MAX_STEPS = 100_000_000;
const WINDOW_STEPS = 2_000_000;
const FIRST_SLICE = 1024;

interface Partition {
  readonly name: string | null;
  readonly automaton: Automaton;
  readonly problem: Problem;
  readonly search: Search;
}

/** Judges events; a history that cannot be paired is `unknown`, with the first error as the reason. */
export function checkHistory<S>(
  events: readonly HistoryEvent[],
  model: Model<S>,
  options: CheckOptions = {},
): Verdict {
  const paired = pairHistory(events);
  if (paired.ok) return checkLinearizability(paired.operations, model, options);
  const [first] = paired.errors;
  const reason = `the history is not well formed: event ${first!.position}: ${first!.sentence}`;
  return { verdict: 'unknown', steps: 0, reason };
}

/** Judges operations: is there one order of them that respects real time and that the model allows? */
export function checkLinearizability<S>(
  operations: readonly Operation[],
  model: Model<S>,
  options: CheckOptions = {},
): Verdict {
  const reason = refusal(operations, model as Model);
  if (reason !== null) return { verdict: 'unknown', steps: 0, reason };
  const all = split(operations, model as Model, options.strategy);
  const maxSteps = options.maxSteps ?? MAX_STEPS;
  let open = all;
  let steps = 0;
  for (let slice = FIRST_SLICE; open.length > 0; slice *= 2) {
    const still: Partition[] = [];
    for (const partition of open) {
      if (steps >= maxSteps) return exhausted(partition, steps);
      const { search } = partition;
      const spent = search.steps;
      const progress = search.run(Math.min(slice, maxSteps - steps));
      steps += search.steps - spent;
      if (progress === 'illegal') return illegal(partition, steps, options);
      if (progress === 'running') still.push(partition);
    }
    open = still;
  }
  const verdict: Verdict = { verdict: 'ok', operations: operations.length, steps };
  return options.linearization ? { ...verdict, linearization: linearize(all) } : verdict;
}

/** Why the model cannot judge these operations, or null. An operation it does not know must not look like a violation. */
export function refusal(operations: readonly Operation[], model: Model): string | null {
  for (const operation of operations) {
    if (!(operation.invoked < operation.returned)) {
      return `${where(operation)} does not end after it began`;
    }
    const refused = model.refuses?.(operation) ?? null;
    if (refused !== null) return `${where(operation)}: ${refused}`;
  }
  return null;
}

function where({ f, process, invoked }: Operation): string {
  return `${f} of process ${process} (event ${invoked})`;
}

function split(
  operations: readonly Operation[],
  model: Model,
  strategy: StrategyName = 'both',
): Partition[] {
  const byName = new Map<string | null, Operation[]>();
  for (const operation of operations) {
    const name = model.partition?.(operation) ?? null;
    const members = byName.get(name);
    if (members) members.push(operation);
    else byName.set(name, [operation]);
  }
  return Array.from(byName, ([name, members]) => {
    const automaton = new Automaton(model);
    const problem = layOut(automaton, members);
    const search = new Search(automaton, problem, [automaton.initial], strategy);
    return { name, automaton, problem, search };
  });
}

function illegal(partition: Partition, steps: number, options: CheckOptions): Verdict {
  const { name, automaton, problem, search } = partition;
  const budget = options.windowSteps ?? WINDOW_STEPS;
  const found = explainSearch(automaton, problem, search, budget);
  return { verdict: 'illegal', partition: name, ...found, steps };
}

function exhausted(partition: Partition, steps: number): Verdict {
  const { name, search, problem } = partition;
  const where = name === null ? '' : ` of partition ${name}`;
  const reason = `out of steps: placed ${search.deepest} of ${problem.completed.length} operations${where}`;
  return { verdict: 'unknown', steps, reason };
}

/** One order over all partitions: each operation at the latest invocation among those before it in its own. */
function linearize(partitions: readonly Partition[]): Linearized[] {
  const all = partitions.flatMap(({ search }) => {
    let point = -Infinity;
    return search.order().map((operation): Linearized => {
      point = Math.max(point, operation.invoked);
      return { operation, point };
    });
  });
  return all.sort((a, b) => a.point - b.point);
}
