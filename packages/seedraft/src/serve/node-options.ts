/**
 * From settings to what a node is started with: which files are read, which settings belong together, and what is refused. Nothing here
 * touches the data directory or a socket.
 */
import { readFileSync } from 'node:fs';
import {
  type Address,
  type ClientRole,
  type ClientSecurity,
  formatAddress,
  type NodeOptions,
  type PeerSecurity,
  type RunningNode,
  type Start,
} from '@seedraft/node';
import type { StateMachine } from '@seedraft/replica';
import { UsageError } from '../exit-codes.ts';
import { LOOPBACK } from '../loopback.ts';
import type { ApiPorts } from './apis.ts';
import { parseApi, parseFirstMember, type ServeSettings, type SettingName } from './settings.ts';

type Given = ReadonlySet<SettingName>;

/** Throws UsageError for settings that contradict each other, files that cannot be read, and a member that would stand open to strangers. */
export function nodeOptions(
  settings: ServeSettings,
  given: Given,
  machine: () => StateMachine,
): Omit<NodeOptions, 'log'> {
  const peers = peerSecurity(settings);
  const clients = clientSecurity(settings);
  if (!settings.insecure) refuseOpen(settings, peers, clients);
  const advertise = {
    ...(settings['peer-advertise'] !== '' && { peer: settings['peer-advertise'] }),
    ...(settings['client-advertise'] !== '' && { client: settings['client-advertise'] }),
  };
  return {
    directory: settings.data,
    durability: settings.durability,
    machine,
    peerListen: settings['peer-listen'],
    clientListen: settings['client-listen'],
    advertise,
    start: startOf(settings, given),
    raft: {
      electionTimeoutMin: settings['election-timeout'],
      electionTimeoutMax: 2 * settings['election-timeout'],
      heartbeatInterval: settings['heartbeat-interval'],
      leaseReads: settings['lease-reads'],
      // Whoever speaks another system's protocol cannot be sent to the leader by ours.
      forwardProposals: settings.api.length > 0,
    },
    snapshot: {
      everyEntries: settings['snapshot-entries'],
      everyBytes: settings['snapshot-bytes'],
      mostBytes: settings['snapshot-bytes-max'],
    },
    maxStateBytes: settings['max-state'],
    security: { peers, clients },
  };
}

/**
 * The same command line serves the first start and every later one: a directory that holds a member is started as that member, and only an
 * empty one needs to be told what it is to become.
 */
function startOf(settings: ServeSettings, given: Given): Start {
  if (settings.bootstrap && settings.join.length > 0) {
    throw new UsageError(
      '--bootstrap begins a new cluster and --join enters one: give one of them.',
    );
  }
  for (const name of ['cluster', 'members'] as const) {
    if (given.has(name) && !settings.bootstrap) {
      throw new UsageError(
        `--${name} says how a cluster begins: give --bootstrap too, or leave it out.`,
      );
    }
  }
  if (given.has('id') && !settings.bootstrap && settings.join.length === 0) {
    throw new UsageError('--id goes with --bootstrap or with --join: a member knows its id later.');
  }
  if (settings.bootstrap) return bootstrap(settings);
  if (settings.join.length > 0) {
    return {
      how: 'join',
      endpoints: settings.join,
      promote: !settings.learner,
      ...(settings.id !== 0 && { id: settings.id }),
      ...(settings.name !== '' && { name: settings.name }),
      ...(process.env.SEEDRAFT_TOKEN !== undefined && { token: process.env.SEEDRAFT_TOKEN }),
    };
  }
  return { how: 'existing' };
}

function bootstrap(settings: ServeSettings): Start {
  if (settings.cluster === '') {
    throw new UsageError('--bootstrap needs --cluster NAME, the same on every first member.');
  }
  const listed = settings.members.map((one) => parseFirstMember(one)!);
  const members = listed.length > 0 ? listed : [onlyMember(settings)];
  const ids = members.map(({ id }) => id);
  if (new Set(ids).size < ids.length) throw new UsageError('--members: an id stands there twice.');
  const id = settings.id === 0 && members.length === 1 ? ids[0]! : settings.id;
  if (!ids.includes(id)) {
    throw new UsageError(`--id: say which of --members this one is (${ids.join(', ')}).`);
  }
  const named = members.map((member) => {
    const isSelf = member.id === id && settings.name !== '';
    return { ...member, name: isSelf ? settings.name : `n${member.id}` };
  });
  return { how: 'bootstrap', clusterId: settings.cluster, id, members: named };
}

