/** distraft's environment: who this is, where everybody is, and its timeouts in seconds. Its members have names: they are numbered in the order of these. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { formatAddress } from '@seedraft/node';
import { UsageError } from '../exit-codes.ts';
import type { Launch } from './launch.ts';
import { addressOf, digestOf, logLevelOf } from './raftnode.ts';

interface Listed {
  readonly name: string;
  readonly peer: string;
  readonly client: string;
}

export function distraftLaunch(environment: NodeJS.ProcessEnv): Launch {
  const name = environment.DISTRAFT_NAME ?? 'default';
  const listed = clusterOf(environment.DISTRAFT_CLUSTER);
  const id = listed.findIndex((one) => one.name === name) + 1;
  const own = listed[id - 1];
  if (own === undefined) {
    const names = listed.map((one) => one.name).join(', ');
    throw new UsageError(`DISTRAFT_CLUSTER has no ${name} (DISTRAFT_NAME): it lists ${names}.`);
  }
  const host = (variable: string) => environment[variable] ?? '127.0.0.1';
  const listen = `${host('DISTRAFT_HOST')}:${environment.DISTRAFT_UDP_PORT ?? 9000}`;
  const apiListen = `${host('DISTRAFT_CLIENT_HOST')}:${environment.DISTRAFT_TCP_PORT ?? 5000}`;
  const election = secondsOf(environment, 'DISTRAFT_ELECTION_TIMEOUT', 0.5);
  const spread = numberOf(environment, 'DISTRAFT_TIMEOUT_SPREAD_RATIO', 2);
  const members = listed.map((one, at) => ({
    id: at + 1,
    name: one.name,
    peerAddress: one.peer,
    clientAddress: one.client,
  }));
  return {
    protocol: 'distraft',
    id,
    name,
    listen: addressOf('DISTRAFT_HOST and DISTRAFT_UDP_PORT', listen),
    apiListen: addressOf('DISTRAFT_CLIENT_HOST and DISTRAFT_TCP_PORT', apiListen),
    advertised: { peer: own.peer, client: own.client },
    directory: directoryOf(environment, name),
    start: {
      how: 'bootstrap',
      clusterId: `distraft-${digestOf(listed.map((one) => Object.values(one).join(' ')))}`,
      id,
      members,
    },
    others: listed.filter((one) => one !== own).map(({ client }) => client),
    raft: {
      electionTimeoutMin: election,
      electionTimeoutMax: Math.max(election + 1, Math.round(election * spread)),
      heartbeatInterval: secondsOf(environment, 'DISTRAFT_HEARTBEAT_TIMEOUT', 0.1),
    },
    logLevel: logLevelOf(environment.DISTRAFT_LOG_LEVEL),
  };
}

/** `name=peer_host:peer_port:client_host:client_port,...`, in the order of the names. */
function clusterOf(text: string | undefined): readonly Listed[] {
  const form = 'name=peer_host:peer_port:client_host:client_port,...';
  if (text === undefined || text === '') {
    throw new UsageError(`DISTRAFT_CLUSTER: list all members, this one too: ${form}`);
  }
  const listed = text.split(',').map((one) => {
    const match = /^\s*([^=\s]+)=([^:]+):(\d+):([^:]+):(\d+)\s*$/.exec(one);
    if (match === null) throw new UsageError(`DISTRAFT_CLUSTER: ${one} is not ${form}`);
    const [, name, peerHost, peerPort, clientHost, clientPort] = match;
    const peer = formatAddress(addressOf('DISTRAFT_CLUSTER', `${peerHost}:${peerPort}`));
    const client = formatAddress(addressOf('DISTRAFT_CLUSTER', `${clientHost}:${clientPort}`));
    return { name: name!, peer, client };
  });
  return listed.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function directoryOf(environment: NodeJS.ProcessEnv, name: string): string {
  const { DISTRAFT_DATA_PATH: data, DISTRAFT_LOG_PATH: log } = environment;
  const directory = path.join(data ?? log ?? path.join('.seedraft', 'distraft'), name);
  const isReset = /^(1|true|yes|on)$/i.test(environment.DISTRAFT_RESET_LOGS ?? '');
  if (isReset) rmSync(directory, { recursive: true, force: true });
  return directory;
}

function numberOf(environment: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const value = Number(environment[name] ?? fallback);
  if (Number.isFinite(value) && value > 0) return value;
  throw new UsageError(`${name} ${environment[name]}: give a number above 0.`);
}

function secondsOf(environment: NodeJS.ProcessEnv, name: string, fallback: number): number {
  return Math.max(1, Math.round(1000 * numberOf(environment, name, fallback)));
}
