/**
 * Joining by tickets, as an operator does it (dissertation 4.2.1, section 6): an id is reserved for an address, its owner starts as a learner and
 * catches up, and all that have caught up become voters by one joint change. A reservation is a learner whom no directory has taken yet, so it
 * is the log that keeps ids apart: an id is given by the commit of the entry that names it, and the core takes none twice. Every step looks before it
 * asks; so each may be repeated after a lost answer, and by several at once.
 */
import type { Configuration, Member, MemberChange, MemberId } from '@seedraft/core';
import type { MemberStatus } from '@seedraft/wire';
import type { CallOptions } from './driver.ts';
import { SeedraftError, type SeedraftErrorCode } from './error.ts';
import { parseAddress } from './socket.ts';

/** The right to enter a cluster under an id that nobody else has, or ever had. */
export interface Ticket {
  readonly clusterId: string;
  readonly reservedId: MemberId;
  /** Where members will reach who uses it, `host:port`. */
  readonly raftAddr: string;
  /** Where the leader served clients when it was written; '' if it did not. */
  readonly leaderAddr: string;
  /** Who was in the cluster then, others that have not started yet included. */
  readonly peers: readonly Member[];
}

export interface ReserveOptions extends CallOptions {
  /** What people call it; default `n<id>`. */
  readonly name?: string;
  /** What the member at this address had stored is gone: it needs an id of its own, and its old place goes when it joins. */
  readonly lostDisk?: boolean;
}

export interface JoinOptions extends CallOptions {
  /** Stay in the joint configuration until `leaveJoint`. Default: it is left as soon as it is committed. */
  readonly stayJoint?: boolean;
}

/** What tickets need of a cluster; what it says of the members may be late. */
export interface TicketDesk {
  /** `address`: of that member; default: of any. */
  status(within: number, address?: string): Promise<MemberStatus>;
  change(
    changes: readonly MemberChange[],
    mode: 'single' | 'joint' | 'explicit',
    within: number,
  ): Promise<void>;
}

/** An address that is known keeps its id, unless its disk was lost. That of a voter that runs needs none: ADDRESS_IN_USE. */
export async function requestId(
  desk: TicketDesk,
  peerAddress: string,
  { name, lostDisk = false }: ReserveOptions,
  patience: Patience,
): Promise<Ticket> {
  refuseFlawed({ peerAddress, ...(name !== undefined && { name }) });
  return await patience.until(async (within) => {
    const status = await desk.status(within);
    const { members, highestId } = status.configuration;
    const known = members.findLast((member) => isAt(member, peerAddress));
    const isTaken = known !== undefined && known.incarnation !== '';
    if (isTaken && known.role === 'voter') await refuseRunning(desk, known, within);
    // That a directory is bound to it was a change of its own, made when the one that gave the id was committed.
    if (isTaken && !lostDisk) return ticketOf(status, known.id, peerAddress);
    const id = highestId + 1;
    const reserved = newcomer(id, name ?? `n${id}`, peerAddress);
    const member = known === undefined || isTaken ? reserved : known;
    // One that is there may yet be overwritten: that it is written again and committed proves that it stays.
    const type = member === reserved ? 'add' : 'update';
    await desk.change([{ type, member }], 'single', patience.left());
    return ticketOf(status, member.id, peerAddress);
  });
}

