/**
 * From a member and a wish such as raftnode=9001 to a port where that protocol is spoken. One dialect a port; all ports of a member share its one
 * door, and so its one session.
 */

import { Directory } from './directory.ts';
import { distraft } from './distraft/index.ts';
import type { Door } from './door.ts';
import { type ApiLimits, defaultApiLimits, RateGate } from './limits.ts';
import { type ApiAddress, formatAddress, listen } from './listener.ts';
import type { Access, ApiContext, Protocol, TestingControls } from './protocol.ts';
import { raftnode } from './raftnode/index.ts';

export const PROTOCOLS = { raftnode, distraft } as const satisfies Readonly<
  Record<string, Protocol>
>;
export type ProtocolName = keyof typeof PROTOCOLS;

export interface ApiOptions {
  readonly protocol: ProtocolName;
  readonly listen: ApiAddress;
  readonly door: Door;
  /** The host that others reach it by, where that is not what is listened on. */
  readonly advertiseHost?: string;
  /** Default: whoever reaches the port may do anything. */
  readonly access?: (token: string) => Access;
  readonly limits?: Partial<ApiLimits>;
  readonly testing?: TestingControls;
  readonly answers?: 'head' | 'doc';
}

export interface OpenedApi {
  readonly protocol: ProtocolName;
  /** `host:port`. */
  readonly address: string;
  /** No new connections; open requests are answered; within `within` ms (default 2000). */
  stop(within?: number): Promise<void>;
}

const STOP_WITHIN_MS = 2000;

/** Rejects when the port is taken. */
export async function openApi(options: ApiOptions): Promise<OpenedApi> {
  const { protocol, door } = options;
  const limits = { ...defaultApiLimits, ...options.limits };
  const directory = new Directory(door, protocol);
  let own = '';
  const context: ApiContext = {
    door,
    limits,
    gate: new RateGate(limits.requestsPerSecond),
    access: options.access ?? (() => 'admin'),
    ownAddress: () => own,
    addresses: async () => new Map(await directory.addresses()).set(door.status().id, own),
    testing: options.testing ?? null,
    answers: options.answers ?? 'head',
  };
  const listener = await listen(options.listen, PROTOCOLS[protocol](context), limits);
  const address = formatAddress(listener);
  own = formatAddress({ host: options.advertiseHost ?? listener.host, port: listener.port });
  directory.announce(own).catch(() => {});
  return {
    protocol,
    address,
    stop: (within = STOP_WITHIN_MS) => {
      directory.stop();
      return listener.stop(within);
    },
  };
}
