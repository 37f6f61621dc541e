/**
 * What one look at every member says of a cluster. Of a member that is silent only the others' word is known: who it is and whether it votes, from the
 * configuration of whoever knows best (the leader of the highest term, else who committed most). Whether the cluster goes on is the
 * majority's matter, of both halves while a change of voters is under way.
 */
import type { SeedraftErrorCode } from '@seedraft/client';
import { type Configuration, type Member, quorumSize } from '@seedraft/core';
import type { MemberStatus } from '@seedraft/wire';

/** Of whoever answers, or not, at an address. */
export type Answer =
  | { readonly address: string; readonly status: MemberStatus }
  | {
      readonly address: string;
      readonly status: null;
      readonly code: SeedraftErrorCode;
      readonly why: string;
    };

/** One member, or an address of which nobody knows whose it is. */
export interface Place {
  /** 0: not known. */
  readonly id: number;
  /** In the best known configuration; null: not in it. */
  readonly member: Member | null;
  /** Where it was asked; '': it has told no address for clients. */
  readonly address: string;
  /** Null: it gave no answer, or could not be asked. */
  readonly status: MemberStatus | null;
  readonly code: SeedraftErrorCode | null;
  readonly why: string;
  /** False: its id is reserved, and no directory has it yet. */
  readonly isStarted: boolean;
}

export interface Seen {
  readonly clusterId: string;
  /** Of the highest term; null: nobody that answered leads. */
  readonly leader: MemberStatus | null;
  readonly places: readonly Place[];
  /** How many there are, and how many of them answered. */
  readonly voters: number;
  readonly answering: number;
  readonly hasMajority: boolean;
  /** How many more voters may fall silent with a majority left; below 0: so many are missing. */
  readonly spare: number;
}

export function see(answers: readonly Answer[]): Seen {
  const statuses = answers.flatMap(({ status }) => (status === null ? [] : [status]));
  const leader = statuses
    .filter(({ role }) => role === 'leader')
    .reduce<MemberStatus | null>((best, one) => (one.term > (best?.term ?? -1) ? one : best), null);
  const best = leader ?? statuses.reduce((one, other) => (knowsMore(other, one) ? other : one));
  const { configuration } = best;
  const places = placesOf(configuration, answers);
  const answered = new Set(places.flatMap(({ id, status }) => (status === null ? [] : [id])));
  const voters = configuration.members.filter(({ role }) => role === 'voter').map(({ id }) => id);
  const halves = [voters, configuration.outgoing ?? voters];
  const spares = halves.map((half) => countIn(half, answered) - quorumSize(half.length));
  const spare = Math.min(...spares);
  return {
    clusterId: best.clusterId,
    leader,
    places,
    voters: voters.length,
    answering: countIn(voters, answered),
    hasMajority: spare >= 0,
    spare,
  };
}

function knowsMore(one: MemberStatus, other: MemberStatus): boolean {
  if (one.commitIndex !== other.commitIndex) return one.commitIndex > other.commitIndex;
  return one.configuration.members.length > other.configuration.members.length;
}

function countIn(ids: readonly number[], among: ReadonlySet<number>): number {
  return ids.filter((id) => among.has(id)).length;
}

/** The members in their order, then whoever else was asked. One that answers at several addresses is there once. */
function placesOf({ members }: Configuration, answers: readonly Answer[]): readonly Place[] {
  const rest = new Set(answers);
  const take = (isIt: (answer: Answer) => boolean): Answer | undefined => {
    const all = [...rest].filter(isIt);
    for (const one of all) rest.delete(one);
    return all.find(({ status }) => status !== null) ?? all[0];
  };
  const known = members.map((member) => {
    const { id, clientAddress } = member;
    const answer = take(
      ({ status, address }) =>
        status?.id === id || (status === null && clientAddress !== '' && address === clientAddress),
    );
    return placeOf(id, member, clientAddress, answer);
  });
  const others: Place[] = [];
  for (const answer of answers) {
    if (!rest.has(answer)) continue;
    const id = answer.status?.id ?? 0;
    take((one) => one === answer || (id !== 0 && one.status?.id === id));
    others.push(placeOf(id, null, answer.address, answer));
  }
  return [...known, ...others];
}

function placeOf(
  id: number,
  member: Member | null,
  address: string,
  answer: Answer | undefined,
): Place {
  const isSilent = answer?.status === null;
  const isReserved = member?.role === 'learner' && member.incarnation === '';
  return {
    id,
    member,
    address: answer?.address ?? address,
    status: answer?.status ?? null,
    code: isSilent ? answer.code : null,
    why: isSilent ? answer.why : 'It has told no address for clients.',
    isStarted: !isReserved || answer?.status != null,
  };
}

/** What is wrong, and what helps: a line each; nothing when all is well. `startLine`: how a member at an address is started again, where that is known. */
export function advice(
  { places, leader, voters, answering, hasMajority, spare }: Seen,
  startLine: (address: string) => string | null,
): string[] {
  const lines: string[] = [];
  for (const place of places) {
    const name = place.status?.name ?? place.member?.name ?? `whoever is at ${place.address}`;
    if (place.status === null && place.isStarted && place.address !== '') {
      lines.push(`${name} gives no answer: ${silence(place)}`);
      const line = place.code === 'CONNECTION_LOST' ? startLine(place.address) : null;
      if (line !== null) lines.push(`  ${line}`);
    } else if (!place.isStarted) {
      lines.push(
        `${name} has an id and was not started yet: start it as \`member ticket\` or \`member add\` printed it, or \`member remove ${place.id}\`.`,
      );
    }
    const { damaged, founding, configuration } = place.status ?? {};
    if (damaged != null) lines.push(`${name} is damaged: ${damaged}`);
    if (founding != null) lines.push(`${name} is not founded: ${founding}`);
    if (place.member === null && place.status !== null && configuration !== undefined) {
      const isGone = leader !== null && place.id <= leader.configuration.highestId;
      if (isGone) lines.push(`${name} was removed from the cluster: stop it.`);
    }
  }
  if (answering < voters) lines.push(majority(voters, answering, hasMajority, spare));
  else if (leader === null && hasMajority && lines.length === 0)
    lines.push('All voters answer: a leader is found within seconds; look again.');
  return lines;
}

function silence({ code, why, address }: Place): string {
  switch (code) {
    case 'CONNECTION_LOST':
      return /ECONNREFUSED/.test(why)
        ? `nobody listens at ${address}. If its process is gone, start it again with its data and its old flags; nothing is lost.`
        : why;
    case 'TIMEOUT':
      return `nothing came from ${address} in time. It hangs, is stopped, or is cut off from here: look at its process and its log, and at the network.`;
    default:
      return why;
  }
}

function majority(voters: number, answering: number, hasMajority: boolean, spare: number): string {
  const answer = `${answering} of ${voters} voters ${answering === 1 ? 'answers' : 'answer'}`;
  if (hasMajority) {
    const rest = spare === 0 ? 'not one more may be lost' : `${spare} more may be lost`;
    return `${answer}, a majority: reads and writes go on, and ${rest}.`;
  }
  return (
    `${answer}, no majority: nothing can be written, nor read but by --consistency stale, until ${-spare} more ${spare === -1 ? 'is' : 'are'} back. ` +
    'If their disks are gone for good: `seedraft debug force-configuration --help`.'
  );
}
