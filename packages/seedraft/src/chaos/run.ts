/**
 * One run against real processes, from the first start to the verdict: start, torment under load, heal, converge, read back, judge. Whatever
 * happens, every process that was started here is gone at the end.
 */
import type { NetworkKnobs, Plan } from '@seedraft/sim';
import { type ChaosApi, STORES, sharedKey } from './apis.ts';
import { ChaosCluster } from './cluster.ts';
import { type Convergence, converge, NOT_CONVERGED, readBack } from './converge.ts';
import type { ChaosFolder } from './folder.ts';
import { type Evidence, type Judgement, judge } from './judge.ts';
import { Nemesis } from './nemesis.ts';
import { Operator } from './operator.ts';
import { type Counts, Recorder } from './recorder.ts';
import { Workload } from './workload.ts';
import { ChaosWorld } from './world.ts';

/** How things stand, while it runs. */
export interface ChaosProgress {
  readonly seconds: number;
  readonly operations: number;
  readonly ok: number;
  readonly faults: number;
  readonly kills: number;
  readonly elections: number;
}

export interface ChaosOptions {
  readonly plan: Plan;
  /** What the links are like all the time. */
  readonly weather: Partial<NetworkKnobs>;
  readonly folder: ChaosFolder;
  /** What the clients speak; at least as many clients as protocols. */
  readonly apis: readonly ChaosApi[];
  /** Who speaks them. A test puts a liar here: whoever judges must find out. */
  readonly stores?: typeof STORES;
  readonly signal: AbortSignal;
  readonly onSentence: (line: string) => void;
  readonly onProgress: (progress: ChaosProgress) => void;
}

export interface ChaosResult extends Judgement {
  readonly seconds: number;
  /** Of the torment alone. */
  readonly rate: number;
  readonly members: number;
  readonly operations: number;
  readonly ok: number;
  readonly failed: number;
  readonly unknown: number;
  readonly apis: Readonly<Partial<Record<ChaosApi, Counts>>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly missed: number;
  readonly kills: number;
  readonly elections: number;
  readonly convergence: Convergence;
  readonly story: readonly string[];
}

/** Everything must be well again this long after the healing, ms: starts, elections, snapshots and a replacement, on a busy machine. */
const BOUND = 60_000;
const PROGRESS_MS = 250;

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const began = performance.now();
  const story: string[] = [];
  const tell = (sentence: string): void => {
    const line = `t=${((performance.now() - began) / 1000).toFixed(3)} s  ${sentence}`;
    story.push(line);
    options.onSentence(line);
  };
  const { plan, folder, signal, apis } = options;
  const places = { data: folder.data, logs: folder.logs };
  const cluster = await ChaosCluster.plan({ plan, apis, ...places, tell });
  // Not even a crash of ours may leave a stopped process behind.
  const killAll = (): void => cluster.killAll();
  process.once('exit', killAll);
  try {
    await Promise.race([cluster.start(), aborted(signal)]);
    tell(`${plan.members.length} members run`);
    return await new Torment(options, cluster, tell, story, began).run();
  } finally {
    await cluster.stop();
    process.off('exit', killAll);
  }
}

class Torment {
  readonly #options: ChaosOptions;
  readonly #cluster: ChaosCluster;
  readonly #tell: (sentence: string) => void;
  readonly #story: readonly string[];
  readonly #began: number;
  readonly #recorder = new Recorder();
  /** Ends what the clients do; ends everything. */
  readonly #asking = new AbortController();
  readonly #over = new AbortController();
  readonly #workload: Workload;
  readonly #operator: Operator;
  readonly #nemesis: Nemesis;

  constructor(
    options: ChaosOptions,
    cluster: ChaosCluster,
    tell: (sentence: string) => void,
    story: readonly string[],
    began: number,
  ) {
    this.#options = options;
    this.#cluster = cluster;
    this.#tell = tell;
    this.#story = story;
    this.#began = began;
    const { plan } = options;
    this.#operator = new Operator(cluster, this.#over.signal, tell);
    this.#workload = new Workload({
      plan,
      recorder: this.#recorder,
      apis: options.apis,
      stores: options.stores ?? STORES,
      endpoints: (api) => cluster.endpointsOf(api),
      signal: this.#asking.signal,
    });
    const parts = { plan, cluster, operator: this.#operator, workload: this.#workload, tell };
    this.#nemesis = new Nemesis(new ChaosWorld(parts), tell);
  }

  async run(): Promise<ChaosResult> {
    const { signal, weather, onProgress } = this.#options;
    const timer = setInterval(() => onProgress(this.#progress()), PROGRESS_MS);
    try {
      this.#cluster.rules.place(null, null, {
        ...(weather.latency !== undefined && { delay: weather.latency.mean / 1000 }),
        ...(weather.drop !== undefined && { loss: weather.drop }),
      });
      this.#workload.start();
      const from = performance.now();
      await this.#nemesis.run(signal);
      const rate = this.#recorder.operations / ((performance.now() - from) / 1000);
      const [convergence, found] = await this.#end();
      return this.#result(rate, convergence, found);
    } finally {
      clearInterval(timer);
      this.#asking.abort();
      this.#over.abort();
    }
  }

  async #end(): Promise<readonly [Convergence, Evidence['readBack']]> {
    const { signal, plan, apis } = this.#options;
    this.#asking.abort();
    if (signal.aborted) {
      this.#nemesis.stop();
      return [NOT_CONVERGED, null];
    }
    this.#nemesis.heal();
    this.#tell('everything is healed');
    await this.#workload.finished();
    const convergence = await converge(this.#cluster, this.#operator, BOUND, signal);
    this.#tell(convergence.sentence);
    if (signal.aborted) return [convergence, null];
    const { kind, keys } = plan.workload;
    const places = Array.from({ length: kind === 'kv' ? keys : 1 }, (_, at) => at);
    const shared = apis.flatMap((api) => places.map((at) => sharedKey(api, at)));
    return [convergence, await readBack(this.#cluster, this.#recorder, shared)];
  }

  #progress(): ChaosProgress {
    const { operations, counts } = this.#recorder;
    return {
      seconds: (performance.now() - this.#began) / 1000,
      operations,
      ok: counts.ok,
      faults: sum(this.#nemesis.counts.values()),
      kills: this.#cluster.kills,
      elections: this.#cluster.elections.size,
    };
  }

  #result(rate: number, convergence: Convergence, found: Evidence['readBack']): ChaosResult {
    const { plan, signal, folder } = this.#options;
    const { events, acknowledged, counts, operations, byApi, strange } = this.#recorder;
    folder.writeHistory(events);
    const judgement = judge({
      events,
      acknowledged,
      readBack: found,
      convergence,
      findings: [...this.#cluster.findings, ...strange],
      answered: new Map([...byApi].map(([api, { ok }]) => [api, ok])),
      isInterrupted: signal.aborted,
    });
    return {
      ...judgement,
      seconds: (performance.now() - this.#began) / 1000,
      rate,
      members: plan.members.length,
      operations,
      ...counts,
      apis: Object.fromEntries(byApi),
      faults: Object.fromEntries(this.#nemesis.counts),
      missed: this.#nemesis.missed,
      kills: this.#cluster.kills,
      elections: this.#cluster.elections.size,
      convergence,
      story: this.#story,
    };
  }
}

function sum(counts: Iterable<number>): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
