/**
 * A step of a schedule: what a driver without time does next, in the words that people read and write. Shared by whoever finds schedules
 * (exploration) and whoever plays or shortens them. Members are named n1, n2, ...; nothing here says when.
 */
import type { MemberMessage } from '@seedraft/replica';

export type ScheduleStep =
  /** A message on its way arrives, is lost, or is copied (one copy arrives, the other stays on its way). */
  | {
      readonly step: 'deliver' | 'drop' | 'duplicate';
      readonly from: string;
      readonly to: string;
      readonly type: MemberMessage['type'];
      /** How many of this type had been sent on this link before it. */
      readonly ordinal: number;
    }
  /** Its own clock moves to its deadline, and it is told. */
  | { readonly step: 'tick'; readonly member: string }
  /** Its oldest write under way becomes durable, and it is told. */
  | { readonly step: 'persisted'; readonly member: string }
  /** All that is volatile is lost; of the writes under way its disk keeps the oldest `kept`. */
  | { readonly step: 'crash'; readonly member: string; readonly kept: number }
  /** As a crash, but of what was not synced its disk keeps some sectors and not others (disks of bytes only). */
  | { readonly step: 'tear'; readonly member: string }
  | { readonly step: 'restart'; readonly member: string }
  /** Its disk is damaged at rest, or the next operation of that kind fails or goes astray (damage: disks of bytes only). */
  | { readonly step: DiskStep; readonly member: string }
  /** A client's command. */
  | { readonly step: 'propose'; readonly member: string }
  /** An operator's single-server change: adds or removes `subject`, a voter. */
  | {
      readonly step: 'add' | 'remove';
      readonly member: string;
      readonly subject: string;
    }
  /** Any other change that an operator asks for; without changes a joint configuration is to be left. */
  | {
      readonly step: 'change';
      readonly member: string;
      readonly mode: 'single' | 'joint' | 'explicit';
      readonly changes: readonly ScheduledChange[];
    }
  /** An operator asks the leader to hand over to `subject`. */
  | { readonly step: 'transfer'; readonly member: string; readonly subject: string }
  /** It is told that the process of `subject` is gone. */
  | { readonly step: 'peer-down'; readonly member: string; readonly subject: string }
  /** It is ordered to start an election, or to take a snapshot. */
  | { readonly step: 'campaign' | 'snapshot'; readonly member: string }
  /** A new member starts, with the next free id and in no configuration. */
  | { readonly step: 'spawn'; readonly member: string }
  /** It crashes and its disk is lost: after a restart it runs under its old id and has forgotten everything. */
  | { readonly step: 'wipe'; readonly member: string }
  /** Its own clock moves on to what it then shows, in milliseconds; it is not told. */
  | { readonly step: 'clock'; readonly member: string; readonly shows: number }
  /** A client opens a session: what it writes once it has been told of it is written under it. `timeout`: ms without a command. */
  | {
      readonly step: 'session';
      readonly member: string;
      readonly client: number;
      readonly timeout: number;
    }
  /** A client writes a key that is gone after `ttl` ms; numbered like any other operation. */
  | {
      readonly step: 'expire';
      readonly member: string;
      readonly client: number;
      readonly operation: number;
      readonly key: string;
      readonly ttl: number;
    }
  /** A client's operation, by its number; the same number again is the same request, sent again. `lease-get` reads under a lease. */
  | {
      readonly step: 'put' | 'get' | 'lease-get';
      readonly member: string;
      readonly client: number;
      readonly operation: number;
      readonly key: string;
    };

export const DISK_STEPS = [
  'bit-rot',
  'misdirected-write',
  'stale-read',
  'short-read',
  'read-error',
  'write-error',
  'fsync-failure',
] as const;
export type DiskStep = (typeof DISK_STEPS)[number];

export interface ScheduledChange {
  readonly change: 'add' | 'add learner' | 'promote' | 'demote' | 'remove';
  readonly subject: string;
}

/** `deliver n1->n2 AppendEntries#3`, `tick n2`, `persisted n3`, `crash n1 kept 1`, `remove n3 at n1`. */
export function formatStep(step: ScheduleStep): string {
  switch (step.step) {
    case 'deliver':
    case 'drop':
    case 'duplicate':
      return `${step.step} ${step.from}->${step.to} ${step.type}#${step.ordinal}`;
    case 'crash':
      return step.kept === 0 ? `crash ${step.member}` : `crash ${step.member} kept ${step.kept}`;
    case 'tear':
      return `crash ${step.member} torn`;
    case 'add':
    case 'remove':
      return `${step.step} ${step.subject} at ${step.member}`;
    case 'change':
      return `${step.mode} ${formatChanges(step.changes)} at ${step.member}`;
    case 'transfer':
    case 'peer-down':
      return `${step.step} ${step.subject} at ${step.member}`;
    case 'clock':
      return `clock ${step.member} ${step.shows}ms`;
    case 'session':
      return `c${step.client} opens a session${formatTimeout(step.timeout)} at ${step.member}`;
    case 'expire':
      return `c${step.client}#${step.operation} put ${step.key} for ${step.ttl}ms at ${step.member}`;
    case 'put':
    case 'get':
    case 'lease-get':
      return `c${step.client}#${step.operation} ${step.step} ${step.key} at ${step.member}`;
    case 'tick':
    case 'persisted':
    case 'restart':
    case 'propose':
    case 'campaign':
    case 'snapshot':
    case 'spawn':
    case 'wipe':
    case 'bit-rot':
    case 'misdirected-write':
    case 'stale-read':
    case 'short-read':
    case 'read-error':
    case 'write-error':
    case 'fsync-failure':
      return `${step.step} ${step.member}`;
  }
}

/** Of a session whose step says none. */
export const SESSION_TIMEOUT = 60_000;

function formatTimeout(timeout: number): string {
  return timeout === SESSION_TIMEOUT ? '' : ` of ${timeout}ms`;
}

function formatChanges(changes: readonly ScheduledChange[]): string {
  if (changes.length === 0) return 'leave';
  return changes.map(({ change, subject }) => `${change} ${subject}`).join(', ');
}