/** Resolves when all of them are voters, and (unless `stayJoint`) the joint configuration is left. */
export async function join(
  desk: TicketDesk,
  tickets: readonly Pick<Ticket, 'reservedId'>[],
  { stayJoint = false }: JoinOptions,
  patience: Patience,
): Promise<void> {
  const ids = tickets.map(({ reservedId }) => reservedId);
  await patience.until(async (within): Promise<true | undefined> => {
    const status = await desk.status(within);
    const { configuration } = status;
    refuseRemoved(configuration, ids);
    const places = configuration.members.filter(({ id }) => ids.includes(id));
    if (places.length < new Set(ids).size) {
      await refuseUnknown(desk, status, ids, within);
      return undefined;
    }
    const learners = places.filter(({ role }) => role === 'learner');
    if (learners.length === 0) return stayJoint || isLeft(configuration) ? true : undefined;
    const promotions = learners.map(({ id }) => ({ type: 'promote', id }) as const);
    const changes = [...promotions, ...oldPlaces(configuration, learners)];
    await desk.change(changes, stayJoint ? 'explicit' : 'joint', patience.left());
    return stayJoint ? true : undefined;
  });
}

function isAt({ peerAddress, role }: Member, address: string): boolean {
  return peerAddress === address && role !== 'leaving';
}

function isLeft({ outgoing }: Configuration): boolean {
  return outgoing === null;
}

function newcomer(id: MemberId, name: string, peerAddress: string): Member {
  const nobody = { incarnation: '', clientAddress: '', role: 'learner', priority: 0 } as const;
  return { id, name, peerAddress, ...nobody };
}

function ticketOf(
  { clusterId, leaderAddress, configuration }: MemberStatus,
  reservedId: MemberId,
  raftAddr: string,
): Ticket {
  const peers = configuration.members.filter(({ id }) => id !== reservedId);
  return { clusterId, reservedId, raftAddr, leaderAddr: leaderAddress, peers };
}

/** ms; a member that runs says so at once. */
const LONGEST_LOOK = 1000;

/** Who runs has its id and its disk. One that cannot be asked may well be gone. */
async function refuseRunning(desk: TicketDesk, member: Member, within: number): Promise<void> {
  const { id, name, peerAddress, clientAddress, incarnation } = member;
  if (clientAddress === '') return;
  const status = await desk.status(Math.min(within, LONGEST_LOOK), clientAddress).catch(() => null);
  if (status?.id !== id || status.incarnation !== incarnation) return;
  const reason = `member ${id} (${name}) runs at ${peerAddress} and votes already. For one more member give another address; to replace this one, stop it first.`;
  throw new SeedraftError('ADDRESS_IN_USE', `ADDRESS_IN_USE: ${reason}`, 'not applied');
}

/** One more member at an address that has one could never be told from it: whoever dials it meets the other. */
export function refuseTaken(
  { members }: Configuration,
  wanted: Pick<Member, 'peerAddress' | 'clientAddress'>,
): void {
  for (const [kind, what] of [
    ['peerAddress', 'members reach'],
    ['clientAddress', 'clients reach'],
  ] as const) {
    const address = wanted[kind];
    const there = members.find((one) => one[kind] === address && one.role !== 'leaving');
    if (address === '' || there === undefined) continue;
    const { id, name } = there;
    const reason = `${what} member ${id} (${name}) at ${address}. For one more member give another address; for a member whose disk was lost, request a ticket that says so; or remove member ${id} first.`;
    throw new SeedraftError('ADDRESS_IN_USE', `ADDRESS_IN_USE: ${reason}`, 'not applied');
  }
}

const LONGEST_NAME = 256;

/** What would be in the log for good, and is of no use there. */
export function refuseFlawed(member: Partial<Pick<Member, 'name' | 'peerAddress'>>): void {
  const { name, peerAddress } = member;
  const flaw =
    peerAddress !== undefined && parseAddress(peerAddress) === null
      ? `${JSON.stringify(peerAddress)} is no address: write host:port, where members will reach it.`
      : name !== undefined && !isName(name)
        ? `${JSON.stringify(name)} is no name: give 1 to ${LONGEST_NAME} characters that show, without spaces around them.`
        : null;
  if (flaw === null) return;
  throw new SeedraftError('INVALID_CHANGE', `INVALID_CHANGE: ${flaw}`, 'not applied');
}

function isName(text: string): boolean {
  return text.trim() === text && text !== '' && text.length <= LONGEST_NAME && !/\p{C}/u.test(text);
}

