/**
 * What a member says of itself when asked for its Status: a plain record, since people and dashboards read it. Nothing in it is promised to
 * be true a moment later. The wire carries it as the opaque value of an Ok; fields may be added, and readers ignore what they do not know.
 */
import type { Configuration, Index, MemberId, Term } from '@seedraft/core';

export interface MemberStatus {
  readonly clusterId: string;
  readonly id: MemberId;
  readonly name: string;
  readonly incarnation: string;
  /** Of the software. */
  readonly version: string;
  readonly role: 'follower' | 'pre-candidate' | 'candidate' | 'leader';
  readonly term: Term;
  /** 0: unknown. */
  readonly leader: MemberId;
  /** Where the leader serves clients; empty: unknown. */
  readonly leaderAddress: string;
  readonly commitIndex: Index;
  readonly appliedIndex: Index;
  readonly lastIndex: Index;
  /** Of the entry at lastIndex. */
  readonly lastTerm: Term;
  readonly firstIndex: Index;
  readonly snapshotIndex: Index;
  /** ms. */
  readonly clusterTime: number;
  /** 16 hex digits, over machine, sessions and cluster time at appliedIndex. */
  readonly stateDigest: string;
  readonly stateBytes: number;
  /** What is wrong with this member's disk, in a sentence; null: nothing. */
  readonly damaged: string | null;
  /** Why this first member may not vote yet, in a sentence; null: it may, as far as the founding of the cluster is concerned. */
  readonly founding: string | null;
  readonly configuration: Configuration;
  /** On the leader, one for each other member; elsewhere empty. */
  readonly progress: readonly MemberProgress[];
  /** It is a voter, in a configuration that may be in force. */
  readonly isElectable: boolean;
  /** As drawn, and what of it has passed without a leader being heard, ms; 0 has passed where this one leads. */
  readonly electionTimeout: number;
  readonly electionElapsed: number;
  /** ms since the member started. */
  readonly uptime: number;
}

export interface MemberProgress {
  readonly id: MemberId;
  readonly matchIndex: Index;
  readonly nextIndex: Index;
  readonly state: 'probe' | 'replicate' | 'snapshot';
}
