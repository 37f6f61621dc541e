/** How times, messages and members are written. */
import type { MemberState, RecordedEvent, RecordedMessage, RecordingHeader } from '@seedraft/sim';

/** Styles do not take numbers. */
export const px = (pixels: number): string => `${pixels}px`;

/** Milliseconds with three digits after the point; a schedule has steps, not times. */
export function timeText(
  micros: number,
  { isSchedule }: Pick<RecordingHeader, 'isSchedule'>,
): string {
  if (isSchedule) return `step ${Math.round(micros / 1000)}`;
  return `${(micros / 1e6).toFixed(3)} s`;
}

/** Of a protocol's types, in its order; more take turns. */
const OWN_HUES = ['append', 'vote', 'snapshot', 'fourth', 'fifth', 'other'] as const;

export const ownHue = (place: number): string => OWN_HUES[place % OWN_HUES.length] as string;

/** Families of messages share a hue. */
export function hueOf(
  { type, facts }: RecordedMessage,
  { protocol }: Pick<RecordingHeader, 'protocol'>,
): string {
  if (type === 'ClientRequest' || type === 'ClientReply') return 'client';
  if (protocol !== undefined) return ownHue(Math.max(0, protocol.messages.indexOf(type)));
  if (type.includes('Vote')) return 'vote';
  if (type.startsWith('InstallSnapshot')) return 'snapshot';
  if (type === 'AppendEntries') return (facts.entries?.length ?? 0) > 0 ? 'append' : 'beat';
  if (type === 'AppendEntriesReply') return 'append';
  return 'other';
}

export const isReply = ({ type }: RecordedMessage): boolean => type.endsWith('Reply');

const LOSSES: Readonly<Record<string, string>> = {
  dropped: 'lost on the way',
  blocked: 'lost: the way was blocked',
  evicted: 'lost: the queue was full',
  refused: 'lost: nobody takes it',
  damaged: 'lost: damaged on the way',
  down: 'lost: nobody was there to look at it',
};

export function fateText({ lost, deliveredAt }: RecordedMessage): string {
  if (deliveredAt !== null) return `taken at #${deliveredAt}`;
  return lost === null ? 'still on its way at the end' : (LOSSES[lost.reason] ?? lost.reason);
}

export function messageTitle({ from, to, type, ordinal, isCopy }: RecordedMessage): string {
  return `${from} → ${to} ${type}#${ordinal}${isCopy ? ' (a copy)' : ''}`;
}

export function eventLabel(event: RecordedEvent, header: RecordingHeader): string {
  return `event ${event.number}, ${timeText(event.time, header)}: ${event.what}`;
}

export function roleText({ status, role }: Pick<MemberState, 'status' | 'role'>): string {
  return status === 'up' ? role : status;
}

/** `leader T3`, `L T3` where lanes are narrow; followers are told by their term alone. A protocol has no terms. */
export function standing(
  { status, role, term }: Pick<MemberState, 'status' | 'role' | 'term'>,
  isNarrow: boolean,
  { protocol }: Pick<RecordingHeader, 'protocol'>,
): string {
  if (protocol !== undefined) return status === 'up' ? (role === 'leader' ? 'leads' : '') : status;
  if (status === 'up' && role === 'follower') return `T${term}`;
  const word = roleText({ status, role });
  return `${isNarrow && status === 'up' ? word.slice(0, 1).toUpperCase() : word} T${term}`;
}

/** Terms take turns with eight colours; the number is always written beside. */
export const termClass = (term: number): string => (term === 0 ? 'term-none' : `term-${term % 8}`);

/** Of a member's band; a protocol's members all have one colour. */
export function bandHue(term: number, { protocol }: Pick<RecordingHeader, 'protocol'>): string {
  return protocol === undefined ? termClass(term) : 'term-1';
}
