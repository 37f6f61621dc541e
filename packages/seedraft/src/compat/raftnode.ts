/** raftnode's command line: `--ip`, `--peers` and where the data goes. Its members have no ids: they are numbered by the sorted list of all addresses. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { type Address, formatAddress, parseAddress } from '@seedraft/node';
import { UsageError } from '../exit-codes.ts';
import type { Launch } from './launch.ts';

export interface RaftnodeFlags {
  readonly ip: string;
  readonly peers?: string;
  readonly store?: string;
  readonly database?: string | true;
  readonly volume?: string;
}

export function raftnodeLaunch(flags: RaftnodeFlags, environment: NodeJS.ProcessEnv): Launch {
  const listen = addressOf('--ip', flags.ip);
  const own = formatAddress(listen);
  const peers = (flags.peers ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .map((one) => formatAddress(addressOf('--peers', one)));
  const all = [...new Set([own, ...peers])].sort();
  const id = all.indexOf(own) + 1;
  const members = all.map((address, at) => ({
    id: at + 1,
    name: address,
    peerAddress: address,
    clientAddress: address,
  }));
  return {
    protocol: 'raftnode',
    id,
    name: own,
    listen,
    apiListen: listen,
    directory: directoryOf(flags, own),
    // Members that were given other lists are of another cluster: they refuse each other, and say so.
    start: { how: 'bootstrap', clusterId: `raftnode-${digestOf(all)}`, id, members },
    others: all.filter((address) => address !== own),
    raft: {
      ...milliseconds(environment, 'LOW_TIMEOUT', 'electionTimeoutMin'),
      ...milliseconds(environment, 'HIGH_TIMEOUT', 'electionTimeoutMax'),
      ...milliseconds(environment, 'HB_TIME', 'heartbeatInterval'),
    },
    logLevel: logLevelOf(environment.LOG_LEVEL),
  };
}

/** The data is in memory and its log on disk, whichever store is named: without a durable log a restart could promise twice. */
function directoryOf({ store, database, volume }: RaftnodeFlags, own: string): string {
  const place = own.replaceAll(/[^\w.-]/g, '-');
  const isDatabase = store === 'database' || database !== undefined || volume !== undefined;
  if (!isDatabase) return path.join('.seedraft', 'raftnode', place);
  const name = typeof database === 'string' ? database : 'raftnode';
  return path.join(volume ?? 'data', name, place);
}

export function addressOf(flag: string, text: string): Address {
  const address = parseAddress(text);
  if (address !== null && address.port > 0) return address;
  throw new UsageError(`${flag} ${text}: write host:port, such as 127.0.0.1:9001.`);
}

export function digestOf(texts: readonly string[]): string {
  return createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 16);
}

export function logLevelOf(text: string | undefined): Launch['logLevel'] {
  switch (text?.toLowerCase()) {
    case 'debug':
    case 'trace':
      return 'debug';
    case 'warning':
    case 'warn':
      return 'warn';
    case 'error':
    case 'critical':
    case 'fatal':
      return 'error';
    default:
      return 'info';
  }
}

function milliseconds(
  environment: NodeJS.ProcessEnv,
  name: string,
  knob: 'electionTimeoutMin' | 'electionTimeoutMax' | 'heartbeatInterval',
): Launch['raft'] {
  const text = environment[name];
  if (text === undefined) return {};
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return { [knob]: value };
  throw new UsageError(`${name} ${text}: give whole milliseconds.`);
}
