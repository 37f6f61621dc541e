/**
 * A cluster of processes on this machine: what `cluster up` shows to people and `chaos` torments. It decides addresses, directories and the
 * flags of each start; what a member does with them is `serve`'s.
 */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { formatAddress } from '@seedraft/node';
import type { ApiWish } from '../serve/settings.ts';
import type { ClusterMember } from './cluster-file.ts';
import { freePorts } from './free-ports.ts';
import { type Exit, ProcessMember } from './process-member.ts';

/** One second more than a member gives itself for an orderly stop. */
const PATIENCE = 11_000;

export interface LocalClusterOptions {
  readonly cluster: string;
  readonly folder: string;
  readonly size: number;
  /** Three a member: members, clients, HTTP. Absent: free ones. */
  readonly ports?: readonly number[];
  /** Other systems' protocols: the first member's port of each, the others take the next ones; port 0: any free ones. */
  readonly apis?: readonly ApiWish[];
  /** Flags of `serve` besides those of identity and addresses. */
  readonly flags: readonly string[];
  readonly onLine: (member: LocalMember, line: string) => void;
  readonly onExit: (member: LocalMember, exit: Exit) => void;
}

export interface LocalMember {
  /** Place in the cluster, from 1; the id too for the first members. */
  readonly place: number;
  readonly name: string;
  readonly data: string;
  readonly peer: string;
  readonly client: string;
  readonly http: string;
  /** By protocol, where it speaks others than ours. */
  readonly apis: Readonly<Record<string, string>>;
  /** Of its first start; later ones need none of it but may bear it. */
  readonly birth: readonly string[];
  /** How the others reach it, where a proxy stands between. */
  readonly advertised: string;
}

export class LocalCluster {
  readonly members: LocalMember[] = [];
  readonly #options: LocalClusterOptions;
  readonly #processes = new Map<LocalMember, ProcessMember>();

  private constructor(options: LocalClusterOptions) {
    this.#options = options;
  }

  /** Decides who there will be; nothing runs yet. `advertise`: the address that the others are told, given the real one. */
  static async plan(
    options: LocalClusterOptions,
    advertise: (place: number, peer: string) => Promise<string> = async (_, peer) => peer,
  ): Promise<LocalCluster> {
    const cluster = new LocalCluster(options);
    const places = Array.from({ length: options.size }, (_, at) => at + 1);
    const take = await taker(options, options.size);
    const addresses = places.map((place) => addressesOf(options, place, take));
    const advertised = await Promise.all(
      addresses.map(({ peer }, at) => advertise(places[at]!, peer)),
    );
    const listed = places
      .map((place, at) => `${place}=${advertised[at]}/${addresses[at]!.client}`)
      .join(',');
    for (const [at, place] of places.entries()) {
      const identity = ['--cluster', options.cluster, '--id', `${place}`, '--members', listed];
      cluster.members.push({
        place,
        name: `n${place}`,
        data: path.join(options.folder, `n${place}`),
        ...addresses[at]!,
        advertised: advertised[at]!,
        birth: ['--bootstrap', ...identity],
      });
    }
    return cluster;
  }

  /** One more, which joins at its start; its id is the cluster's to give. `flags`: of its birth, besides. */
  async plus(
    endpoints: readonly string[],
    advertise: (peer: string) => Promise<string> = async (peer) => peer,
    flags: readonly string[] = [],
  ): Promise<LocalMember> {
    const place = this.members.length + 1;
    const options = { ...this.#options, ports: undefined };
    const addresses = addressesOf(options, place, await taker(options, 1));
    const member: LocalMember = {
      place,
      name: `n${place}`,
      data: path.join(this.#options.folder, `n${place}`),
      ...addresses,
      advertised: await advertise(addresses.peer),
      birth: ['--join', endpoints.join(','), ...flags],
    };
    this.members.push(member);
    return member;
  }

  start(member: LocalMember): ProcessMember {
    mkdirSync(member.data, { recursive: true });
    const started = new ProcessMember({
      flags: [...this.#lasting(member), ...member.birth],
      onLine: (line) => this.#options.onLine(member, line),
      onExit: (exit) => this.#options.onExit(member, exit),
    });
    this.#processes.set(member, started);
    return started;
  }

  /** Flags of `serve` at its every start; those of its birth are for the first only. */
  #lasting(member: LocalMember): string[] {
    return [
      ...['--data', member.data, '--name', member.name],
      ...['--peer-listen', member.peer, '--client-listen', member.client],
      ...['--http-listen', member.http],
      ...Object.entries(member.apis).flatMap(([name, at]) => ['--api', `${name}=${at}`]),
      ...(member.advertised === member.peer ? [] : ['--peer-advertise', member.advertised]),
      ...this.#options.flags,
    ];
  }

  processOf(member: LocalMember): ProcessMember | undefined {
    return this.#processes.get(member);
  }

  /** For `.seedraft/cluster.json`. */
  describe(member: LocalMember): ClusterMember {
    const { place, name, peer, client, http, apis, data } = member;
    const pid = this.processOf(member)?.pid ?? 0;
    const isPlain = Object.keys(apis).length === 0;
    const start = this.#lasting(member);
    return { id: place, name, pid, peer, client, http, ...(!isPlain && { apis }), data, start };
  }

  /** How many processes run. */
  get running(): number {
    return [...this.#processes.values()].filter(({ isRunning }) => isRunning).length;
  }

  /** The disk is lost. Only while the process is not running. */
  wipe(member: LocalMember): void {
    rmSync(member.data, { recursive: true, force: true });
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((one) => one.stop(PATIENCE)));
  }
}

type Ports = Pick<LocalClusterOptions, 'apis'> & { readonly ports?: readonly number[] | undefined };

/** Free ports, one after the other, all found at once: two that are looked for apart may be the same. */
async function taker({ ports, apis = [] }: Ports, members: number): Promise<() => number> {
  const each = (ports === undefined ? 3 : 0) + apis.length;
  const free = await freePorts(each * members);
  return () => free.pop()!;
}

function addressesOf({ ports, apis = [] }: Ports, place: number, take: () => number) {
  const given = ports?.slice(3 * (place - 1), 3 * place) ?? [take(), take(), take()];
  const [peer, client, http] = given.map((port) => `127.0.0.1:${port}`);
  const spoken = apis.map(({ protocol, listen: { host, port } }) => {
    const own = port === 0 ? take() : port + place - 1;
    return [protocol, formatAddress({ host, port: own })] as const;
  });
  return { peer: peer!, client: client!, http: http!, apis: Object.fromEntries(spoken) };
}
