/**
 * raftify's configuration keys in our words: its defaults where a key is absent and a default of ours would be another, and a sentence for each key that was
 * given and has no meaning here. The table is in api's README.
 */
import type { CreateNodeOptions } from '../create-node.ts';

/** Its keys, written our way; sizes in bytes, as there. */
export interface RaftifyConfig {
  /** ms; default 100. All ticks are multiples of it. */
  readonly tickInterval?: number;
  /** Without a leader for this many ticks, and up to twice as many: elect. Default 20. */
  readonly electionTick?: number;
  /** Default 2. */
  readonly heartbeatTick?: number;
  /** 0: an entry a message. */
  readonly maxSizePerMsg?: number;
  /** Default 256. */
  readonly maxInflightMsgs?: number;
  readonly checkQuorum?: boolean;
  readonly preVote?: boolean;
  /** `lease`: reads that ask for it are served without asking the others. */
  readonly readOnlyOption?: 'safe' | 'lease';
  readonly maxUncommittedSize?: number;
  readonly maxCommittedSizePerReady?: number;
  readonly priority?: number;
  readonly snapshotInterval?: number;
  readonly initialPeers?: readonly {
    readonly id: number;
    readonly addr: string;
    readonly role: 'leader' | 'voter' | 'learner';
  }[];
  readonly clusterId?: string;
  /** PEM, for members and clients alike. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
  readonly bootstrapFromSnapshot?: string;
  /** ms; 2000 there. */
  readonly confChangeTimeout?: number;
}

type Options = Partial<Pick<CreateNodeOptions, 'config' | 'cluster' | 'security' | 'peers'>>;

export interface RaftifyOptions {
  /** To be spread among those of `createNode`. */
  readonly options: Options;
  /** Of keys that were given and do nothing: which, and what to do instead. */
  readonly unused: readonly string[];
}

const ELSEWHERE = {
  maxCommittedSizePerReady: 'entries are applied as they are committed; no batch of them is made',
  priority: "it is the configuration's: give it with `members.update`",
  snapshotInterval:
    'snapshots follow the entries and bytes since the last (`snapshot`), or are taken by `snapshot()`; idle time needs none',
  bootstrapFromSnapshot: '`seedraft restore` makes the directories of a new cluster of a backup',
  confChangeTimeout: 'whoever asks for a change says how long it waits: `{ timeout }`',
} as const satisfies Partial<Record<keyof RaftifyConfig, string>>;

/** `own`: this member's id, which `peers` leaves out. */
export function raftifyConfig(keys: RaftifyConfig, own = 1): RaftifyOptions {
  const { clusterId, tls, initialPeers } = keys;
  const unused = Object.entries(ELSEWHERE)
    .filter(([key]) => keys[key as keyof RaftifyConfig] !== undefined)
    .map(([key, why]) => `${key}: ${why}.`);
  const learners = initialPeers?.filter(({ role }) => role === 'learner') ?? [];
  for (const { id } of learners) {
    unused.push(`initialPeers: ${id} is a learner: it joins, by a ticket or with \`--learner\`.`);
  }
  const voters = initialPeers?.filter(({ id, role }) => id !== own && role !== 'learner');
  return {
    options: {
      config: raftConfig(keys),
      ...(clusterId !== undefined && { cluster: clusterId }),
      ...(tls && { security: { peers: { kind: 'tls', ...tls }, clients: { tls } } as const }),
      ...(voters && { peers: voters.map(({ id, addr }) => ({ id, address: addr })) }),
    },
    unused,
  };
}

function raftConfig(keys: RaftifyConfig): NonNullable<CreateNodeOptions['config']> {
  const { tickInterval = 100, electionTick = 20, heartbeatTick = 2, maxInflightMsgs = 256 } = keys;
  const { maxSizePerMsg, maxUncommittedSize, checkQuorum, preVote, readOnlyOption } = keys;
  const electionTimeoutMin = tickInterval * electionTick;
  return {
    electionTimeoutMin,
    electionTimeoutMax: 2 * electionTimeoutMin,
    heartbeatInterval: tickInterval * heartbeatTick,
    maxInflightMessages: maxInflightMsgs,
    ...(maxSizePerMsg === 0 && { maxAppendEntries: 1 }),
    ...(maxSizePerMsg && { maxAppendBytes: maxSizePerMsg }),
    ...(maxUncommittedSize !== undefined && { maxUncommittedBytes: maxUncommittedSize }),
    ...(checkQuorum !== undefined && { checkQuorum }),
    ...(preVote !== undefined && { preVote }),
    ...(readOnlyOption !== undefined && { leaseReads: readOnlyOption === 'lease' }),
  };
}
