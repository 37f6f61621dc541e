/**
 * uring's command line: one member begins the cluster (`-b`), the others wait to be told of it: `POST /node/2` at the first finds the member that says it is 2 among
 * the addresses of `-p`, tells it to join, and answers once it is a voter. One at a time; the next one waits.
 */
import { existsSync, readdirSync } from 'node:fs';
import type { Membership, Reason } from '@seedraft/api';
import { ringSize } from '@seedraft/kv';
import { type Address, formatAddress } from '@seedraft/node';
import { sentence } from '@seedraft/replica';
import { UsageError } from '../exit-codes.ts';
import type { Launch, Launched } from './launch.ts';
import { addressOf } from './raftnode.ts';

export interface UringFlags {
  readonly id: string;
  readonly bootstrap?: true;
  readonly peers?: readonly string[];
  readonly endpoint: string;
  readonly http?: string;
  readonly ringSize?: string;
  readonly answers?: string;
}

export function uringLaunch(flags: UringFlags): Launch {
  const id = wholeOf('--id', flags.id);
  const listen = addressOf('--endpoint', flags.endpoint);
  const apiListen = flags.http === undefined ? listen : addressOf('--http', flags.http);
  const size = flags.ringSize === undefined ? 0 : wholeOf('--ring-size', flags.ringSize);
  const answers = flags.answers ?? 'head';
  if (answers !== 'head' && answers !== 'doc') {
    throw new UsageError(`--answers ${answers}: head or doc.`);
  }
  const directory = `raft-rocks-${id}`;
  const hasData = existsSync(directory) && readdirSync(directory).length > 0;
  if (flags.bootstrap && hasData) {
    throw new UsageError(
      `-b begins a cluster, and ./${directory} holds a member's data already: start it without -b, or remove the directory to lose it all.`,
    );
  }
  const address = formatAddress(listen);
  const peers = (flags.peers ?? []).map((one) => formatAddress(addressOf('--peers', one)));
  // The cluster gives ids by itself, never one twice; uring's number is the name.
  const self = { id: 1, name: `n${id}`, peerAddress: address, clientAddress: address };
  return {
    protocol: 'uring',
    id,
    name: `n${id}`,
    listen,
    apiListen,
    directory,
    start: flags.bootstrap
      ? { how: 'bootstrap', clusterId: 'uring', id: 1, members: [self] }
      : hasData
        ? { how: 'existing' }
        : null,
    others: [],
    logLevel: 'info',
    answers,
    membership: (launched) => {
      const hint = flags.bootstrap || hasData ? null : howToJoin(id, peers);
      return new UringMembership(launched, { name: `n${id}`, listen, peers, hint });
    },
    waits: howToJoin(id, peers),
    ...(flags.bootstrap &&
      size > 0 && {
        onStarted: async ({ door }) => {
          await door.ask({ type: 'Command', command: ringSize('$uring', 'mring', size) });
        },
      }),
  };
}

/** From being told to being a voter, ms: less than a client of HTTP waits. */
const WITHIN_MS = 9000;
const LOOK_MS = 50;

interface Self {
  readonly name: string;
  readonly listen: Address;
  readonly peers: readonly string[];
  /** How it is told of a cluster; null: it was started with one. */
  readonly hint: string | null;
}

function howToJoin(id: number, peers: readonly string[]): string {
  const [known] = peers;
  const where = known === undefined ? 'a member of one' : `a member of one, such as ${known}`;
  return `Member ${id} is in no cluster yet. POST /node/${id} to ${where}; that one must have this one's address among its -p.`;
}

function ofAnother(number: number, address: string): string {
  return (
    `Member ${number} at ${address} is in a cluster of its own (was it started with -b?). To have it here, losing what it holds: stop it, ` +
    `remove its ./raft-rocks-${number} and start it without -b.`
  );
}

class UringMembership implements Membership {
  readonly #launched: Launched;
  readonly #name: string;
  readonly #listen: Address;
  readonly #peers: readonly string[];
  readonly #hint: string | null;
  #queue: Promise<unknown> = Promise.resolve();
  #joining: Promise<Reason | null> | null = null;

  constructor(launched: Launched, { name, listen, peers, hint }: Self) {
    this.#launched = launched;
    this.#name = name;
    this.#listen = listen;
    this.#peers = peers;
    this.#hint = hint;
  }