/** A cluster of one is what --bootstrap without --members begins; others join it. */
function onlyMember(settings: ServeSettings) {
  const peerAddress = settings['peer-advertise'] || formatAddress(settings['peer-listen']);
  const client = settings['client-listen'];
  const clientAddress =
    settings['client-advertise'] || (client === null ? '' : formatAddress(client));
  return { id: settings.id === 0 ? 1 : settings.id, peerAddress, clientAddress };
}

// ------------------------------------------------------------------------------------------------------------------ who is let in

/** The certificates as they are in their files now. */
export function tlsMaterial(settings: ServeSettings): Parameters<RunningNode['reloadTls']>[0] {
  const peers = peerSecurity(settings);
  const { tls: clients } = clientSecurity(settings);
  return { ...(peers.kind === 'tls' && { peers }), ...(clients !== undefined && { clients }) };
}

function peerSecurity(settings: ServeSettings): PeerSecurity {
  const [cert, key, ca] = [settings['peer-cert'], settings['peer-key'], settings['peer-ca']];
  const tls = [cert, key, ca].filter((file) => file !== '').length;
  if (tls > 0 && settings['secret-file'] !== '') {
    throw new UsageError('--secret-file and --peer-cert are two ways to know a member: give one.');
  }
  if (tls > 0 && tls < 3) {
    throw new UsageError('Mutual TLS needs all of --peer-cert, --peer-key and --peer-ca.');
  }
  if (tls === 3) {
    return {
      kind: 'tls',
      cert: read('peer-cert', cert),
      key: read('peer-key', key),
      ca: read('peer-ca', ca),
    };
  }
  const file = settings['secret-file'];
  if (file === '') return { kind: 'open' };
  return { kind: 'secret', secret: read('secret-file', file).trim() };
}

/** What --api wishes for. */
export function apiPorts(settings: ServeSettings): ApiPorts {
  return {
    wishes: settings.api.map((one) => parseApi(one)!),
    clients: clientSecurity(settings),
    origins: settings['api-origin'],
    hasTesting: settings['api-testing'],
  };
}

const ROLES: readonly ClientRole[] = ['read', 'write', 'admin'];

export function clientSecurity(settings: ServeSettings): ClientSecurity {
  const names = ['client-cert', 'client-key', 'client-ca'] as const;
  const files = names.map((name) => settings[name]);
  const named = files.filter((file) => file !== '').length;
  if (named > 0 && named < 3) {
    throw new UsageError(
      'TLS for clients needs all of --client-cert, --client-key and --client-ca.',
    );
  }
  const [cert, key, ca] = named === 0 ? [] : names.map((name, at) => read(name, files[at]!));
  const tls = cert === undefined ? null : { cert, key: key!, ca: ca! };
  const file = settings['tokens-file'];
  const tokens = file === '' ? [] : parseTokens(file, read('tokens-file', file));
  return { ...(tokens.length > 0 && { tokens }), ...(tls !== null && { tls }) };
}

function parseTokens(file: string, text: string) {
  const tokens: { token: string; role: ClientRole }[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [role, token, ...rest] = line.trim().split(/\s+/);
    const known = ROLES.find((one) => one === role);
    if (known === undefined || token === undefined || rest.length > 0) {
      throw new UsageError(
        `${file}, line ${at + 1}: write a role (${ROLES.join(', ')}) and a token.`,
      );
    }
    tokens.push({ token, role: known });
  }
  if (tokens.length === 0) throw new UsageError(`${file}: there is no token in it.`);
  return tokens;
}

function refuseOpen(settings: ServeSettings, peers: PeerSecurity, clients: ClientSecurity): void {
  const isOff = (address: Address | null) => address !== null && !LOOPBACK.test(address.host);
  const advice = 'Or say --insecure if this network holds nobody who must be kept out.';
  if (isOff(settings['peer-listen']) && peers.kind === 'open') {
    throw new UsageError(
      `--peer-listen ${formatAddress(settings['peer-listen'])}: whoever reaches this port could vote. ` +
        `Give --secret-file, or --peer-cert, --peer-key and --peer-ca. ${advice}`,
    );
  }
  const client = settings['client-listen'];
  if (client !== null && isOff(client) && clients.tokens === undefined) {
    throw new UsageError(
      `--client-listen ${formatAddress(client)}: whoever reaches this port could write. Give --tokens-file. ${advice}`,
    );
  }
  for (const { protocol, listen } of settings.api.map((one) => parseApi(one)!)) {
    if (!isOff(listen) || clients.tokens !== undefined) continue;
    throw new UsageError(
      `--api ${protocol}=${formatAddress(listen)}: whoever reaches this port could write. Give --tokens-file. ${advice}`,
    );
  }
}

function read(name: SettingName, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--${name} ${file}: ${(error as Error).message}`);
  }
}
