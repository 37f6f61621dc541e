/**
 * The real cluster, seen as the world that the simulator's faults know: the same fault files choose targets, cut links and kill members in
 * both worlds. What a scenario may not ask of real processes is refused before a run (scenario.ts); if it comes here all the same, that is
 * a mistake of ours and said so.
 */
import type { MemberId } from '@seedraft/core';
import type { ClientRequest } from '@seedraft/replica';
import {
  currentVoters,
  type MemberView,
  type NetworkKnobs,
  type Plan,
  type RaftFaultWorld,
} from '@seedraft/sim';
import type { ChaosCluster } from './cluster.ts';
import type { Operator } from './operator.ts';
import { reach } from './stores/native.ts';
import type { Workload } from './workload.ts';

const CALL_MS = 3000;
const LOOK_MS = 50;

export interface WorldParts {
  readonly plan: Plan;
  readonly cluster: ChaosCluster;
  readonly operator: Operator;
  readonly workload: Workload;
  readonly tell: (sentence: string) => void;
}

export class ChaosWorld implements RaftFaultWorld {
  readonly plan: Plan;
  readonly cluster: ChaosCluster;
  readonly operator: Operator;
  readonly #workload: Workload;
  readonly #tell: (sentence: string) => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #began = performance.now();

  constructor({ plan, cluster, operator, workload, tell }: WorldParts) {
    this.plan = plan;
    this.cluster = cluster;
    this.operator = operator;
    this.#workload = workload;
    this.#tell = tell;
  }

  /** Microseconds since the first fault could strike. */
  get now(): number {
    return Math.round((performance.now() - this.#began) * 1000);
  }

  get members(): readonly MemberView[] {
    return this.cluster.members;
  }

  member(id: MemberId): MemberView {
    return this.cluster.byId(id);
  }

  get current(): readonly MemberView[] {
    const named = this.cluster.leader?.told?.configuration.members.map(({ id }) => id);
    return this.cluster.members
      .filter((member) => member.isRunning && (named?.includes(member.id) ?? true))
      .sort((one, other) => one.id - other.id);
  }

  get voters(): readonly MemberView[] {
    return currentVoters(this);
  }

  leader(): MemberView | null {
    return this.cluster.leader;
  }

  // -------------------------------------------------------------------------------------------------------------------- network

  block(from: MemberId, to: MemberId): () => void {
    return this.cluster.rules.place(from, to, { lost: true });
  }

  clog(from: MemberId, to: MemberId): () => void {
    return this.cluster.rules.place(from, to, { held: true });
  }

  tune(
    from: MemberId | null,
    to: MemberId | null,
    { latency, drop }: Partial<NetworkKnobs>,
  ): () => void {
    return this.cluster.rules.place(from, to, {
      ...(latency !== undefined && { delay: latency.mean / 1000 }),
      ...(drop !== undefined && { loss: drop }),
    });
  }

  // -------------------------------------------------------------------------------------------------------------------- process

  crash(id: MemberId): void {
    this.cluster.kill(this.cluster.byId(id));
  }

  restart(id: MemberId): void {
    this.cluster.restart(this.cluster.byId(id));
  }

  pause(id: MemberId): () => void {
    return this.cluster.pause(this.cluster.byId(id));
  }

  wipe(id: MemberId, rejoinAfter: number): void {
    this.operator.wipe(this.cluster.byId(id), rejoinAfter / 1000);
  }

  permits(id: MemberId): boolean {
    return this.operator.permitsLoss(this.cluster.byId(id));
  }

  get impaired(): readonly MemberId[] {
    const { lost } = this.operator;
    return lost === null ? [] : [lost.id];
  }

  // ----------------------------------------------------------------------------------------------------------------- operations

  /** Asked once, whatever comes of it. */
  ask(id: MemberId, request: ClientRequest): void {
    const { local } = this.cluster.byId(id);
    void reach([local.client], CALL_MS).then(async (client) => {
      if (client === null) return;
      try {
        if (request.type === 'TransferLeadership') await client.transfer(request.target);
        else if (request.type === 'Snapshot') await client.snapshot({ address: local.client });
      } catch (error) {
        this.#tell(`${local.name} answers ${request.type}: ${(error as Error).message}`);
      } finally {
        await client.close({ within: 0 });
      }
    });
  }

  tuneClients(ratePpm: number): () => void {
    return this.#workload.tune(ratePpm);
  }

  report(_fault: string, sentence: string): void {
    this.#tell(sentence);
  }

  // ----------------------------------------------------------------------------------------------------------------------- time

  after(delay: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delay / 1000);
    this.#timers.add(timer);
  }

  /** Looks again and again: nobody is told when a process changes. */
  when(predicate: () => boolean, within: number, action: () => void, otherwise?: () => void): void {
    const until = this.now + within;
    const look = (): void => {
      if (predicate()) action();
      else if (this.now >= until) otherwise?.();
      else this.after(LOOK_MS * 1000, look);
    };
    look();
  }

  /** Nothing that was to happen later does. */
  clearTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  // -------------------------------------------------------------------------------------------- what only a simulated world has

  replica = (): null => null;
  isPersisting = (): boolean => false;
  slow = (): never => onlySimulated('slow');
  amnesia = (): never => onlySimulated('amnesia');
  clockStep = (): never => onlySimulated('clock-step');
  clockDrift = (): never => onlySimulated('clock-drift');
  clockFreeze = (): never => onlySimulated('clock-freeze');
  disk = (): never => onlySimulated('damage to disks');
  campaign = (): never => onlySimulated('campaign');
  hears = (): never => onlySimulated('peer-down');
  spawn = (): never => onlySimulated('a member that joins without asking');
  changeMembership = (): never => onlySimulated('a change that is not the operator’s');
}

function onlySimulated(what: string): never {
  throw new Error(`only the simulator has ${what}; it should have been refused before the run`);
}
