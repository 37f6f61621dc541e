/**
 * The cluster under torment: processes, their proxies, and everything that can be done to a process from outside. Only processes that were
 * started here are ever signalled. A member that ends without being told to is a finding, and is started again like a supervisor would.
 */
import { createWriteStream, mkdirSync, readFileSync, type WriteStream } from 'node:fs';
import path from 'node:path';
import type { Plan } from '@seedraft/sim';
import type { MemberStatus } from '@seedraft/wire';
import { LocalCluster, type LocalMember } from '../local-cluster/local-cluster.ts';
import type { Exit } from '../local-cluster/process-member.ts';
import type { ChaosApi } from './apis.ts';
import { LinkRules } from './link-rules.ts';
import { ChaosMember } from './member.ts';
import { MemberProxy } from './member-proxy.ts';

export interface ClusterOptions {
  readonly plan: Plan;
  /** What members speak besides our own protocol. */
  readonly apis: readonly ChaosApi[];
  readonly data: string;
  readonly logs: string;
  /** For the story. */
  readonly tell: (sentence: string) => void;
  /** ms until a member that was told to stop and runs on is a finding. */
  readonly stopWithin?: number;
}

const SUPERVISION_MS = 1000;
const LOOK_MS = 200;
const JOIN_ATTEMPTS = 3;
const STATUS_WITHIN_MS = 400;
/** A member promises to end within 10 s of being told to; the machine may be busy. */
const STOP_WITHIN_MS = 30_000;
/** While a member was down somebody else's connection may have got its port: try again, it is no finding. */
const PORT_LOST = /PORT_TAKEN|EADDRINUSE|address already in use|Another process listens/;

export class ChaosCluster {
  readonly rules = new LinkRules();
  readonly members: ChaosMember[] = [];
  /** Members that ended by themselves, or did not when they were told to, a sentence each. */
  readonly findings: string[] = [];
  /** Terms that had a leader. */
  readonly elections = new Set<number>();
  kills = 0;
  readonly #options: ClusterOptions;
  readonly #logs = new Map<LocalMember, WriteStream>();
  readonly #proxies: MemberProxy[] = [];
  readonly #lastLines = new Map<LocalMember, string>();
  #local!: LocalCluster;
  #isStopping = false;

  private constructor(options: ClusterOptions) {
    this.#options = options;
  }

