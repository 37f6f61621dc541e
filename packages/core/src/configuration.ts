/**
 * Who counts. A configuration is data in the log; the latest one in the log is in force, committed or not (dissertation 4.1).
 * Single-server and joint changes share this one shape.
 */

/** Recorded by the log, never handed out twice (`highestId`). A positive safe integer. */
export type MemberId = number;

export interface Member {
  readonly id: MemberId;
  /** 32 hex digits: the data directory this id is bound to; '' until first heard (an incarnation). */
  readonly incarnation: string;
  readonly name: string;
  readonly peerAddress: string;
  readonly clientAddress: string;
  /** In the incoming configuration. `leaving`: only in `outgoing`, dropped when the joint configuration is left. */
  readonly role: 'voter' | 'learner' | 'leaving';
  /** Preferred leaders have a higher priority; 0 is ordinary. */
  readonly priority: number;
}

export interface Configuration {
  /** Everyone who receives entries, sorted by id. */
  readonly members: readonly Member[];
  /** While joint: the voters of the configuration being left, sorted. Null otherwise. */
  readonly outgoing: readonly MemberId[] | null;
  /** While joint: the leader proposes leaving by itself once the joint entry is committed. */
  readonly autoLeave: boolean;
  /** The highest id that this log ever gave to a member; the next one is above it. A removed member's id never comes back as somebody else. */
  readonly highestId: MemberId;
}

export type MemberChange =
  | { readonly type: 'add'; readonly member: Member }
  | { readonly type: 'promote'; readonly id: MemberId }
  | { readonly type: 'demote'; readonly id: MemberId }
  | { readonly type: 'remove'; readonly id: MemberId }
  /** Bind an incarnation, or change addresses, name or priority; never the role. */
  | { readonly type: 'update'; readonly member: Member };

/** What a member knows that was added to a cluster but has not heard from it yet. */
export const EMPTY_CONFIGURATION: Configuration = Object.freeze({
  members: Object.freeze([]),
  outgoing: null,
  autoLeave: false,
  highestId: 0,
});

/** What a cluster begins with. */
export function firstConfiguration(members: readonly Member[]): Configuration {
  const sorted = members.slice().sort((a, b) => a.id - b.id);
  const highestId = sorted.at(-1)?.id ?? 0;
  return { members: sorted, outgoing: null, autoLeave: false, highestId };
}

export function memberOf(configuration: Configuration, id: MemberId): Member | undefined {
  for (const member of configuration.members) if (member.id === id) return member;
  return undefined;
}

/** The same member with its role or its incarnation changed. Written out: a spread makes objects of another shape, and slow to look at. */
export function changedMember(
  member: Member,
  change: { readonly role: Member['role'] } | { readonly incarnation: string },
): Member {
  const { id, name, peerAddress, clientAddress, priority } = member;
  const incarnation = 'incarnation' in change ? change.incarnation : member.incarnation;
  const role = 'role' in change ? change.role : member.role;
  return { id, incarnation, name, peerAddress, clientAddress, role, priority };
}

/** Voters of the configuration being entered (or simply in force), sorted. */
export function incomingVoters(configuration: Configuration): readonly MemberId[] {
  return configuration.members.filter((m) => m.role === 'voter').map((m) => m.id);
}

/** A voter in either half. */
export function isVoterIn(configuration: Configuration, id: MemberId): boolean {
  if (configuration.outgoing?.includes(id)) return true;
  return memberOf(configuration, id)?.role === 'voter';
}

/** More members than any cluster needs, fewer than quorum counting has room for. */
const MAX_MEMBERS = 128;

/** Why a change was not applied. */
export type ChangeRefusal = 'INVALID_CHANGE' | 'UNKNOWN_MEMBER' | 'NOT_JOINT';

