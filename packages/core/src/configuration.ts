/**
 * Who counts. A configuration is data in the log; the latest one in the log is in force, committed or not (dissertation 4.1).
 * Single-server and joint changes share this one shape.
 */

/** Recorded by the log, never handed out twice. A positive safe integer. */
export type MemberId = number;

export interface Member {
  readonly id: MemberId;
  /** 32 hex digits: the data directory this id is bound to; '' until first heard (storage.md, incarnations). */
  readonly incarnation: string;
  readonly name: string;
  readonly peerAddress: string;
  readonly clientAddress: string;
  /** In the incoming configuration. `leaving`: only in `outgoing`, dropped when the joint configuration is left. */
  readonly role: 'voter' | 'learner' | 'leaving';
  /** Preferred leaders have a higher priority; 0 is ordinary. */
  readonly priority: number;
}

export interface Configuration {
  /** Everyone who receives entries, sorted by id. */
  readonly members: readonly Member[];
  /** While joint: the voters of the configuration being left, sorted. Null otherwise. */
  readonly outgoing: readonly MemberId[] | null;
  /** While joint: the leader proposes leaving by itself once the joint entry is committed. */
  readonly autoLeave: boolean;
}

export type MemberChange =
  | { readonly type: 'add'; readonly member: Member }
  | { readonly type: 'promote'; readonly id: MemberId }
  | { readonly type: 'demote'; readonly id: MemberId }
  | { readonly type: 'remove'; readonly id: MemberId }
  /** Bind an incarnation, or change addresses, name or priority; never the role. */
  | { readonly type: 'update'; readonly member: Member };
