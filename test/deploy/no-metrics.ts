/** Figures of a member that has done nothing. */
import type { NodeMetrics } from '@seedraft/node';
import type { BackupFigures } from '../../packages/seedraft/src/serve/backup-schedule.ts';

const NO_TIMES = { boundsMilliseconds: [1], counts: [0, 0], count: 0, sumMilliseconds: 0 };
const NO_BYTES = { bytesReceived: 0, bytesSent: 0, framesReceived: 0, framesSent: 0, writes: 0 };

export const NO_METRICS = {
  raft: {
    ...{
      id: 1,
      term: 0,
      isLeader: false,
      leader: 0,
      commitIndex: 0,
      appliedIndex: 0,
      lastIndex: 0,
    },
    ...{ firstIndex: 1, snapshotIndex: 0, snapshotBytes: 0, logBytes: 0, uncommittedBytes: 0 },
    ...{
      voters: 1,
      learners: 0,
      stepsTotal: 0,
      commitsTotal: 0,
      electionsTotal: 0,
      requestsTotal: 0,
    },
    ...{ openRequests: 0, refusedPeerMessagesTotal: 0, stateBytes: 0, clusterTimeMilliseconds: 0 },
    followerLagEntries: 0,
  },
  store: { persist: NO_TIMES, isDamaged: false, diskBytes: 0 },
  transport: { peers: [], peerSockets: NO_BYTES, clientSockets: NO_BYTES },
  process: {
    ...{ uptimeMilliseconds: 0, residentBytes: 0, heapUsedBytes: 0, externalBytes: 0 },
    ...{ cpuUserMicroseconds: 0, cpuSystemMicroseconds: 0, turnsTotal: 0, turn: NO_TIMES },
  },
} as unknown as NodeMetrics;

export const NO_BACKUPS: BackupFigures = {
  ...{ lastSuccess: 0, url: '', bytes: 0, duration: 0, failuresTotal: 0, failure: '' },
  interval: 1000,
};
