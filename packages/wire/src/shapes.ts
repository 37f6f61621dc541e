/**
 * The tuples inside messages that both protocols and several messages share: entries, configurations, snapshots, refusals, outcomes.
 * Readers check what any member may rely on: sorted members, known roles, terms that never decrease.
 */
import { putBytes, putList, putNumber, putValue } from '@seedraft/codec';
import type {
  Configuration,
  Entry,
  Member,
  MemberChange,
  ProposalOutcome,
  RefusalCode,
  SnapshotMetadata,
} from '@seedraft/core';
import * as field from './field.ts';

const EMPTY = new Uint8Array(0);

export const ROLES = ['voter', 'learner', 'leaving'] as const;
export const ENTRY_KINDS = ['command', 'noop', 'configuration'] as const;
const CHANGES = ['add', 'promote', 'demote', 'remove', 'update'] as const;
const OUTCOMES = ['committed', 'rejected', 'superseded', 'unknown'] as const;

/** Sent by name. A record, so that a code that core gains cannot be forgotten here. */
const REFUSALS: Readonly<Record<RefusalCode, true>> = {
  NOT_LEADER: true,
  NO_LEADER: true,
  NOT_READY: true,
  TRANSFERRING: true,
  UNCOMMITTED_LIMIT: true,
  LOG_LIMIT: true,
  NO_SPACE: true,
  CHANGE_IN_FLIGHT: true,
  NO_COMMIT_IN_TERM: true,
  INVALID_CHANGE: true,
  NOT_JOINT: true,
  UNKNOWN_MEMBER: true,
  NOT_VOTER: true,
  LEASE_DISABLED: true,
  LEASE_EXPIRED: true,
  LAGGING: true,
  TRANSFER_TIMEOUT: true,
  TOO_MANY_HOPS: true,
  ENTRY_TOO_LARGE: true,
  STOPPED: true,
};

export function isRefusal(code: string): code is RefusalCode {
  return Object.hasOwn(REFUSALS, code);
}

export function readRefusal(value: unknown): RefusalCode {
  const code = field.text(value, 'refusal');
  return isRefusal(code) ? code : field.refuse('refusal is no known code');
}

/** 32 hex digits, or empty while unbound. */
export function readIncarnation(value: unknown): string {
  const incarnation = field.text(value, 'incarnation');
  if (!/^(?:[0-9a-f]{32})?$/.test(incarnation)) field.refuse('incarnation is not 32 hex digits');
  return incarnation;
}

export function memberTuple(member: Member): unknown[] {
  return [
    member.id,
    member.incarnation,
    member.name,
    member.peerAddress,
    member.clientAddress,
    ROLES.indexOf(member.role),
    member.priority,
  ];
}

export function readMember(value: unknown): Member {
  const t = field.tuple(value, 7, 'member');
  return {
    id: field.identity(t[0], 'member id'),
    incarnation: readIncarnation(t[1]),
    name: field.text(t[2], 'name'),
    peerAddress: field.text(t[3], 'peerAddress'),
    clientAddress: field.text(t[4], 'clientAddress'),
    role: field.choice(t[5], ROLES, 'role'),
    priority: field.integer(t[6], Number.MIN_SAFE_INTEGER, 'priority'),
  };
}

export function configurationTuple(configuration: Configuration): unknown[] {
  const { members, outgoing, autoLeave, highestId } = configuration;
  return [members.map(memberTuple), outgoing, autoLeave, highestId];
}

/**
 * Members and outgoing voters ascending and without doubles, outgoing voters among the members, `leaving` only while joint, no id above
 * `highestId`.
 */
export function readConfiguration(value: unknown): Configuration {
  const t = field.tuple(value, 4, 'configuration');
  const members = field.list(t[0], 'members').map(readMember);
  assertAscending(members.map((member) => member.id));
  const outgoing = t[1] === null ? null : readOutgoing(t[1], members);
  for (const { id, role } of members) {
    if (role === 'leaving' && !outgoing?.includes(id)) field.refuse(`member ${id} leaves nothing`);
  }
  const autoLeave = field.flag(t[2], 'autoLeave');
  const highestId = field.natural(t[3], 'highestId');
  if (highestId < (members.at(-1)?.id ?? 0)) field.refuse('a member is above highestId');
  return { members, outgoing, autoLeave, highestId };
}

