/**
 * Joining a cluster: the wish is recorded, the cluster gives an id by its log (so none is ever given twice), the directory is made under it, and once
 * caught up the learner asks to become a voter. Every step can be repeated after a crash: the incarnation, drawn first, tells the cluster
 * that it is the same joiner.
 */
import { randomBytes } from 'node:crypto';
import {
  type Configuration,
  EMPTY_CONFIGURATION,
  type Member,
  type MemberChange,
  type MemberId,
} from '@seedraft/core';
import { type ClientReply, sentence } from '@seedraft/replica';
import type { MemberStatus } from '@seedraft/wire';
import type { Answer } from './ask-member.ts';
import type { Clock } from './clock.ts';
import type { EventLog } from './events.ts';
import type { Identity, Storage, StorageRefusal } from './storage.ts';

export interface Joining {
  readonly storage: Storage;
  readonly endpoints: readonly string[];
  readonly name: string;
  /** The id that was recorded for it beforehand; 0: none. */
  readonly ticket: MemberId;
  readonly peerAddress: string;
  readonly clientAddress: string;
  readonly clock: Clock;
  readonly log: EventLog;
  /** ms; Infinity: until it succeeds. */
  readonly within: number;
  /** Aborted: it need not be let in any more. */
  readonly signal: AbortSignal | undefined;
  ask(address: string, clusterId: string, request: AskedOfCluster): Promise<Answer>;
}

export type AskedOfCluster = Parameters<typeof import('./ask-member.ts').askMember>[1];

const PAUSE_MS = 200;

type Joined = { readonly outcome: 'joined' } | StorageRefusal;

/** `wish`: recorded by an earlier start, or null. Afterwards the directory holds a member. */
export async function join(
  joining: Joining,
  wish: { readonly clusterId: string; readonly incarnation: string; readonly name: string } | null,
): Promise<Joined> {
  const until = joining.clock.now() + joining.within;
  let identity = wish;
  for (;;) {
    const leader = await findLeader(joining, identity?.clusterId ?? '');
    let reason = leader.ok ? '' : leader.reason;
    if (leader.ok) {
      if (identity === null) {
        identity = newIdentity(joining, leader.status.clusterId);
        const made = await joining.storage.beginJoin(identity);
        if (made.outcome === 'refused') return made;
      }
      const id = await requestId(joining, identity, leader);
      if (typeof id === 'number') {
        const made = await joining.storage.create({ ...identity, id }, EMPTY_CONFIGURATION);
        return made.outcome === 'refused' ? made : { outcome: 'joined' };
      }
      reason = id;
    }
    joining.log({ type: 'Joining', step: `not yet: ${reason}` });
    // These will be said again however often it asks.
    const isFinal = /UNAUTHORIZED|WRONG_CLUSTER|VERSION|TICKET/.test(reason);
    const isOver = joining.signal?.aborted || joining.clock.now() >= until;
    if (isFinal || isOver) return gaveUp(reason);
    await pause(joining.clock);
  }
}

function newIdentity({ name }: Joining, clusterId: string): Omit<Identity, 'id'> {
  return { clusterId, incarnation: randomBytes(16).toString('hex'), name };
}

function gaveUp(reason: string): StorageRefusal {
  return {
    outcome: 'refused',
    code: 'JOIN_FAILED',
    sentence: `The cluster did not take this member in: ${reason}. Check the endpoints, the token (it needs the admin role) and that a majority is up; then start again with the same directory.`,
  };
}

type FoundLeader =
  | { readonly ok: true; readonly address: string; readonly status: MemberStatus }
  | { readonly ok: false; readonly reason: string };

/** The status of a member that leads, asked of the endpoints in turn. */
async function findLeader(joining: Joining, clusterId: string): Promise<FoundLeader> {
  let reason = 'no endpoint is known';
  for (const endpoint of joining.endpoints) {
    let address = endpoint;
    for (let hops = 0; hops < 3; hops++) {
      const answer = await joining.ask(address, clusterId, { type: 'Status' });
      if (!answer.ok || answer.reply.type !== 'Ok') {
        const why = answer.ok ? whyNot(answer.reply) : answer.reason;
        reason = `${address} did not answer (${why})`;
        break;
      }
      const status = answer.reply.value as MemberStatus;
      if (status.role === 'leader') return { ok: true, address, status };
      reason = `${address} knows no leader`;
      if (status.leaderAddress === '') break;
      address = status.leaderAddress;
    }
  }
  return { ok: false, reason };
}