  /** Decides who there will be; nothing runs yet. */
  static async plan(options: ClusterOptions): Promise<ChaosCluster> {
    const cluster = new ChaosCluster(options);
    const { raft, snapshot, members } = options.plan;
    const listen = { host: '127.0.0.1', port: 0 };
    mkdirSync(options.logs, { recursive: true });
    cluster.#local = await LocalCluster.plan(
      {
        cluster: 'chaos',
        folder: options.data,
        size: members.length,
        apis: options.apis.flatMap((protocol) =>
          protocol === 'native' ? [] : [{ protocol, listen }],
        ),
        flags: [
          ...['--election-timeout', `${raft.electionTimeoutMin}ms`],
          ...['--heartbeat-interval', `${raft.heartbeatInterval}ms`],
          ...['--snapshot-entries', `${snapshot.everyEntries}`],
          ...['--snapshot-bytes', `${snapshot.everyBytes}B`],
        ],
        onLine: (member, line) => cluster.#onLine(member, line),
        onExit: (member, exit) => cluster.#onExit(member, exit),
      },
      (place, peer) => cluster.#proxied(place, peer),
    );
    cluster.#local.members.forEach((local, at) => {
      cluster.members.push(new ChaosMember(local, cluster.#proxies[at]!));
    });
    return cluster;
  }

  /** Resolves when all take part. */
  async start(): Promise<void> {
    for (const member of this.members) this.#boot(member);
    this.#lookOn();
    await Promise.all(this.members.map(({ local }) => this.#local.processOf(local)!.ready));
  }

  /** Where clients may ask, of members that are not gone. */
  get endpoints(): string[] {
    return this.endpointsOf('native');
  }

  endpointsOf(api: ChaosApi): string[] {
    const there = this.members.filter(({ status }) => status !== 'gone');
    return there.map(({ local }) => (api === 'native' ? local.client : local.apis[api]!));
  }

  byId(id: number): ChaosMember {
    const member = this.members.find((one) => one.id === id);
    if (member === undefined) throw new Error(`no member has the id ${id}`);
    return member;
  }

  /** The member that leads in the highest term, as far as was told. */
  get leader(): ChaosMember | null {
    let best: ChaosMember | null = null;
    for (const member of this.members) {
      if (member.status !== 'up' || member.told?.role !== 'leader') continue;
      if (best === null || member.told.term > (best.told?.term ?? 0)) best = member;
    }
    return best;
  }

  /** Asks every member that can answer for its status; who does not has told nothing. */
  async refresh(): Promise<void> {
    const asked = this.members.filter(({ status }) => status === 'up');
    await Promise.all(
      asked.map(async (member) => {
        const process = this.#local.processOf(member.local);
        const status = await statusOf(member.local.http);
        // What a process said that is gone, or stopped meanwhile, says nothing of the one there is.
        const isSame = process === this.#local.processOf(member.local);
        if (isSame && member.status === 'up') member.told = status;
      }),
    );
  }

  /** From now until it is stopped: what members say of themselves is never older than a moment. */
  #lookOn(): void {
    const again = (): void => {
      if (this.#isStopping) return;
      setTimeout(() => void this.refresh().then(again), LOOK_MS).unref();
    };
    again();
  }

  // ----------------------------------------------------------------------------------------------------------------- processes

  kill(member: ChaosMember): void {
    if (!member.isRunning) return;
    this.kills += 1;
    this.#down(member);
    this.#local.processOf(member.local)?.signal('SIGKILL');
  }

  /** After its last process is gone. */
  restart(member: ChaosMember): void {
    if (member.status !== 'down' || member.isWanted) return;
    member.isWanted = true;
    const before = this.#local.processOf(member.local)?.exited ?? Promise.resolve();
    void before.then(() => {
      if (member.isWanted && member.status === 'down' && !this.#isStopping) this.#boot(member);
    });
  }

  /** An orderly stop, then a start. */
  bounce(member: ChaosMember): void {
    if (member.status !== 'up') return;
    this.#down(member);
    const { stopWithin = STOP_WITHIN_MS } = this.#options;
    const process = this.#local.processOf(member.local);
    process?.signal('SIGTERM');
    const timer = setTimeout(() => {
      if (this.#isStopping || member.status === 'gone') return;
      this.#find(`${member.name} was told to stop, and runs ${stopWithin / 1000} s later`);
      process?.signal('SIGKILL');
    }, stopWithin);
    timer.unref();
    void process?.exited.then(() => clearTimeout(timer));
    this.restart(member);
  }

  pause(member: ChaosMember): () => void {
    const process = this.#local.processOf(member.local);
    if (!member.isRunning || process === undefined) return () => {};
    member.pauses += 1;
    member.status = 'paused';
    process.signal('SIGSTOP');
    let isOver = false;
    return () => {
      if (isOver || this.#local.processOf(member.local) !== process) return;
      isOver = true;
      member.pauses -= 1;
      if (member.pauses === 0) this.#resume(member);
    };
  }

  #resume(member: ChaosMember): void {
    if (member.status !== 'paused') return;
    member.status = 'up';
    this.#local.processOf(member.local)?.signal('SIGCONT');
  }

  /** Its process and its directory are gone, and nobody will ever start it again. */
  async wipe(member: ChaosMember): Promise<void> {
    this.kill(member);
    member.status = 'gone';
    member.isWanted = false;
    await this.#local.processOf(member.local)?.exited;
    this.#local.wipe(member.local);
  }

  /** It is no member any more. Its directory stays. */
  dismiss(member: ChaosMember): void {
    if (member.status === 'gone') return;
    this.#down(member);
    member.status = 'gone';
    this.#local.processOf(member.local)?.signal('SIGKILL');
  }

  /** A new member joins; resolves once it takes part, under the id that the cluster gave it. */
  async join(flags: readonly string[]): Promise<ChaosMember> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#join(flags);
      } catch (error) {
        if (attempt === JOIN_ATTEMPTS || this.#isStopping) throw error;
        this.#options.tell(`a new member could not start: ${(error as Error).message}`);
      }
    }
  }

  async #join(flags: readonly string[]): Promise<ChaosMember> {
    const proxied = (peer: string): Promise<string> => this.#proxied(0, peer);
    const at = this.#proxies.length;
    const local = await this.#local.plus(this.endpoints, proxied, flags);
    const member = new ChaosMember(local, this.#proxies[at]!);
    this.#boot(member);
    try {
      const { id } = await this.#local.processOf(local)!.ready;
      member.proxy.id = id;
    } catch (error) {
      this.dismiss(member);
      throw error;
    }
    this.members.push(member);
    return member;
  }

  /** No rule is left, nobody is paused, and everybody runs who is still a member. */
  heal(): void {
    this.rules.clear();
    for (const member of this.members) {
      member.pauses = 0;
      this.#resume(member);
      this.restart(member);
    }
  }

  /** At once, for when there is no time to wait. */
  killAll(): void {
    for (const { local } of this.members) this.#local.processOf(local)?.signal('SIGKILL');
  }

  /** Everything that was started here ends. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const member of this.members) member.isDying = true;
    await this.#local.stop();
    for (const proxy of this.#proxies) proxy.close();
    await Promise.all(
      [...this.#logs.values()].map((log) => new Promise<void>((done) => log.end(() => done()))),
    );
  }

  #boot(member: ChaosMember): void {
    member.isWanted = true;
    member.isDying = false;
    member.told = null;
    member.pauses = 0;
    member.status = 'up';
    this.#local.start(member.local);
  }

  #down(member: ChaosMember): void {
    member.status = 'down';
    member.isDying = true;
    member.isWanted = false;
    member.told = null;
  }

  async #proxied(id: number, peer: string): Promise<string> {
    const proxy = new MemberProxy(id, Number(peer.split(':')[1]), this.rules, Math.random);
    this.#proxies.push(proxy);
    return proxy.listen();
  }

  // ------------------------------------------------------------------------------------------------------ what processes say

  #onLine(local: LocalMember, line: string): void {
    this.#lastLines.set(local, line);
    let log = this.#logs.get(local);
    if (log === undefined) {
      log = createWriteStream(path.join(this.#options.logs, `${local.name}.log`), { flags: 'a' });
      this.#logs.set(local, log);
    }
    log.write(`${line}\n`);
    const term = Number(/is leader in term (\d+)/.exec(line)?.[1] ?? 0);
    if (term === 0) return;
    this.elections.add(term);
    this.#options.tell(`${local.name} becomes leader in term ${term}`);
  }

  #onExit(local: LocalMember, exit: Exit): void {
    const member = this.members.find((one) => one.local === local);
    if (member === undefined || member.isDying || this.#isStopping) return;
    member.status = 'down';
    member.told = null;
    member.isWanted = false;
    if (member.isLeaving) return;
    if (!PORT_LOST.test(this.#lastLines.get(local) ?? '')) {
      this.#find(`${local.name} ended by itself: ${endOf(local, exit)}`);
    }
    const timer = setTimeout(() => this.restart(member), SUPERVISION_MS);
    timer.unref();
  }

  #find(sentence: string): void {
    this.findings.push(sentence);
    this.#options.tell(sentence);
  }
}

/** Null: it does not answer, or takes no part yet. */
export async function statusOf(http: string): Promise<MemberStatus | null> {
  try {
    const signal = AbortSignal.timeout(STATUS_WITHIN_MS);
    const response = await fetch(`http://${http}/status`, { signal });
    const told: unknown = await response.json();
    return response.ok ? (told as MemberStatus) : null;
  } catch {
    return null;
  }
}

/** In the words of its report, if it wrote one. */
function endOf({ data }: LocalMember, { code, signal }: Exit): string {
  try {
    const text = readFileSync(path.join(data, 'last-stop.json'), 'utf8');
    const report = JSON.parse(text) as { code: string; sentence: string };
    return `${report.code}: ${report.sentence}`;
  } catch {
    return signal === null ? `exit code ${code}` : `by ${signal}`;
  }
}
