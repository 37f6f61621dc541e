/** Real members in one process, on real sockets and free ports, over directories in memory. Waits for what happens, never for time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { KvMachine, put } from '@seedraft/kv';
import {
  type FirstMember,
  type NodeEvent,
  type NodeOptions,
  type RunningNode,
  startNode,
} from '@seedraft/node';
import type { ClientReply } from '@seedraft/replica';
import { flawOfPort } from '../../packages/seedraft/src/local-cluster/taken-ports.ts';
import { freePort } from './free-ports.ts';
import { MemoryStorage } from './memory-storage.ts';

const FAST = { electionTimeoutMin: 200, electionTimeoutMax: 400, heartbeatInterval: 40 };

export interface TestNode {
  readonly id: number;
  readonly storage: MemoryStorage;
  readonly directory: string;
  node: RunningNode | null;
}

export type Overrides = Partial<NodeOptions>;

export class NodeCluster {
  readonly nodes: TestNode[] = [];
  readonly events: (NodeEvent & { readonly node: number })[] = [];
  readonly first: FirstMember[] = [];
  /** Told of each event as it happens, as whoever starts a node may be. */
  onEvent: (event: NodeEvent, node: number) => void = () => {};
  readonly #waiters = new Set<() => void>();
  readonly #overrides: Overrides;
  readonly directory = mkdtempSync(path.join(tmpdir(), 'seedraft-node-'));

  private constructor(overrides: Overrides) {
    this.#overrides = overrides;
  }

  static async start(count: number, overrides: Overrides = {}): Promise<NodeCluster> {
    const cluster = new NodeCluster(overrides);
    for (let id = 1; id <= count; id++) await cluster.#name(id);
    for (const { id } of cluster.first) await cluster.boot(id);
    return cluster;
  }

  node(id: number): RunningNode {
    return this.nodes.find((node) => node.id === id)!.node!;
  }

  running(): RunningNode[] {
    return this.nodes.flatMap(({ node }) => (node === null ? [] : [node]));
  }

  async #name(id: number): Promise<void> {
    const peerAddress = `127.0.0.1:${await freePort()}`;
    const clientAddress = `127.0.0.1:${await freePort()}`;
    this.first.push({ id, name: `n${id}`, peerAddress, clientAddress });
    this.#add(id);
  }

  #add(id: number): TestNode {
    const directory = this.directory;
    const node = { id, storage: new MemoryStorage(), directory, node: null };
    this.nodes.push(node);
    return node;
  }

  options(id: number, overrides: Overrides = {}): NodeOptions {
    const member = this.first.find((one) => one.id === id);
    const port = (address: string | undefined) => Number(address?.split(':')[1] ?? 0);
    return {
      directory: this.directory,
      machine: () => new KvMachine(),
      peerListen: { host: '127.0.0.1', port: port(member?.peerAddress) },
      clientListen: { host: '127.0.0.1', port: port(member?.clientAddress) },
      start: { how: 'bootstrap', clusterId: 'test', id, members: this.first },
      raft: FAST,
      ...this.#overrides,
      ...overrides,
      log: (event) => this.#note(id, event),
    };
  }

  async boot(id: number, overrides: Overrides = {}): Promise<RunningNode> {
    const node = this.nodes.find((one) => one.id === id) ?? this.#add(id);
    const started = await startNode({ storage: node.storage, ...this.options(id, overrides) });
    if (!started.ok)
      throw new Error(`${started.code}: ${started.sentence}${await this.#takers(id)}`);
    node.node = started.node;
    void started.node.stopped.then(() => {
      if (node.node === started.node) node.node = null;
      this.#wake();
    });
    this.#wake();
    return started.node;
  }

  /** Its ports are its own, so whoever has one of them is worth knowing. */
  async #takers(id: number): Promise<string> {
    const { peerListen, clientListen } = this.options(id);
    const flaws = [peerListen, clientListen].map(async (at) => {
      const flaw = at === null ? null : await flawOfPort(at.host, at.port);
      return flaw === null ? '' : ` ${at?.port} ${flaw}.`;
    });
    return (await Promise.all(flaws)).join('');
  }

  #note(node: number, event: NodeEvent): void {
    this.events.push({ ...event, node });
    this.onEvent(event, node);
    this.#wake();
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }

  /** Resolves with what `look` finds, looked for again after each event, and now and then for what makes no event. */
  until<T>(
    what: string,
    look: () => T | null | undefined | false | Promise<T | false>,
    within = 15_000,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      let isLooking = false;
      const attempt = () => {
        if (isLooking) return;
        isLooking = true;
        Promise.resolve(look()).then((found) => {
          isLooking = false;
          if (found === null || found === undefined || found === false) return;
          end();
          resolve(found);
        }, fail);
      };
      const fail = (why: unknown) => {
        end();
        const last = this.events.slice(-12).map((event) => JSON.stringify(event));
        reject(new Error(`${what}: ${String(why)}\n${last.join('\n')}`));
      };
      const poll = setInterval(attempt, 10);
      const timer = setTimeout(() => fail('never'), within);
      const end = () => {
        clearInterval(poll);
        clearTimeout(timer);
        this.#waiters.delete(attempt);
      };
      this.#waiters.add(attempt);
      attempt();
    });
  }

  /** Resolves with the event when it has happened, also if it did before. */
  event<T extends NodeEvent['type']>(
    type: T,
    matches: (event: NodeEvent & { readonly type: T; readonly node: number }) => boolean = () =>
      true,
  ) {
    type Found = NodeEvent & { readonly type: T; readonly node: number };
    return this.until(type, () =>
      this.events.find((event): event is Found => event.type === type && matches(event as Found)),
    );
  }

  /** One that leads and has committed what it held when first looked at, and so an entry of its term; others may write meanwhile. */
  leader(): Promise<RunningNode> {
    const held = new Map<string, number>();
    return this.until('a leader', () =>
      this.running().find((node) => {
        const { id, role, term, commitIndex, lastIndex } = node.status();
        if (role !== 'leader') return false;
        const leadership = `${id} ${term}`;
        if (!held.has(leadership)) held.set(leadership, lastIndex);
        return commitIndex >= held.get(leadership)!;
      }),
    );
  }

  /** Asks whoever leads until it is done. */
  async put(key: string, value: string): Promise<ClientReply> {
    for (;;) {
      const leader = await this.leader();
      const reply = await leader.request(command(put('', key, value)));
      if (reply.type === 'Ok') return reply;
    }
  }

  /** Everyone has applied the same entries and holds the same state. */
  converged(): Promise<true> {
    return this.until('one state', () => {
      const seen = this.running().map((node) => node.status());
      const states = new Set(seen.map((s) => `${s.appliedIndex} ${s.stateDigest}`));
      return states.size === 1 && seen.every((s) => s.appliedIndex === s.lastIndex);
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.running().map((node) => node.stop()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function command(value: unknown) {
  return {
    type: 'Command',
    sessionId: 0,
    sequence: 0,
    firstIncomplete: 0,
    command: value,
  } as const;
}
