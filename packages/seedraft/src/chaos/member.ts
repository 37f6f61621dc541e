/** A member of the tormented cluster as the nemesis knows it: what it did to its process, and what the member last said of itself. */
import type { MemberId, Raft } from '@seedraft/core';
import type { MemberView } from '@seedraft/sim';
import type { MemberStatus } from '@seedraft/wire';
import type { LocalMember } from '../local-cluster/local-cluster.ts';
import type { MemberProxy } from './member-proxy.ts';

export class ChaosMember implements MemberView {
  readonly local: LocalMember;
  readonly proxy: MemberProxy;
  readonly incarnation = '';
  readonly replica = null;
  readonly metDamage = false;
  readonly diskFaults = 'none';
  status: MemberView['status'] = 'down';
  /** Null: it has said nothing since its last start. */
  told: MemberStatus | null = null;
  /** Its process is to run. */
  isWanted = false;
  /** Its process was told to end, so its end is no finding. */
  isDying = false;
  /** The operator removes it, so it may end by itself at any moment. */
  isLeaving = false;
  /** Pauses on top of each other. */
  pauses = 0;

  constructor(local: LocalMember, proxy: MemberProxy) {
    this.local = local;
    this.proxy = proxy;
  }

  /** 0: it has none yet. */
  get id(): MemberId {
    return this.proxy.id;
  }

  get name(): string {
    return this.local.name;
  }

  get isRunning(): boolean {
    return this.status === 'up' || this.status === 'paused';
  }

  /** What faults look at to choose their targets; the rest of a core cannot be seen from outside. */
  get raft(): Raft | null {
    const { told } = this;
    if (told === null || !this.isRunning) return null;
    const { role, term: currentTerm, commitIndex, configuration, lastIndex, firstIndex } = told;
    const seen = { role, currentTerm, commitIndex, configuration, log: { lastIndex, firstIndex } };
    return seen as unknown as Raft;
  }

  clock(): number {
    return this.told?.uptime ?? 0;
  }
}
