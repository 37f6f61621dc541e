/**
 * One member under test, alone: its peers are what the test says they sent, its disk answers when the test says so. Nothing is random and
 * nothing happens by itself. Times: every election timeout is exactly 100 ms, a heartbeat is due every 30; PreVote and CheckQuorum are off,
 * since the figures know neither.
 */
import type {
  AppendEntries,
  Configuration,
  Effects,
  Entry,
  Message,
  PeerMessage,
  Persist,
  RaftConfig,
  Reply,
  SnapshotMetadata,
} from '@seedraft/core';
import { defaultConfig, Raft } from '@seedraft/core';
import { voters } from './world.ts';

export const FIGURE: RaftConfig = {
  ...defaultConfig,
  electionTimeoutMin: 100,
  electionTimeoutMax: 100,
  heartbeatInterval: 30,
  preVote: false,
  checkQuorum: false,
};

type Unstamped<M> = M extends Message ? Omit<M, 'at'> : never;
type Loose<M> = M extends PeerMessage
  ? Omit<M, 'from' | 'to' | 'term'> & { readonly from?: number; readonly term?: number }
  : never;

/** A peer's message to member 1: from 2 and in the subject's own term, unless said otherwise. */
export type LooseRpc = Loose<PeerMessage>;

/** What came out, of one step or several. */
export interface Seen {
  readonly messages: PeerMessage[];
  readonly persists: Persist[];
  readonly commits: Entry[];
  readonly replies: Reply[];
  readonly chunks: NonNullable<Effects['snapshotChunk']>[];
}

export interface Start {
  readonly term?: number;
  readonly votedFor?: number;
  /** The terms of the entries after the snapshot (or from index 1), all durable. */
  readonly log?: readonly number[];
  readonly snapshot?: SnapshotMetadata;
  readonly voters?: readonly number[];
  readonly configuration?: Configuration;
  readonly config?: Partial<RaftConfig>;
}

const bytes = new TextEncoder();

export function entry(index: number, term: number): Entry {
  const data = bytes.encode(`${index}@${term}`);
  return { index, term, kind: 'command', data, checksum: 0, configuration: null };
}

/** Entries with these terms, the first at `index`. */
export function entriesFrom(index: number, terms: readonly number[]): Entry[] {
  return terms.map((term, i) => entry(index + i, term));
}

/** AppendEntries after `prev` (index, term), with entries of these terms. */
export function append(
  prev: readonly [number, number],
  terms: readonly number[],
  rest: { readonly commit?: number; readonly term?: number; readonly from?: number } = {},
): Loose<AppendEntries> {
  const { commit, ...envelope } = rest;
  return {
    type: 'AppendEntries',
    prevLogIndex: prev[0],
    prevLogTerm: prev[1],
    entries: entriesFrom(prev[0] + 1, terms),
    leaderCommit: commit ?? 0,
    round: 1,
    ...envelope,
  };
}

/** A snapshot of everything up to `lastIncludedIndex`, 10 bytes long. */
export function snapshotAt(
  lastIncludedIndex: number,
  lastIncludedTerm: number,
  rest: Partial<SnapshotMetadata> = {},
): SnapshotMetadata {
  return {
    id: `snapshot-${lastIncludedIndex}`,
    lastIncludedIndex,
    lastIncludedTerm,
    configuration: voters(1, 2, 3),
    configurationIndex: 0,
    size: 10,
    checksum: 0,
    ...rest,
  };
}

export class Subject {
  readonly raft: Raft;
  now = 1000;
  #answered = 0;
  #issued = 0;

  constructor(start: Start = {}) {
    const { snapshot = null, log = [] } = start;
    this.raft = new Raft({
      id: 1,
      config: { ...FIGURE, ...start.config },
      recovered: {
        hardState: { term: start.term ?? log.at(-1) ?? 0, votedFor: start.votedFor ?? 0 },
        snapshot,
        entries: entriesFrom((snapshot?.lastIncludedIndex ?? 0) + 1, log),
        configuration: start.configuration ?? voters(...(start.voters ?? [1, 2, 3])),
        applied: snapshot?.lastIncludedIndex ?? 0,
        repairUntil: 0,
      },
      seed: [1, 2, 3, 4],
      at: this.now,
    });
  }

