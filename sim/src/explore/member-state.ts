/**
 * What a member is to an exploration, what may enter it, and what comes of it: the shapes between the driver (member.ts), the rules and the walk.
 */
import type {
  Configuration,
  Effects,
  MemberId,
  Message,
  PeerMessage,
  Raft,
  Role,
  Term,
} from '@seedraft/core';
import type { Violation } from '../observer.ts';
import type { Hashes } from './hash.ts';
import type { LogNode } from './logs.ts';

/** What a disk holds, or will hold once a write is carried out. */
export interface Disk {
  readonly term: Term;
  readonly vote: MemberId;
  readonly log: LogNode;
}

export interface Write extends Disk {
  readonly seq: number;
}

export interface MemberState {
  readonly number: number;
  readonly id: MemberId;
  readonly raft: Raft;
  readonly disk: Disk;
  /** Writes under way, oldest first. */
  readonly pending: readonly Write[];
  /** The log with all of them: what the member goes by. */
  readonly log: LogNode;
  readonly role: Role;
  readonly term: Term;
  readonly vote: MemberId;
  readonly commit: number;
  /** History for the rules: who granted it a vote in its candidacy, and what it acknowledged last. */
  readonly granted: readonly MemberId[];
  readonly ackedTerm: Term;
  readonly ackedIndex: number;
  readonly hashes: Hashes;
  readonly results: Map<number, Result>;
}

/** What one input makes of a member. */
export interface Result {
  /** Null: it broke one of its own rules, and stopped. */
  readonly next: MemberState | null;
  /** Letters, by number. */
  readonly sent: readonly number[];
  /** The core's effects, for people. */
  readonly effects: readonly Effects[];
  readonly becameLeader: boolean;
  /** Who granted its vote in the message of this step; 0: nobody. */
  readonly granting: MemberId;
  /** In force when it stepped, before what it appended in the step. */
  readonly configurationBefore: Configuration;
  /** Broken by this member alone, whatever the others do; the first in the order of the rulebook. */
  readonly violations: readonly Violation[];
  /** Nothing happened: to take the step is to waste it. */
  readonly idle: boolean;
}

export type Input =
  | { readonly type: 'deliver'; readonly letter: number }
  | { readonly type: 'tick' }
  | { readonly type: 'persisted' }
  | { readonly type: 'crash'; readonly kept: number }
  | { readonly type: 'propose'; readonly ordinal: number }
  | { readonly type: 'change'; readonly subject: MemberId; readonly add: boolean };

/** A step under way: what the core did in it so far. */
export interface Doing {
  readonly before: MemberState;
  readonly message: Message;
  readonly effects: Effects;
  readonly raft: Raft;
  readonly disk: Disk;
  /** The log after the step. */
  readonly log: LogNode;
  readonly bootstrap: Configuration;
}

export function configurationOf(log: LogNode, bootstrap: Configuration): Configuration {
  return log.configured.entry?.configuration ?? bootstrap;
}

export function isAcknowledgement(
  rpc: PeerMessage,
): rpc is PeerMessage & { type: 'AppendEntriesReply' } {
  return rpc.type === 'AppendEntriesReply' && rpc.success && rpc.matchIndex > 0;
}
