/**
 * The fault atlas: which disks may be damaged or lost now, so that recovery stays possible and no committed entry can be destroyed.
 *
 * A member is *impaired* from the moment its disk is damaged or lost until it is whole again: recovery found it intact, or its repair is
 * complete and it votes again. In every configuration that any member has in force (both halves while joint) fewer than half of the
 * voters may be impaired. Then the others are a quorum that holds every committed entry in intact copies, elects a leader among itself
 * and repairs or replaces the rest; and a (term, votedFor) is destroyed only together with a disk whose id never votes again (the
 * store's README, verdicts and incarnations).
 */
import type { Configuration, Index, MemberId } from '@seedraft/core';
import type { WorldView } from '../observer.ts';

export class Atlas {
  readonly #world: WorldView;
  /** Ids whose disk was damaged or lost, in order of damage. */
  readonly #impaired = new Set<MemberId>();
  /** The last configurations seen in force at each member: a member that is down still counts with what it knew. */
  readonly #known = new Map<MemberId, Configuration>();
  /** Members with entries to repair up to this index. */
  readonly #repairing = new Map<MemberId, number>();

  constructor(world: WorldView) {
    this.#world = world;
  }

  /** Ids that may not be counted on now. */
  get impaired(): readonly MemberId[] {
    this.#refresh();
    return [...this.#impaired];
  }

  /** True when this member's disk may be damaged or lost now. */
  permits(id: MemberId): boolean {
    this.#refresh();
    if (this.#impaired.has(id)) return true;
    for (const configuration of this.#known.values()) {
      const incoming: MemberId[] = [];
      for (const member of configuration.members) {
        if (member.role === 'voter') incoming.push(member.id);
      }
      if (!this.#spare(incoming, id)) return false;
      if (configuration.outgoing !== null && !this.#spare(configuration.outgoing, id)) return false;
    }
    return true;
  }

  /** To be told at the moment of damage, of a wipe, or of a boot with amnesia. */
  impair(id: MemberId): void {
    this.#refresh();
    this.#impaired.add(id);
    this.#repairing.delete(id);
  }

  /** To be told after each boot from this id's own disk: intact (0), or with entries missing up to `repairUntil`. */
  recovered(id: MemberId, repairUntil: Index): void {
    if (repairUntil === 0) this.#impaired.delete(id);
    else this.#repairing.set(id, repairUntil);
  }

  /** Would the voters still have a majority of intact members if `id` were impaired too? */
  #spare(voters: readonly MemberId[], id: MemberId): boolean {
    if (!voters.includes(id)) return true;
    let impaired = 1;
    for (const voter of voters) if (voter !== id && this.#impaired.has(voter)) impaired += 1;
    return impaired <= Math.floor((voters.length - 1) / 2);
  }

  #refresh(): void {
    for (const member of this.#world.members) {
      if (member.status === 'gone') this.#known.delete(member.id);
      else if (member.raft !== null) this.#known.set(member.id, member.raft.configuration);
    }
    for (const id of this.#impaired) {
      if (this.#isRepaired(id)) this.#impaired.delete(id);
    }
  }

  #isRepaired(id: MemberId): boolean {
    const raft = this.#world.member(id).raft;
    const until = this.#repairing.get(id);
    if (raft === null || until === undefined) return false;
    // It also waits for what its leader had committed, and gives no vote before: without its own word a wipe elsewhere could cost the quorum.
    if (raft.repairUntil > 0 || raft.commitIndex < until) return false;
    // Its disk calls the repair over with an entry that a leader appended behind it: a restart before that begins it anew.
    return raft.durableIndex > until;
  }
}
