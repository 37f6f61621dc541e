/**
 * From a member and a wish such as raftnode=9001 to a port where that protocol is spoken. One dialect a port; all ports of a member share its one
 * door, and so its one session.
 */

import type { Socket } from 'node:net';
import { Directory } from './directory.ts';
import type { Door } from './door.ts';
import { type ApiLimits, defaultApiLimits, RateGate } from './limits.ts';
import { type ApiAddress, formatAddress, listen } from './listener.ts';
import type { Access, ApiContext, Membership, TestingControls } from './protocol.ts';
import { PROTOCOLS, type ProtocolName } from './protocols.ts';
import { type NativeAccept, sniffing } from './sniff.ts';

export interface ApiOptions {
  readonly protocol: ProtocolName;
  readonly listen: ApiAddress;
  readonly door: Door;
  /** The host that others reach it by, where that is not what is listened on. */
  readonly advertiseHost?: string;
  /** Every member speaks the protocol where the configuration says that it serves clients: nobody needs to be told. */
  readonly isClientAddress?: boolean;
  /** Members and our own clients come to this port too: they are handed over. */
  readonly native?: NativeAccept;
  /** Default: whoever reaches the port may do anything. */
  readonly access?: (token: string) => Access;
  /** Web pages that may ask (`https://host:port`; `*`: any). Default: none but those of this very port. */
  readonly origins?: readonly string[];
  readonly limits?: Partial<ApiLimits>;
  readonly membership?: Membership;
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
    origins: options.origins ?? [],
    ownAddress: () => own,
    addresses: async () =>
      options.isClientAddress === true
        ? clientAddresses(door)
        : new Map(await directory.addresses()).set(door.status().id, own),
    membership: options.membership ?? null,
    testing: options.testing ?? null,
    answers: options.answers ?? 'head',
  };
  const dialect = (await PROTOCOLS[protocol]())(context);
  const spoken = options.native === undefined ? dialect : sniffing(options.native, dialect, limits);
  const listener = await listen(options.listen, spoken, limits);
  const address = formatAddress(listener);
  own = formatAddress({ host: options.advertiseHost ?? listener.host, port: listener.port });
  if (options.isClientAddress !== true) directory.announce(own).catch(() => {});
  return {
    protocol,
    address,
    stop: (within = STOP_WITHIN_MS) => {
      directory.stop();
      return listener.stop(within);
    },
  };
}

function clientAddresses(door: Door): ReadonlyMap<number, string> {
  const { members } = door.status().configuration;
  // Where nobody has taken an id yet, there is no address.
  const known = members.filter(({ clientAddress }) => clientAddress !== '');
  return new Map(known.map(({ id, clientAddress }) => [id, clientAddress]));
}

/** A port for members and our own clients alone; whoever speaks anything else is let go. */
export async function openNativePort(
  address: ApiAddress,
  accept: NativeAccept,
  within = STOP_WITHIN_MS,
): Promise<{ stop(): Promise<void> }> {
  const nothing = {
    accept: (socket: Socket) => void socket.destroy(),
    drain: () => Promise.resolve(),
    close: () => {},
  };
  const listener = await listen(
    address,
    sniffing(accept, nothing, defaultApiLimits),
    defaultApiLimits,
  );
  return { stop: () => listener.stop(within) };
}