/** An id that was given out is in the same entry as its member: who is not there any more was removed. */
function refuseRemoved({ members, highestId }: Configuration, ids: readonly MemberId[]): void {
  const gone = ids.find((id) => id <= highestId && !members.some((member) => member.id === id));
  if (gone === undefined) return;
  const reason = `member ${gone} was removed, and its ticket with it: request another id.`;
  throw new SeedraftError('NO_TICKET', `NO_TICKET: ${reason}`, 'not applied');
}

/** An id that was given out is in the log of whoever leads; other members, and views of a moment ago, may not have it yet. */
async function refuseUnknown(
  desk: TicketDesk,
  { role, leaderAddress, configuration: seen }: MemberStatus,
  ids: readonly MemberId[],
  within: number,
): Promise<void> {
  if (role !== 'leader' && leaderAddress === '') return;
  const leader = role === 'leader' ? null : await desk.status(within, leaderAddress);
  if (leader !== null && leader.role !== 'leader') return;
  const { members } = leader?.configuration ?? seen;
  const unknown = ids.find((id) => !members.some((member) => member.id === id));
  if (unknown === undefined) return;
  const reason = `no member has the id ${unknown}; check the id, or request one.`;
  throw new NoSuchMember(reason);
}

/** Nobody answers any more where two are said to be: whoever was there before lost its disk. */
function oldPlaces(
  { members }: Configuration,
  joining: readonly Member[],
): readonly MemberChange[] {
  return members
    .filter((old) => joining.some((one) => old.id < one.id && isAt(old, one.peerAddress)))
    .map(({ id }) => ({ type: 'remove', id }));
}

// ------------------------------------------------------------------------------------------------------------------- patience

/** The leader's word on what was asked for, and not on what an old view made of it: another look would say the same. */
class NoSuchMember extends SeedraftError {
  constructor(reason: string) {
    super('UNKNOWN_MEMBER', `UNKNOWN_MEMBER: ${reason}`, 'not applied');
  }
}

/** What may be otherwise at the next look: another's change, a learner behind, a lost answer, an old view of the members. */
const PASSING: ReadonlySet<SeedraftErrorCode> = new Set<SeedraftErrorCode>([
  ...(['CHANGE_IN_FLIGHT', 'LAGGING', 'INVALID_CHANGE', 'UNKNOWN_MEMBER'] as const),
  ...(['CONNECTION_LOST', 'UNKNOWN_OUTCOME'] as const),
]);

const PAUSE_MS = 50;
const LAST_CALL_MS = 1000;

/** How long one wish may take, looks and pauses together. */
export class Patience {
  readonly #until: number;
  readonly #signal: AbortSignal | undefined;

  constructor({ timeout, signal }: CallOptions, fallback: number) {
    this.#until = performance.now() + (timeout ?? fallback);
    this.#signal = signal;
  }

  /** For one call. What becomes of a change is worth a second more than was allowed. */
  left(): number {
    return Math.max(LAST_CALL_MS, this.#until - performance.now());
  }

  /** What `step` gives once it gives something; `undefined`: look again. At the end, what was in the way last. */
  async until<T>(step: (within: number) => Promise<T | undefined>): Promise<T> {
    let last = new SeedraftError('TIMEOUT', 'TIMEOUT: the members were not there yet.', 'unknown');
    for (;;) {
      try {
        const found = await step(this.left());
        if (found !== undefined) return found;
      } catch (error) {
        if (error instanceof NoSuchMember) throw error;
        if (!(error instanceof SeedraftError) || !PASSING.has(error.code)) throw error;
        last = error;
      }
      if (this.#signal?.aborted === true)
        throw new SeedraftError('ABORTED', 'ABORTED: it was called off.', 'unknown');
      if (performance.now() + PAUSE_MS >= this.#until) throw last;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * (0.5 + Math.random())));
    }
  }
}
