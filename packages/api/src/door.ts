/**
 * The one interface between a protocol and the member it speaks for. A protocol asks and is answered, whichever member it stands at and whoever
 * leads; what an answer means is the same for all of them. Kept: every ask ends, within its bound, by exactly one reply; a write is applied at
 * most once, and exactly once if it is answered Ok; `Refused` says that it had no effect and never will, `Unknown` that nobody knows.
 */
import type { ClientReply, ClientRequest } from '@seedraft/replica';
import type { MemberStatus } from '@seedraft/wire';

/** A ClientRequest without its session: that is the door's. */
export type DoorRequest =
  | { readonly type: 'Command'; readonly command: unknown }
  /** One entry: all commands or none, in order, nothing in between; `Ok.value` is the list of their results. */
  | { readonly type: 'Batch'; readonly commands: readonly unknown[] }
  | Extract<
      ClientRequest,
      { type: 'Query' | 'ChangeMembership' | 'TransferLeadership' | 'Snapshot' }
    >;

export interface Door {
  ask(request: DoorRequest): Promise<ClientReply>;
  /**
   * Each change of what `query` names, in order, as this member applies it, until the function returned is called. `onLost`: changes were
   * missed, nothing follows. Null: the machine knows no such watch. `notify` is called while an entry is applied and must not throw.
   */
  watch(
    query: unknown,
    notify: (index: number, change: unknown) => void,
    onLost: () => void,
  ): (() => void) | null;
  /** What this member is like now: members, leader, term, how far it is. */
  status(): MemberStatus;
  /**
   * Calls `notify` with each role that this member takes, and with the one it has when other members are in force, until the function returned is called. Called amid
   * the member's work: must not throw.
   */
  onChange(notify: (role: MemberStatus['role']) => void): () => void;
}

/** The member as a door needs it: a RunningNode is one. */
export interface DoorHost extends Pick<Door, 'watch' | 'status' | 'onChange'> {
  request(request: ClientRequest): Promise<ClientReply>;
}

export interface DoorOptions extends Partial<DoorLimits> {
  /** Changes of membership and transfers are the leader's alone, and no member passes them on: this does, once. Absent: only at the leader. */
  readonly askLeader?: (request: ClientRequest, within: number) => Promise<ClientReply>;
}

export interface DoorLimits {
  /** From asking to the reply, ms. */
  readonly within: number;
  /** How long an ask waits out that no leader is known, ms. */
  readonly leaderless: number;
  /** Asks that may be open at once; beyond them OVERLOADED at once. */
  readonly maxOpen: number;
}

export const defaultDoorLimits: DoorLimits = Object.freeze({
  within: 5000,
  leaderless: 2000,
  maxOpen: 8192,
});