  waiting(): Reason | null {
    if (this.#hint === null || this.#joining !== null) return null;
    return this.#launched.member.node === null ? reason('NOT_JOINED', this.#hint) : null;
  }

  add(id: number): Promise<Reason | null> {
    const added = this.#queue.then(() => this.#add(id));
    this.#queue = added.catch(() => {});
    return added;
  }

  /** This one is told of a cluster. Told twice, it joins once. */
  async join(endpoints: readonly string[]): Promise<Reason | null> {
    if (this.#launched.member.node !== null) return null;
    this.#joining ??= this.#join(endpoints).finally(() => {
      this.#joining = null;
    });
    return await this.#joining;
  }

  async #join(endpoints: readonly string[]): Promise<Reason | null> {
    const { secret } = this.#launched;
    const token = secret === null ? {} : { token: secret };
    const wish = { how: 'join', endpoints, name: this.#name, within: WITHIN_MS } as const;
    const why = await this.#launched.begin({ ...wish, ...token });
    return why === null ? null : reason('JOIN_FAILED', why);
  }

  async #add(number: number): Promise<Reason | null> {
    const name = `n${number}`;
    const before = this.#named(name);
    const found = await this.#find(number);
    if (found === null || found.isJoined) {
      if (before.length > 0) return null;
      if (found !== null) return reason('IN_ANOTHER_CLUSTER', ofAnother(number, found.address));
      const asked = this.#peers.join(', ') || 'nobody: there is no -p';
      return reason('UNKNOWN_MEMBER', `No peer says that it is ${number} (asked: ${asked}).`);
    }
    const until = performance.now() + WITHIN_MS;
    const told = await this.#tell(number, found.address);
    if (told !== null) return told;
    // It was there before, and its disk was wiped: the old places go when it has a vote in its new one.
    const old = before.map(({ id }) => id);
    while (performance.now() < until) {
      const now = this.#named(name);
      const isVoter = now.some((one) => one.role === 'voter' && !old.includes(one.id));
      const left = now.find((one) => old.includes(one.id));
      if (isVoter && left === undefined) return null;
      if (isVoter && left !== undefined) {
        const changes = [{ type: 'remove', id: left.id }] as const;
        await this.#launched.door.ask({ type: 'ChangeMembership', mode: 'single', changes });
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return reason('LAGGING', sentence('LAGGING'));
  }

  #named(name: string) {
    const { members } = this.#launched.door.status().configuration;
    return members.filter((one) => one.name === name);
  }

  /** Who says that it is this one. `isJoined`: it has a log, and so is in a cluster. */
  async #find(number: number): Promise<{ address: string; isJoined: boolean } | null> {
    const own = formatAddress(this.#listen);
    const found = await Promise.all(
      this.#peers
        .filter((address) => address !== own)
        .map(async (address) => {
          const said = await this.#http(address, 'GET', '/status');
          const status = said as { id?: unknown; last_index?: unknown } | null;
          return status?.id === number ? { address, isJoined: status.last_index !== 0 } : null;
        }),
    );
    return found.find((one) => one !== null) ?? null;
  }

  async #tell(number: number, address: string): Promise<Reason | null> {
    const { members } = this.#launched.door.status().configuration;
    const endpoints = members
      .filter((one) => one.clientAddress !== address)
      .map((one) => one.clientAddress);
    const told = await this.#http(address, 'POST', `/node/${number}/join`, { endpoints });
    if (told === true) return null;
    const answered = JSON.stringify(told);
    return reason('JOIN_FAILED', `Member ${number} at ${address} did not join: ${answered}.`);
  }

  /** Null: no answer, or none that is JSON. */
  async #http(address: string, method: string, path: string, body?: unknown): Promise<unknown> {
    const { secret } = this.#launched;
    try {
      const response = await fetch(`http://${address}${path}`, {
        method,
        signal: AbortSignal.timeout(WITHIN_MS),
        ...(secret !== null && { headers: { authorization: `Bearer ${secret}` } }),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return await response.json();
    } catch {
      return null;
    }
  }
}

function reason(code: string, text: string): Reason {
  return { code, sentence: text, isDefinite: true };
}

function wholeOf(flag: string, text: string): number {
  const value = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw new UsageError(`${flag} ${text}: give a whole number above 0.`);
}
