/** What a node is started with, what is filled in, and what is wrong with it in sentences. */
import { defaultConfig, type MemberId, type RaftConfig, validateConfig } from '@seedraft/core';
import type { ReplicaOptions, StateMachine } from '@seedraft/replica';
import type { Address } from './address.ts';
import type { NodeEvent } from './events.ts';
import type { TlsMaterial } from './frame-socket.ts';
import type { Storage } from './storage.ts';

/** A member of a cluster that is being bootstrapped. Addresses as `host:port`, as the others reach them. */
export interface FirstMember {
  readonly id: MemberId;
  readonly name: string;
  readonly peerAddress: string;
  readonly clientAddress: string;
}

/**
 * `existing`: the directory holds a member. `bootstrap`: once per cluster id, with the same list on every first member. `join`: ask the
 * cluster at `endpoints` (client addresses) for an id; `promote` (default true): become a voter once caught up.
 */
export type Start =
  | { readonly how: 'existing' }
  | {
      readonly how: 'bootstrap';
      readonly clusterId: string;
      readonly id: MemberId;
      readonly members: readonly FirstMember[];
    }
  | {
      readonly how: 'join';
      readonly endpoints: readonly string[];
      readonly name?: string;
      /** Recorded for this member beforehand (`member add`); absent: the cluster gives the next one. */
      readonly id?: MemberId;
      readonly promote?: boolean;
      /** The own token at the cluster, with the admin role. */
      readonly token?: string;
      /** Give up after this many ms without an id. Default: never. */
      readonly within?: number;
    };

/** How members know each other. `open`: whoever reaches the port is believed; for loopback and closed networks. */
export type PeerSecurity =
  | { readonly kind: 'open' }
  /** At least 16 characters, the same on every member. Authenticates connections; does not encrypt them. */
  | { readonly kind: 'secret'; readonly secret: string }
  | ({ readonly kind: 'tls' } & TlsMaterial);

/** `read`: queries, watches, status. `write`: also sessions and commands. `admin`: also membership, transfers and snapshots. */
export type ClientRole = 'read' | 'write' | 'admin';

export interface ClientSecurity {
  /** What a client without a token may do. Default admin when there are no tokens, none otherwise. */
  readonly anonymous?: ClientRole | 'none';
  readonly tokens?: readonly { readonly token: string; readonly role: ClientRole }[];
  /** Encrypts the client port; clients show no certificate. */
  readonly tls?: TlsMaterial;
}

export interface NodeLimits {
  /** Bytes and messages that wait for one peer; beyond them it is cut off and must reconnect. */
  readonly peerQueueBytes: number;
  readonly peerQueueMessages: number;
  /** A peer or client that takes nothing of what waits for it for this long is cut off, ms. */
  readonly stall: number;
  /** How long an introduction may take, ms; and how many may be under way at once. */
  readonly handshake: number;
  readonly maxHandshakes: number;
  readonly maxClientConnections: number;
  /** Requests a client connection may have open. */
  readonly credits: number;
  /** Bytes of replies that wait for one client; beyond them it is cut off. */
  readonly clientQueueBytes: number;
  /** Watches of one client connection. */
  readonly maxWatches: number;
  /** Payload of one frame from a client, and from a peer. */
  readonly maxClientFrame: number;
  readonly maxPeerFrame: number;
  /** Of a graceful stop, ms. */
  readonly stop: number;
}

export const defaultLimits: NodeLimits = Object.freeze({
  peerQueueBytes: 64 * 1024 * 1024,
  peerQueueMessages: 16_384,
  stall: 10_000,
  handshake: 5000,
  maxHandshakes: 64,
  maxClientConnections: 4096,
  credits: 256,
  clientQueueBytes: 32 * 1024 * 1024,
  maxWatches: 1024,
  maxClientFrame: 8 * 1024 * 1024,
  maxPeerFrame: 16 * 1024 * 1024,
  stop: 10_000,
});

