/** What a member says of itself: to whoever asks for its Status, and as figures for those who watch it over time. */
import type { Entry } from '@seedraft/core';
import type { Replica, StateMachine } from '@seedraft/replica';
import type { MemberStatus } from '@seedraft/wire';
import type { ClientFigures } from './clients.ts';
import type { Driver } from './driver.ts';
import { describeFounding } from './founding.ts';
import type { SocketFigures } from './frame-socket.ts';
import type { HistogramSnapshot } from './histogram.ts';
import type { PeerFigures, Peers } from './peers.ts';
import type { Identity } from './storage.ts';

/** Of the software; every room has the same. */
export const VERSION = '0.1.0';

export function statusOf(
  identity: Identity,
  replica: Replica,
  machine: StateMachine,
  damaged: string | null,
  uptime: number,
): MemberStatus {
  const { clusterId, id, name, incarnation } = identity;
  const raft = replica.raft.status();
  const leader = raft.configuration.members.find((member) => member.id === raft.leader);
  const { hi, lo } = replica.digest();
  return {
    clusterId,
    id,
    name,
    incarnation,
    version: VERSION,
    role: raft.role,
    term: raft.term,
    leader: raft.leader,
    leaderAddress: leader?.clientAddress ?? '',
    commitIndex: raft.commitIndex,
    appliedIndex: replica.appliedIndex,
    lastIndex: raft.lastIndex,
    lastTerm: replica.raft.log.lastTerm,
    firstIndex: raft.firstIndex,
    snapshotIndex: raft.snapshot?.lastIncludedIndex ?? 0,
    clusterTime: replica.clusterTime,
    stateDigest: hex(hi) + hex(lo),
    stateBytes: machine.size?.() ?? 0,
    damaged,
    founding: describeFounding(replica.founding, replica.raft.configuration),
    configuration: raft.configuration,
    progress: raft.followers.map(({ id, matchIndex, nextIndex, state }) => ({
      id,
      matchIndex,
      nextIndex,
      state,
    })),
    isElectable: raft.isElectable,
    electionTimeout: raft.electionTimeout,
    electionElapsed: raft.electionElapsed,
    uptime,
  };
}

const MOST_ENTRIES = 1000;
const MOST_ENTRY_BYTES = 1 << 20;

/** What a log holds of a range, as far as one answer goes; one entry at least, however large. */
export function entriesOf(
  log: Replica['raft']['log'],
  { from, to }: { readonly from: number; readonly to: number },
): readonly Entry[] {
  const found: Entry[] = [];
  let bytes = 0;
  const last = Math.min(to, log.lastIndex);
  for (let at = Math.max(from, log.firstIndex); at <= last; at++) {
    const entry = log.entryAt(at)!;
    bytes += entry.data.length;
    if (found.length === MOST_ENTRIES || (found.length > 0 && bytes > MOST_ENTRY_BYTES)) break;
    found.push(entry);
  }
  return found;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

/** Figures at one moment. Names carry their units; what only grows says so by `Total`. */
export interface NodeMetrics {
  readonly raft: {
    readonly id: number;
    readonly term: number;
    readonly isLeader: boolean;
    readonly leader: number;
    readonly commitIndex: number;
    readonly appliedIndex: number;
    readonly lastIndex: number;
    readonly firstIndex: number;
    readonly snapshotIndex: number;
    readonly snapshotBytes: number;
    readonly logBytes: number;
    readonly uncommittedBytes: number;
    readonly voters: number;
    readonly learners: number;
    readonly stepsTotal: number;
    readonly commitsTotal: number;
    readonly electionsTotal: number;
    readonly requestsTotal: number;
    readonly openRequests: number;
    readonly refusedPeerMessagesTotal: number;
    readonly stateBytes: number;
    readonly clusterTimeMilliseconds: number;
    /** Entries that the slowest follower lacks; 0 where none is led. */
    readonly followerLagEntries: number;
  };
  readonly store: {
    readonly persist: HistogramSnapshot;
    readonly isDamaged: boolean;
    readonly diskBytes: number;
  };
  readonly transport: {
    readonly peers: readonly {
      readonly id: number;
      readonly isConnected: boolean;
      readonly waitingBytes: number;
    }[];
    readonly peerSockets: Readonly<SocketFigures>;
    readonly clientSockets: Readonly<SocketFigures>;
    readonly peerMessages: Readonly<PeerFigures>;
    readonly clients: Readonly<ClientFigures>;
  };
  readonly process: {
    readonly uptimeMilliseconds: number;
    readonly residentBytes: number;
    readonly heapUsedBytes: number;
    readonly externalBytes: number;
    readonly cpuUserMicroseconds: number;
    readonly cpuSystemMicroseconds: number;
    readonly turnsTotal: number;
    readonly turn: HistogramSnapshot;
  };
}

export interface Measured {
  readonly driver: Driver;
  readonly machine: StateMachine;
  readonly peers: Peers;
  readonly peerSockets: SocketFigures;
  readonly clientSockets: SocketFigures;
  readonly clients: ClientFigures;
  readonly damaged: string | null;
  readonly diskBytes: number;
  readonly uptime: number;
}

export function metricsOf(measured: Measured): NodeMetrics {
  const { driver, peers, damaged, diskBytes } = measured;
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    raft: raftMetrics(measured),
    store: {
      persist: driver.persistTimes.snapshot(),
      isDamaged: damaged !== null,
      diskBytes,
    },
    transport: {
      peers: peers.status().map(({ id, connected, waitingBytes }) => ({
        id,
        isConnected: connected,
        waitingBytes,
      })),
      peerSockets: { ...measured.peerSockets },
      clientSockets: { ...measured.clientSockets },
      peerMessages: { ...peers.figures },
      clients: { ...measured.clients },
    },
    process: {
      uptimeMilliseconds: measured.uptime,
      residentBytes: rss,
      heapUsedBytes: heapUsed,
      externalBytes: external,
      cpuUserMicroseconds: user,
      cpuSystemMicroseconds: system,
      turnsTotal: driver.figures.turns,
      turn: driver.turnTimes.snapshot(),
    },
  };
}

function raftMetrics({ driver, machine }: Measured): NodeMetrics['raft'] {
  const { replica, figures } = driver;
  const raft = replica.raft.status();
  const roles = raft.configuration.members.map(({ role }) => role);
  const lags = raft.followers.map(({ matchIndex }) => raft.lastIndex - matchIndex);
  return {
    id: raft.id,
    term: raft.term,
    isLeader: raft.role === 'leader',
    leader: raft.leader,
    commitIndex: raft.commitIndex,
    appliedIndex: replica.appliedIndex,
    lastIndex: raft.lastIndex,
    firstIndex: raft.firstIndex,
    snapshotIndex: raft.snapshot?.lastIncludedIndex ?? 0,
    snapshotBytes: raft.snapshot?.size ?? 0,
    logBytes: raft.logBytes,
    uncommittedBytes: raft.uncommittedBytes,
    voters: roles.filter((role) => role === 'voter').length,
    learners: roles.filter((role) => role === 'learner').length,
    stepsTotal: figures.steps,
    commitsTotal: figures.commits,
    electionsTotal: figures.elections,
    requestsTotal: figures.requests,
    openRequests: driver.openRequests,
    refusedPeerMessagesTotal: replica.refusedMessages,
    stateBytes: machine.size?.() ?? 0,
    clusterTimeMilliseconds: replica.clusterTime,
    followerLagEntries: Math.max(0, ...lags),
  };
}
