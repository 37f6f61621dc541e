/** The ports where a member speaks other systems' protocols: all over one door, whether a command line or a program wished for them. */
import { MemberDoor, type OpenedApi, openApi } from '@seedraft/api';
import {
  listeningFailed,
  type NodeOptions,
  parseAddress,
  type RunningNode,
  Tokens,
} from '@seedraft/node';
import { leaderAsker } from './ask-leader.ts';
import type { ApiWish } from './settings.ts';
import { testingControls } from './testing.ts';

const ANY_HOST: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

export interface ApiPorts {
  readonly wishes: readonly ApiWish[];
  /** Who may do what there, and what the member shows where it asks the leader for its clients. */
  readonly clients: NonNullable<NonNullable<NodeOptions['security']>['clients']>;
  /** Web pages that may ask. */
  readonly origins: readonly string[];
  /** Routes that take the member out and back in. */
  readonly hasTesting: boolean;
}

export interface Apis {
  /** By protocol, `host:port`. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Open requests are answered, then all is closed. May be called again. */
  stop(): Promise<void>;
}

/** Why one of them could not be opened. `code` is that of a member's own ports: PORT_TAKEN, PORT_FORBIDDEN, ... */
export class ApiPortError extends Error {
  readonly code: string;
  constructor(code: string, sentence: string) {
    super(sentence);
    this.name = 'ApiPortError';
    this.code = code;
  }
}

/** Rejects with an ApiPortError if one of them could not be opened, and then leaves none open. */
export async function openApis(node: RunningNode, ports: ApiPorts): Promise<Apis> {
  const opened: OpenedApi[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(opened.splice(0).map((api) => api.stop()));
  };
  const { clients, origins, hasTesting } = ports;
  const tokens = new Tokens(clients);
  const token = clients.tokens?.find(({ role }) => role === 'admin')?.token;
  const askLeader = leaderAsker(() => node.status(), {
    ...(token !== undefined && { token }),
    ...(clients.tls && { tls: { ca: String(clients.tls.ca) } }),
  });
  const door = new MemberDoor(node, { askLeader });
  const addresses: Record<string, string> = {};
  for (const { protocol, listen } of ports.wishes) {
    // Bound to every interface: others reach it where they reach this member.
    const advertiseHost = ANY_HOST.has(listen.host)
      ? (parseAddress(node.peerAddress)?.host ?? listen.host)
      : listen.host;
    try {
      const api = await openApi({
        protocol,
        listen,
        door,
        access: (token) => tokens.roleOf(token),
        advertiseHost,
        origins,
        ...(hasTesting && { testing: testingControls(() => node) }),
      });
      opened.push(api);
      addresses[protocol] = api.address;
    } catch (error) {
      await stop();
      const { code, sentence } = listeningFailed(listen, error as NodeJS.ErrnoException);
      throw new ApiPortError(code, `${protocol}: ${sentence}`);
    }
  }
  return { addresses, stop };
}
