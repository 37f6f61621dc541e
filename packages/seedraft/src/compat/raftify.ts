/** The command line of raftify's example store: where members come, where HTTP is spoken, and a member of the cluster to join. */
import path from 'node:path';
import { formatAddress, type Start } from '@seedraft/node';
import type { Launch } from './launch.ts';
import { addressOf, digestOf } from './raftnode.ts';

export interface RaftifyFlags {
  readonly raftAddr: string;
  readonly webServer: string;
  readonly peerAddr?: string;
}

export function raftifyLaunch({ raftAddr, webServer, peerAddr }: RaftifyFlags): Launch {
  const listen = addressOf('--raft-addr', raftAddr);
  const own = formatAddress(listen);
  const directory = path.join('.seedraft', 'raftify', own.replaceAll(/[^\w.-]/g, '-'));
  const others = peerAddr === undefined ? [] : [formatAddress(addressOf('--peer-addr', peerAddr))];
  const self = { id: 1, name: 'n1', peerAddress: own, clientAddress: own };
  const clusterId = `raftify-${digestOf([own])}`;
  const born: Start =
    others.length > 0
      ? { how: 'join', endpoints: others }
      : { how: 'bootstrap', clusterId, id: 1, members: [self] };
  return {
    protocol: 'raftify',
    id: 1,
    name: own,
    listen,
    apiListen: addressOf('--web-server', webServer),
    directory,
    start: born,
    others,
    logLevel: 'info',
  };
}