function readOutgoing(value: unknown, members: readonly Member[]): number[] {
  const ids = field.list(value, 'outgoing').map((id) => field.identity(id, 'outgoing id'));
  assertAscending(ids);
  for (const id of ids) {
    if (!members.some((member) => member.id === id)) field.refuse(`outgoing ${id} is no member`);
  }
  return ids;
}

function assertAscending(ids: readonly number[]): void {
  for (let i = 1; i < ids.length; i++) {
    if (ids[i]! <= ids[i - 1]!) field.refuse('member ids are not ascending');
  }
}

export function changeTuple(change: MemberChange): unknown[] {
  const kind = CHANGES.indexOf(change.type);
  return 'member' in change ? [kind, memberTuple(change.member)] : [kind, change.id];
}

export function readChange(value: unknown): MemberChange {
  const t = field.tuple(value, 2, 'change');
  const type = field.choice(t[0], CHANGES, 'change');
  if (type === 'add' || type === 'update') return { type, member: readMember(t[1]) };
  return { type, id: field.identity(t[1], 'changed id') };
}

/** Without its index, which follows from its place: a gap cannot even be written down. */
export function putEntry({ term, kind, checksum, data, configuration }: Entry): void {
  putList(4);
  putNumber(term);
  putNumber(ENTRY_KINDS.indexOf(kind));
  putNumber(checksum);
  if (configuration === null) putBytes(data);
  else putValue(configurationTuple(configuration));
}

export function readEntry(value: unknown, index: number): Entry {
  const t = field.tuple(value, 4, 'entry');
  const term = field.integer(t[0], 1, 'entry term');
  const kind = field.choice(t[1], ENTRY_KINDS, 'entry kind');
  const checksum = field.uint32(t[2], 'entry checksum');
  if (kind === 'configuration') {
    return { index, term, kind, data: EMPTY, checksum, configuration: readConfiguration(t[3]) };
  }
  const data = field.bytes(t[3], 'entry data');
  if (kind === 'noop' && data.length > 0) field.refuse('a noop bears data');
  return { index, term, kind, data, checksum, configuration: null };
}

export function snapshotTuple(snapshot: SnapshotMetadata): unknown[] {
  return [
    snapshot.id,
    snapshot.lastIncludedIndex,
    snapshot.lastIncludedTerm,
    configurationTuple(snapshot.configuration),
    snapshot.configurationIndex,
    snapshot.size,
    snapshot.checksum,
  ];
}

export function readSnapshot(value: unknown): SnapshotMetadata {
  const t = field.tuple(value, 7, 'snapshot');
  const snapshot = {
    id: field.text(t[0], 'snapshot id'),
    lastIncludedIndex: field.integer(t[1], 1, 'lastIncludedIndex'),
    lastIncludedTerm: field.integer(t[2], 1, 'lastIncludedTerm'),
    configuration: readConfiguration(t[3]),
    configurationIndex: field.natural(t[4], 'configurationIndex'),
    size: field.natural(t[5], 'snapshot size'),
    checksum: field.uint32(t[6], 'snapshot checksum'),
  };
  if (snapshot.configurationIndex > snapshot.lastIncludedIndex) {
    field.refuse('the configuration of a snapshot comes from after it');
  }
  return snapshot;
}

export function outcomeTuple(outcome: ProposalOutcome): unknown[] {
  const kind = OUTCOMES.indexOf(outcome.outcome);
  return outcome.outcome === 'rejected'
    ? [kind, outcome.code, outcome.leader]
    : [kind, outcome.index, outcome.term];
}

export function readOutcome(value: unknown): ProposalOutcome {
  const t = field.tuple(value, 3, 'outcome');
  const outcome = field.choice(t[0], OUTCOMES, 'outcome');
  if (outcome === 'rejected') {
    return { outcome, code: readRefusal(t[1]), leader: field.natural(t[2], 'leader') };
  }
  return { outcome, index: field.natural(t[1], 'index'), term: field.natural(t[2], 'term') };
}
