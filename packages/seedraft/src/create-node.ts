/**
 * The front door to a real member: `startNode` of the room node, with words for the common case. The same options serve the first start and
 * every later one: a directory that holds a member is started as that member, and only an empty one is told what to become.
 */
import { PROTOCOLS, type ProtocolName } from '@seedraft/api/protocols';
import type { Ticket } from '@seedraft/client';
import type { RaftConfig } from '@seedraft/core';
import type {
  Address,
  ClientRole,
  NodeEvent,
  NodeOptions,
  RunningNode,
  Start,
} from '@seedraft/node';
import type { StateMachine } from '@seedraft/replica';
import { LOOPBACK } from './loopback.ts';
import type { NodeHandle } from './node-handle.ts';
import type { ApiPortError } from './serve/apis.ts';
import type { ApiWish } from './serve/settings.ts';

export interface PeerAddress {
  readonly id: number;
  /** `host:port` for members. */
  readonly address: string;
  /** `host:port` for clients; absent: it takes none. */
  readonly clientAddress?: string;
}

export interface CreateNodeOptions {
  /** 1, 2, ...: this member's own, never to be used by another. Needed unless it joins. */
  readonly id?: number;
  /** `host:port` that this member listens on for the others. */
  readonly address: string;
  /** `host:port` that it listens on for clients; absent: no clients here. */
  readonly clientAddress?: string;
  /** The directory that keeps its log. */
  readonly data: string;
  /** Deterministic and synchronous: what the simulator fuzzes. Absent: the built-in one, keys and values. */
  readonly machine?: () => StateMachine;
  /** Other systems' protocols that the built-in machine is asked in, and where (`{ redis: '127.0.0.1:6379' }`; port 0: any free one). */
  readonly apis?: Readonly<Partial<Record<ProtocolName, string>>>;
  /** Web pages that may ask there over HTTP and WebSocket (`https://host:port`; `*`: any), beside those of the port itself. */
  readonly apiOrigins?: readonly string[];
  /** The other first members, the same set on each of them; absent: a cluster of one, which others may join. */
  readonly peers?: readonly PeerAddress[];
  /** Client addresses of a running cluster to enter, instead of `peers`: as a learner, and a voter once caught up. */
  readonly join?: readonly string[];
  /** Enter a running cluster under the id reserved for `address` (`requestId`): as a learner, until somebody joins this ticket. */
  readonly ticket?: Ticket;
  /** The cluster's name; members of another are refused. Default `seedraft`. */
  readonly cluster?: string;
  /** Raft's knobs: electionTimeoutMin, heartbeatInterval, leaseReads, ... Commands are passed on to the leader unless it says otherwise. */
  readonly config?: Partial<RaftConfig>;
  readonly snapshot?: NodeOptions['snapshot'];
  readonly durability?: NodeOptions['durability'];
  readonly maxStateBytes?: number;
  /** At least 16 characters, the same on every member: who does not know it can neither vote nor append. */
  readonly secret?: string;
  /** What clients must show; absent: any client may do anything. */
  readonly tokens?: readonly { readonly token: string; readonly role: ClientRole }[];
  /** TLS and finer roles, instead of `secret` and `tokens`. */
  readonly security?: NodeOptions['security'];
  /** Off loopback without a secret, tokens or TLS: only where nobody must be kept out. */
  readonly insecure?: boolean;
  /** What happens, as data; called synchronously, must not throw. */
  readonly log?: (event: NodeEvent) => void;
}

/** Why a member did not start. `code` is the store's or the node's: INVALID_OPTIONS, DIRECTORY_LOCKED, PORT_TAKEN, ... */
export class NodeStartError extends Error {
  readonly code: string;
  constructor(code: string, sentence: string) {
    super(sentence);
    this.name = 'NodeStartError';
    this.code = code;
  }
}

/** Starts a member. Resolves once it runs (not once there is a leader); rejects with a NodeStartError and leaves nothing behind. */
export async function createNode(options: CreateNodeOptions): Promise<NodeHandle> {
  // With the node come sockets and LevelDB; who only fuzzes needs neither.
  const { parseAddress, startNode } = await import('@seedraft/node');
  const { KvMachine } = await import('@seedraft/kv');
  const { NodeHandle } = await import('./node-handle.ts');
  const { openApis } = await import('./serve/apis.ts');
  const listen = (name: 'address' | 'clientAddress'): Address | null => {
    const text = options[name];
    const address = text === undefined ? null : parseAddress(text);
    if (address === null && (name === 'address' || text !== undefined)) {
      throw invalid(`${name}: write host:port, not ${String(text)}.`);
    }
    return address;
  };
  const peerListen = listen('address') as Address;
  const clientListen = listen('clientAddress');
  const { config, snapshot, durability, maxStateBytes, log } = options;
  const wishes = wishesOf(options, parseAddress);
  refuseOpen(options, peerListen, clientListen, wishes);
  let machine: StateMachine | null = null;
  const started = await startNode({
    directory: options.data,
    machine: () => {
      machine = options.machine?.() ?? new KvMachine();
      return machine;
    },
    peerListen,
    clientListen,
    start: startOf(options),
    security: securityOf(options),
    raft: { forwardProposals: true, ...config },
    ...(snapshot && { snapshot }),
    ...(durability && { durability }),
    ...(maxStateBytes !== undefined && { maxStateBytes }),
    ...(log && { log }),
  });
  if (!started.ok) throw new NodeStartError(started.code, started.sentence);
  await refuseOther(started.node, options);
  const { clients = {} } = securityOf(options);
  const origins = options.apiOrigins ?? [];
  const ports = { wishes, clients, origins, hasTesting: false };
  const apis = await openApis(started.node, ports).catch(
    async ({ code, message }: ApiPortError) => {
      await started.node.stop();
      throw new NodeStartError(code, `apis.${message}`);
    },
  );
  const ca = clients.tls?.ca;
  return new NodeHandle(started.node, machine!, apis, {
    token: adminToken(options),
    ...(ca !== undefined && { tls: { ca: String(ca) } }),
  });
}

