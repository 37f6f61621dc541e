/** Steps as people write them, back to steps; the inverse of `formatStep`. */
import { LINK_TYPES } from '../link.ts';
import { DISK_STEPS, type ScheduledChange, type ScheduleStep, SESSION_TIMEOUT } from './step.ts';

type Reading = readonly [pattern: RegExp, read: (found: readonly string[]) => ScheduleStep | null];

const N = '(n[1-9][0-9]*)';
const CHANGE = '(?:add|add learner|promote|demote|remove) n[1-9][0-9]*';
const words = (pattern: string): RegExp => new RegExp(`^${pattern}$`);

type Carried = Extract<ScheduleStep, { readonly ordinal: number; readonly type: string }>;

const READINGS: readonly Reading[] = [
  [
    words(`(deliver|drop|duplicate) ${N}->${N} ([A-Za-z]+)#([0-9]{1,7})`),
    ([step = '', from = '', to = '', type = '', ordinal]) => {
      const known = LINK_TYPES.includes(type as (typeof LINK_TYPES)[number]);
      if (!known || type.startsWith('Client')) return null;
      const carried = { from, to, type: type as Carried['type'], ordinal: Number(ordinal) };
      return { step: step as Carried['step'], ...carried };
    },
  ],
  [
    words(
      `(tick|persisted|restart|propose|campaign|snapshot|spawn|wipe|${DISK_STEPS.join('|')}) ${N}`,
    ),
    ([step = '', member = '']) => ({ step, member }) as ScheduleStep,
  ],
  [words(`crash ${N} torn`), ([member = '']) => ({ step: 'tear', member })],
  [
    words(`crash ${N}(?: kept ([0-9]{1,7}))?`),
    ([member = '', kept]) => ({ step: 'crash', member, kept: Number(kept ?? 0) }),
  ],
  [
    words(`(add|remove|transfer|peer-down) ${N} at ${N}`),
    ([step = '', subject = '', member = '']) =>
      ({ step: step as 'add' | 'remove' | 'transfer' | 'peer-down', member, subject }) as const,
  ],
  [
    words(`(single|joint|explicit) (leave|${CHANGE}(?:, ${CHANGE}){0,15}) at ${N}`),
    ([mode = '', changes = '', member = '']) => ({
      step: 'change',
      member,
      mode: mode as 'single' | 'joint' | 'explicit',
      changes: changes === 'leave' ? [] : changes.split(', ').map(readChange),
    }),
  ],
  [
    words(`clock ${N} ([0-9]{1,10})ms`),
    ([member = '', shows]) => ({ step: 'clock', member, shows: Number(shows) }),
  ],
  [
    words(`c([0-9]{1,4}) opens a session(?: of ([0-9]{1,9})ms)? at ${N}`),
    ([client, timeout = SESSION_TIMEOUT, member = '']) => ({
      step: 'session',
      member,
      client: Number(client),
      timeout: Number(timeout),
    }),
  ],
  [
    words(`c([0-9]{1,4})#([0-9]{1,6}) put (\\S{1,64}) for ([0-9]{1,9})ms at ${N}`),
    ([client, operation, key = '', ttl, member = '']) => ({
      step: 'expire',
      member,
      client: Number(client),
      operation: Number(operation),
      key,
      ttl: Number(ttl),
    }),
  ],
  [
    words(`c([0-9]{1,4})#([0-9]{1,6}) (put|get|lease-get) (\\S{1,64}) at ${N}`),
    ([client, operation, f = '', key = '', member = '']) => ({
      step: f as 'put' | 'get' | 'lease-get',
      member,
      client: Number(client),
      operation: Number(operation),
      key,
    }),
  ],
];

function readChange(text: string): ScheduledChange {
  const space = text.lastIndexOf(' ');
  return {
    change: text.slice(0, space) as ScheduledChange['change'],
    subject: text.slice(space + 1),
  };
}

/** Null: no such step. */
export function parseStep(text: string): ScheduleStep | null {
  for (const [pattern, read] of READINGS) {
    const found = pattern.exec(text);
    if (found !== null) return read(found.slice(1));
  }
  return null;
}

/** For whoever wrote something else. */
export const EXPECTED_STEP =
  'expected a step such as: deliver n1->n2 AppendEntries#0, drop ..., duplicate ..., tick n1, persisted n1, crash n1, crash n1 kept 1, crash n1 torn, bit-rot n1, fsync-failure n1, ' +
  'restart n1, wipe n1, campaign n1, snapshot n1, propose n1, spawn n4, add n4 at n1, remove n3 at n1, joint promote n4, remove n3 at n1, transfer n2 at n1, ' +
  'peer-down n2 at n1, clock n1 250ms, c0 opens a session at n1, c0#1 put k0 at n1, c0#2 get k0 at n1, c0#3 lease-get k0 at n1, c0#4 put k1 for 300ms at n1';