/** At most one voter more or less: old and new majorities overlap (dissertation 4.1). Learners and updates are free. */
export function changeSingle(
  configuration: Configuration,
  changes: readonly MemberChange[],
): Configuration | ChangeRefusal {
  const next = applyChanges(configuration, changes, null, false);
  if (typeof next === 'string') return next;
  const before = incomingVoters(configuration);
  const after = incomingVoters(next);
  const moved =
    before.filter((id) => !after.includes(id)).length +
    after.filter((id) => !before.includes(id)).length;
  if (moved > 1 || after.length === 0) return 'INVALID_CHANGE';
  return next;
}

/** C-old,new (section 6): both halves must agree until it is left. */
export function enterJoint(
  configuration: Configuration,
  changes: readonly MemberChange[],
  autoLeave: boolean,
): Configuration | ChangeRefusal {
  const next = applyChanges(configuration, changes, incomingVoters(configuration), autoLeave);
  if (typeof next === 'string') return next;
  // A change list that demotes and then removes would leave an outgoing voter whom nobody feeds.
  const fed = next.outgoing?.every((id) => memberOf(next, id) !== undefined) ?? true;
  return fed && incomingVoters(next).length > 0 ? next : 'INVALID_CHANGE';
}

/** C-new. */
export function leaveJoint(configuration: Configuration): Configuration | ChangeRefusal {
  if (configuration.outgoing === null) return 'NOT_JOINT';
  const members = configuration.members.filter((member) => member.role !== 'leaving');
  return { members, outgoing: null, autoLeave: false, highestId: configuration.highestId };
}

/** The changes made one after the other. `outgoing` not null: into a joint configuration, where voters that are removed stay for a while. */
function applyChanges(
  configuration: Configuration,
  changes: readonly MemberChange[],
  outgoing: readonly MemberId[] | null,
  autoLeave: boolean,
): Configuration | ChangeRefusal {
  const members = configuration.members.slice();
  let { highestId } = configuration;
  for (const change of changes) {
    const id = 'member' in change ? change.member.id : change.id;
    if (change.type === 'add') {
      // An id that was once removed may still be at large; nobody else may answer under it.
      if (id <= highestId) return 'INVALID_CHANGE';
      highestId = id;
    }
    const at = members.findIndex((member) => member.id === id);
    const refusal = applyChange(members, at, change, outgoing !== null);
    if (refusal !== null) return refusal;
  }
  if (members.length > MAX_MEMBERS) return 'INVALID_CHANGE';
  members.sort((a, b) => a.id - b.id);
  return { members, outgoing, autoLeave, highestId };
}

function applyChange(
  members: Member[],
  at: number,
  change: MemberChange,
  joint: boolean,
): ChangeRefusal | null {
  const known = members[at];
  if (change.type === 'add') {
    const { id, role } = change.member;
    if (known !== undefined || role === 'leaving') return 'INVALID_CHANGE';
    if (!Number.isSafeInteger(id) || id <= 0) return 'INVALID_CHANGE';
    members.push(change.member);
    return null;
  }
  if (known === undefined) return 'UNKNOWN_MEMBER';
  if (known.role === 'leaving') return 'INVALID_CHANGE';
  switch (change.type) {
    case 'promote':
      if (known.role !== 'learner') return 'INVALID_CHANGE';
      members[at] = changedMember(known, { role: 'voter' });
      return null;
    case 'demote':
      if (known.role !== 'voter') return 'INVALID_CHANGE';
      members[at] = changedMember(known, { role: 'learner' });
      return null;
    case 'remove':
      if (joint && known.role === 'voter') {
        members[at] = changedMember(known, { role: 'leaving' });
      } else members.splice(at, 1);
      return null;
    case 'update':
      if (change.member.role !== known.role) return 'INVALID_CHANGE';
      // An id is bound to one data directory for good: another one is another member.
      if (known.incarnation !== '' && change.member.incarnation !== known.incarnation) {
        return 'INVALID_CHANGE';
      }
      members[at] = change.member;
      return null;
  }
}