  /** One step; nothing it wrote is durable yet. */
  step(message: Unstamped<Message>): Seen {
    const effects = this.raft.step({ ...message, at: this.now } as Message);
    if (effects.persist !== null) this.#issued = effects.persist.seq;
    return {
      messages: [...effects.messages],
      persists: effects.persist === null ? [] : [effects.persist],
      commits: [...effects.commits],
      replies: [...effects.replies],
      chunks: effects.snapshotChunk === null ? [] : [effects.snapshotChunk],
    };
  }

  hear(rpc: LooseRpc): Seen {
    const envelope = { from: 2, term: this.raft.currentTerm };
    return this.step({ type: 'Receive', rpc: { ...envelope, ...rpc, to: 1 } as PeerMessage });
  }

  /** The disk finishes everything asked of it so far, and what that causes. */
  persisted(): Seen {
    const seen: Seen = { messages: [], persists: [], commits: [], replies: [], chunks: [] };
    while (this.#answered < this.#issued) {
      this.#answered = this.#issued;
      merge(seen, this.step({ type: 'Persisted', seq: this.#answered }));
    }
    return seen;
  }

  /** `hear`, with a disk that finishes at once: all that came of it. */
  ask(rpc: LooseRpc): Seen {
    return merge(this.hear(rpc), this.persisted());
  }

  /** Lets `ms` pass, and ticks; the disk finishes at once. */
  wait(ms: number): Seen {
    this.now += ms;
    return merge(this.step({ type: 'Tick' }), this.persisted());
  }

  propose(id: number, command = 'x'): Seen {
    const proposals = [{ id, data: bytes.encode(command), checksum: 0 }];
    return this.step({ type: 'Propose', proposals });
  }

  /** Terms of the log in memory. */
  get terms(): number[] {
    const terms: number[] = [];
    const { log } = this.raft;
    for (let i = log.firstIndex; i <= log.lastIndex; i += 1) terms.push(log.termAt(i) as number);
    return terms;
  }

  /** Makes it the leader of its next term, by the votes of `granting`, and returns what its election sent. */
  elect(...granting: number[]): Seen {
    this.wait(100);
    const seen: Seen = { messages: [], persists: [], commits: [], replies: [], chunks: [] };
    for (const from of granting) {
      merge(seen, this.ask({ type: 'RequestVoteReply', from, voteGranted: true }));
    }
    if (this.raft.role !== 'leader') throw new Error('not elected by these votes');
    return seen;
  }

  /** A follower's acknowledgement up to `matchIndex`. */
  acknowledge(from: number, matchIndex: number): Seen {
    return this.ask({
      type: 'AppendEntriesReply',
      from,
      success: true,
      matchIndex,
      rejectedIndex: 0,
      conflictIndex: 0,
      conflictTerm: 0,
      round: 0,
      lastIndex: matchIndex,
    });
  }

  /** What the leader believes of a follower. */
  follower(id: number): { readonly nextIndex: number; readonly matchIndex: number } {
    const known = this.raft.status().followers.find((follower) => follower.id === id);
    if (known === undefined) throw new Error(`n${id} is not a follower`);
    return known;
  }
}

/** Adds `more` to `seen`. */
function merge(seen: Seen, more: Seen): Seen {
  seen.messages.push(...more.messages);
  seen.persists.push(...more.persists);
  seen.commits.push(...more.commits);
  seen.replies.push(...more.replies);
  seen.chunks.push(...more.chunks);
  return seen;
}

/** Only messages of this type, typed. */
export function only<T extends PeerMessage['type']>(
  seen: Seen,
  type: T,
): Extract<PeerMessage, { readonly type: T }>[] {
  return seen.messages.filter((message) => message.type === type) as Extract<
    PeerMessage,
    { readonly type: T }
  >[];
}