/**
 * The id, or why there is none yet: ask again. It counts once the entry that gives it is committed. A joiner that finds itself named already (it asked, and
 * crashed before it heard) has its entry written again, which is committed only after the first.
 */
async function requestId(
  joining: Joining,
  identity: { readonly clusterId: string; readonly incarnation: string },
  leader: { readonly address: string; readonly status: MemberStatus },
): Promise<MemberId | string> {
  const { clusterId } = identity;
  const named = placeFor(joining, identity, leader.status.configuration);
  if (typeof named === 'string') return named;
  const { change, id } = named;
  joining.log({ type: 'Joining', step: `asking ${leader.address} for id ${id}` });
  const request = { type: 'ChangeMembership', changes: [change], mode: 'single' } as const;
  const answer = await joining.ask(leader.address, clusterId, request);
  if (answer.ok && answer.reply.type === 'Ok') return id;
  return answer.ok ? whyNot(answer.reply) : answer.reason;
}

/** The change that gives this joiner its place, or why there is none for it. */
function placeFor(
  { ticket, peerAddress, clientAddress, name }: Joining,
  { incarnation }: { readonly incarnation: string },
  { members, highestId }: Configuration,
): { readonly change: MemberChange; readonly id: MemberId } | string {
  const own = members.find((member) => member.incarnation === incarnation);
  const recorded = members.find((member) => member.id === ticket);
  if (own === undefined && ticket !== 0) {
    if (recorded === undefined)
      return `NO_TICKET: member ${ticket} is not recorded, or was removed`;
    if (recorded.incarnation !== '') {
      return `TICKET_TAKEN: another directory is member ${ticket} (if that disk was lost, request an id for a member that lost its disk)`;
    }
  }
  const known = own ?? recorded;
  if (known !== undefined) {
    const member = { ...known, incarnation, peerAddress, clientAddress };
    return { id: known.id, change: { type: 'update', member } };
  }
  const id = highestId + 1;
  const role = 'learner';
  const shown = name === '' ? `n${id}` : name;
  const member = {
    id,
    incarnation,
    name: shown,
    peerAddress,
    clientAddress,
    role,
    priority: 0,
  } as const;
  return { id, change: { type: 'add', member } };
}

function whyNot(reply: ClientReply): string {
  return reply.type === 'Refused' ? `${reply.code}: ${sentence(reply.code)}` : reply.type;
}

/** What a promotion needs to know of the member it is about. */
export interface Promotable {
  readonly id: MemberId;
  readonly clusterId: string;
  /** Of this member, in the configuration in force here; null: not named yet. */
  role(): Member['role'] | null;
  /** '': unknown. */
  leaderAddress(): string;
  isStopped(): boolean;
}

/** Asks until this member is a voter. */
export async function becomeVoter(
  { clock, log, endpoints, ask }: Pick<Joining, 'clock' | 'log' | 'endpoints' | 'ask'>,
  member: Promotable,
): Promise<void> {
  let told = '';
  while (!member.isStopped() && member.role() !== 'voter') {
    const address = member.leaderAddress() || endpoints[0]!;
    if (member.role() === 'learner') {
      const answer = await ask(address, member.clusterId, {
        type: 'ChangeMembership',
        changes: [{ type: 'promote', id: member.id }],
        mode: 'single',
      });
      const why = !answer.ok
        ? answer.reason
        : answer.reply.type === 'Refused'
          ? answer.reply.code
          : '';
      if (why !== '' && why !== told) log({ type: 'Joining', step: `not a voter yet: ${why}` });
      told = why;
    }
    await pause(clock);
  }
  if (!member.isStopped()) log({ type: 'Joining', step: 'this member is a voter' });
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.after(PAUSE_MS * (0.5 + Math.random()), resolve);
  });
}