function wishesOf(
  { apis = {}, machine }: CreateNodeOptions,
  parse: (text: string) => Address | null,
): ApiWish[] {
  const wished = Object.entries(apis);
  if (wished.length > 0 && machine !== undefined) {
    throw invalid("apis: other systems' protocols ask for keys and values: leave machine out.");
  }
  return wished.map(([protocol, text]) => {
    const listen = parse(String(text));
    if (!Object.hasOwn(PROTOCOLS, protocol)) {
      throw invalid(`apis: ${protocol} is none of ${Object.keys(PROTOCOLS).join(', ')}.`);
    }
    if (listen === null) throw invalid(`apis.${protocol}: write host:port, not ${String(text)}.`);
    return { protocol: protocol as ProtocolName, listen };
  });
}

/** A directory that holds a member is started as that one: a ticket for another was meant for another directory. */
async function refuseOther(node: RunningNode, { ticket, data }: CreateNodeOptions): Promise<void> {
  if (ticket === undefined || ticket.reservedId === node.id) return;
  await node.stop();
  throw new NodeStartError(
    'IDENTITY_MISMATCH',
    `${data} belongs to member ${node.id}, and the ticket is for member ${ticket.reservedId}. Give it a directory of its own, or start this one without a ticket.`,
  );
}

const invalid = (sentence: string): NodeStartError =>
  new NodeStartError('INVALID_OPTIONS', sentence);

function startOf(options: CreateNodeOptions): Start {
  const { id = 1, address, clientAddress = '', peers = [], cluster = 'seedraft' } = options;
  const entering = joinOf(options);
  if (entering !== null) {
    if (peers.length > 0)
      throw invalid('join enters a cluster, peers begins one: give one of them.');
    return entering;
  }
  const members = [{ id, address, clientAddress }, ...peers]
    .sort((one, other) => one.id - other.id)
    .map((member) => ({
      id: member.id,
      name: `n${member.id}`,
      peerAddress: member.address,
      clientAddress: member.clientAddress ?? '',
    }));
  if (new Set(members.map((member) => member.id)).size < members.length) {
    throw invalid(`peers: an id stands there twice (this member is ${id}).`);
  }
  return { how: 'bootstrap', clusterId: cluster, id, members };
}

function joinOf({ join, ticket, ...options }: CreateNodeOptions): Start | null {
  const token = adminToken(options);
  if (ticket === undefined) {
    return join === undefined ? null : { how: 'join', endpoints: join, token };
  }
  const known = [ticket.leaderAddr, ...ticket.peers.map(({ clientAddress }) => clientAddress)];
  const endpoints = [...new Set(join ?? known)].filter((address) => address !== '');
  return { how: 'join', endpoints, token, id: ticket.reservedId, promote: false };
}

/** What this member shows to the others' client ports; '': they ask for nothing, or it has nothing to show. */
function adminToken(options: CreateNodeOptions): string {
  const tokens = securityOf(options).clients?.tokens ?? [];
  return tokens.find(({ role }) => role === 'admin')?.token ?? '';
}

function securityOf({
  security,
  secret,
  tokens,
}: CreateNodeOptions): NonNullable<NodeOptions['security']> {
  return {
    ...(secret !== undefined && { peers: { kind: 'secret', secret } as const }),
    ...(tokens && { clients: { tokens } }),
    ...security,
  };
}

/** Off loopback whoever reaches the port could vote, or write. */
function refuseOpen(
  options: CreateNodeOptions,
  peers: Address,
  clients: Address | null,
  apis: readonly ApiWish[],
): void {
  if (options.insecure === true) return;
  const security = securityOf(options);
  const advice = 'or say insecure: true if this network holds nobody who must be kept out.';
  if (!LOOPBACK.test(peers.host) && (security.peers?.kind ?? 'open') === 'open') {
    throw invalid(
      `address ${options.address}: whoever reaches it could vote. Give secret, ${advice}`,
    );
  }
  if (security.clients?.tokens !== undefined) return;
  const doors: [string, Address | null][] = [
    [`clientAddress ${options.clientAddress}`, clients],
    ...apis.map(({ protocol, listen }): [string, Address] => [`apis.${protocol}`, listen]),
  ];
  for (const [what, door] of doors) {
    if (door !== null && !LOOPBACK.test(door.host)) {
      throw invalid(`${what}: whoever reaches it could write. Give tokens, ${advice}`);
    }
  }
}
