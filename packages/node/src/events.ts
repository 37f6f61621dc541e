/**
 * What a node tells whoever watches it, as typed data: the command turns these into log lines, tests wait for them. `level` is a proposal:
 * error needs somebody soon, warn somebody some day.
 */
import type { Event, MemberId } from '@seedraft/core';
import type { PeerRefusalCode } from '@seedraft/wire';

type Happening =
  /** It listens and takes part. */
  | {
      readonly type: 'Started';
      readonly id: MemberId;
      readonly clusterId: string;
      readonly incarnation: string;
      readonly peerAddress: string;
      readonly clientAddress: string;
      /** The core draws from it: with the messages it makes a life repeatable. */
      readonly seed: readonly [number, number, number, number];
    }
  /** The data directory needs its peers' help, or an operator's: the sentence says which. */
  | { readonly type: 'StorageWarning'; readonly sentence: string }
  | { readonly type: 'Raft'; readonly event: Event }
  | { readonly type: 'PeerConnected'; readonly id: MemberId; readonly address: string }
  | {
      readonly type: 'PeerDisconnected';
      readonly id: MemberId;
      readonly address: string;
      readonly reason: string;
    }
  /** It would not talk to us (`by` them), or we not to it (`by` us). */
  | {
      readonly type: 'PeerRefused';
      /** 0: it never said who it is. */
      readonly id: MemberId;
      readonly address: string;
      readonly by: 'us' | 'them';
      readonly code: PeerRefusalCode;
      readonly sentence: string;
    }
  /** Cut off: it does not read what is sent to it. It may connect again. */
  | { readonly type: 'PeerSlow'; readonly id: MemberId; readonly waitingBytes: number }
  /** Bytes that are not of the protocol; the connection was closed. */
  | {
      readonly type: 'BadFrame';
      readonly from: 'peer' | 'client';
      readonly address: string;
      readonly code: string;
      readonly reason: string;
    }
  | {
      readonly type: 'ConnectionRefused';
      readonly from: 'peer' | 'client';
      readonly address: string;
      readonly reason: string;
    }
  | { readonly type: 'ClientConnected'; readonly client: string; readonly address: string }
  | {
      readonly type: 'ClientDisconnected';
      readonly client: string;
      readonly address: string;
      readonly reason: string;
    }
  /** This first member waits for others before it may vote. */
  | { readonly type: 'Founding'; readonly sentence: string }
  /** It may vote from now on. */
  | { readonly type: 'Founded' }
  | { readonly type: 'Joining'; readonly step: string }
  | { readonly type: 'Stopping'; readonly step: string }
  /** The last event. */
  | {
      readonly type: 'Stopped';
      readonly code: string;
      readonly sentence: string;
      /** Where what is needed to find the cause was written; '' when nothing was. */
      readonly report: string;
    };

export type NodeEvent = Happening & { readonly level: 'debug' | 'info' | 'warn' | 'error' };

const LEVELS: Readonly<Record<Happening['type'], NodeEvent['level']>> = {
  Started: 'info',
  StorageWarning: 'warn',
  Raft: 'info',
  PeerConnected: 'info',
  PeerDisconnected: 'info',
  PeerRefused: 'error',
  PeerSlow: 'warn',
  BadFrame: 'warn',
  ConnectionRefused: 'warn',
  ClientConnected: 'debug',
  ClientDisconnected: 'debug',
  Founding: 'info',
  Founded: 'info',
  Joining: 'info',
  Stopping: 'info',
  Stopped: 'error',
};

/** Gives each event its level. */
export function eventLog(log: ((event: NodeEvent) => void) | undefined) {
  return (event: Happening): void => {
    if (log === undefined) return;
    const isOrderly = event.type === 'Stopped' && event.code === 'STOPPED';
    log({ ...event, level: isOrderly ? 'info' : LEVELS[event.type] });
  };
}

export type EventLog = ReturnType<typeof eventLog>;