export interface NodeOptions {
  readonly directory: string;
  /** `paranoid`: nothing acknowledged can be lost even to power loss and damage at once; slower. Default `default`. */
  readonly durability?: 'default' | 'paranoid';
  readonly machine: StateMachine | (() => StateMachine);
  /** Null: somebody else listens, and hands over connections by `accept`; `advertise.peer` says where. */
  readonly peerListen: Address | null;
  /** Null: no clients here, but those that `accept` is given. */
  readonly clientListen: Address | null;
  /** What others are told, `host:port`, where that differs from what is listened on. */
  readonly advertise?: { readonly peer?: string; readonly client?: string };
  readonly start: Start;
  readonly raft?: Partial<RaftConfig>;
  readonly snapshot?: Partial<ReplicaOptions['snapshot']>;
  readonly maxStateBytes?: number;
  readonly maxOpenRequests?: number;
  readonly security?: { readonly peers?: PeerSecurity; readonly clients?: ClientSecurity };
  readonly limits?: Partial<NodeLimits>;
  /** What happens, as data; called synchronously, must not throw. */
  readonly log?: (event: NodeEvent) => void;
  /** What keeps the data. Default: LevelDB in `directory`. */
  readonly storage?: Storage;
  /** Aborted while it starts (a joiner may wait long to be let in): it ends as INTERRUPTED, and leaves nothing open. Who runs is told to `stop`. */
  readonly signal?: AbortSignal;
}

/** Options with everything filled in. */
export interface Settings {
  readonly raft: RaftConfig;
  readonly snapshot: ReplicaOptions['snapshot'];
  readonly limits: NodeLimits;
  readonly peerSecurity: PeerSecurity;
  readonly clientSecurity: ClientSecurity;
  readonly maxStateBytes: number;
  readonly maxOpenRequests: number;
}

const SHORTEST_SECRET = 16;

/** @returns a sentence for each thing that is wrong. */
export function settle(options: NodeOptions): Settings | readonly string[] {
  const raft = { ...defaultConfig, ...options.raft };
  const snapshot = {
    everyEntries: 100_000,
    everyBytes: 8 * 1024 * 1024,
    mostBytes: 32 * 1024 * 1024,
    keep: 1000,
    keepBytes: 4 * 1024 * 1024,
    ...options.snapshot,
  };
  const limits = { ...defaultLimits, ...options.limits };
  const peerSecurity = options.security?.peers ?? { kind: 'open' };
  const clientSecurity = options.security?.clients ?? {};
  const wrong = [...validateConfig(raft), ...flawsOf(options, peerSecurity, limits)];
  if (raft.snapshotChunkBytes > limits.maxPeerFrame / 2) {
    wrong.push('snapshotChunkBytes must be at most half of maxPeerFrame.');
  }
  if (raft.maxEntryBytes + raft.maxAppendBytes > limits.maxPeerFrame) {
    wrong.push('maxEntryBytes and maxAppendBytes together must fit into maxPeerFrame.');
  }
  if (wrong.length > 0) return wrong;
  const maxStateBytes = options.maxStateBytes ?? 1024 * 1024 * 1024;
  const maxOpenRequests = options.maxOpenRequests ?? 65_536;
  return { raft, snapshot, limits, peerSecurity, clientSecurity, maxStateBytes, maxOpenRequests };
}

function flawsOf(options: NodeOptions, peers: PeerSecurity, limits: NodeLimits): string[] {
  const wrong: string[] = [];
  for (const [limit, value] of Object.entries(limits) as [string, number][]) {
    if (!Number.isSafeInteger(value) || value < 1) {
      wrong.push(`limits.${limit} must be an integer of at least 1, not ${value}.`);
    }
  }
  if (peers.kind === 'secret' && peers.secret.length < SHORTEST_SECRET) {
    wrong.push(
      `The cluster secret must have at least ${SHORTEST_SECRET} characters: a short one can be guessed from one connection.`,
    );
  }
  if (options.peerListen === null && options.advertise?.peer === undefined) {
    wrong.push(
      'Where nothing is listened on for members, advertise.peer must say where they come.',
    );
  }
  const { start } = options;
  if (start.how === 'bootstrap') {
    const ids = start.members.map(({ id }) => id);
    if (new Set(ids).size !== ids.length) wrong.push('Two first members have the same id.');
    if (!ids.includes(start.id)) wrong.push(`Member ${start.id} is not among the first members.`);
    if (ids.some((id) => !Number.isSafeInteger(id) || id < 1)) {
      wrong.push('The ids of members are integers of at least 1.');
    }
    if (start.clusterId === '') wrong.push('A cluster needs an id.');
  }
  if (start.how === 'join' && start.endpoints.length === 0) {
    wrong.push('To join a cluster, name the client address of at least one member.');
  }
  return wrong;
}
