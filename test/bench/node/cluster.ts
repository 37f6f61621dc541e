/** Three members on loopback and the load generator that knows their protocol; whose they are decides a `Contestant`. */
import { setTimeout as pause } from 'node:timers/promises';
import { Load, type Operation, type Order, type Outage, type Throughput } from './load.ts';
import type { Command, MemberProcess } from './processes.ts';

/** Whose cluster it is. */
export interface Contestant {
  readonly name: 'ours' | 'etcd';
  readonly load: Command;
  /** Clients of its own library, each with its connections, that so many closed loops share: what serves it best. */
  connections(clients: number): number;
  /** Not started yet; all they keep is under `folder`. */
  members(folder: string, electionTimeoutMs: number): Promise<MemberProcess[]>;
}

/** One operation at one number of clients, once. */
export interface Cell extends Throughput {
  /** Of each member: the most that was seen, and its mean, the leader first. */
  readonly residentMegabytes: readonly number[];
  readonly memberCores: readonly number[];
}

export interface Measure {
  readonly warmMs: number;
  readonly measureMs: number;
  readonly toLeader: boolean;
}

export const KEYS = 10_000;
const SAMPLE_MS = 200;
const POLL_MS = 50;
const PATIENCE_MS = 30_000;

export class Cluster {
  readonly contestant: Contestant;
  readonly #members: readonly MemberProcess[];
  readonly #load: Load;

  private constructor(contestant: Contestant, members: readonly MemberProcess[]) {
    this.contestant = contestant;
    this.#members = members;
    this.#load = new Load(contestant.load.file, contestant.load.args);
  }

  /** Resolves when there is a leader and every key has a value. */
  static async start(
    contestant: Contestant,
    folder: string,
    electionTimeoutMs: number,
  ): Promise<Cluster> {
    const members = await contestant.members(folder, electionTimeoutMs);
    const cluster = new Cluster(contestant, members);
    for (const member of members) member.start();
    await cluster.#leader();
    await cluster.#load.ask({ ...cluster.#everywhere, do: 'fill' });
    return cluster;
  }

  /** `toLeader`: the load generator is told of the leader only, not of all members. */
  async measure(
    operation: Operation,
    clients: number,
    { warmMs, measureMs, toLeader }: Measure,
  ): Promise<Cell> {
    const leader = await this.#leader();
    const members = [leader, ...this.#members.filter((one) => one !== leader)];
    const peaks = members.map((one) => one.residentMegabytes());
    const sampling = setInterval(() => {
      for (const [at, one] of members.entries()) {
        peaks[at] = Math.max(peaks[at]!, one.residentMegabytes());
      }
    }, SAMPLE_MS);
    const cpu: number[][] = [];
    const order: Order = {
      ...this.#everywhere,
      do: operation,
      ...(toLeader && { endpoints: [leader.client] }),
      clients,
      connections: this.contestant.connections(clients),
      warmMs,
      measureMs,
    };
    const throughput = await this.#load.ask<Throughput>(order, () => {
      cpu.push(members.map((one) => one.cpuSeconds()));
    });
    clearInterval(sampling);
    const memberCores = cpu[1]!.map((after, at) => ((after - cpu[0]![at]!) * 1000) / measureMs);
    return { ...throughput, residentMegabytes: peaks, memberCores };
  }

  /** Kills the leader, measures how long there are no writes, and starts it again. */
  async failover(): Promise<number> {
    const leader = await this.#leader();
    const { pid } = leader;
    const outage = await this.#load.ask<Outage>({ ...this.#everywhere, do: 'failover', pid });
    await leader.end('SIGKILL');
    leader.start();
    return outage.milliseconds;
  }

  async stop(): Promise<void> {
    await this.#load.close();
    await Promise.all(this.#members.map((one) => one.end('SIGTERM')));
  }

  get #everywhere() {
    return { endpoints: this.#members.map(({ client }) => client), keys: KEYS };
  }

  async #leader(): Promise<MemberProcess> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const { leader } = await this.#load.ask<{ leader: string }>({
        ...this.#everywhere,
        do: 'leader',
      });
      const found = this.#members.find(({ client }) => client === leader);
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw new Error(`${this.contestant.name}: no leader`);
      await pause(POLL_MS);
    }
  }
}
