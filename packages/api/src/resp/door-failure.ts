/** What the cluster did not do, as errors of the kind Redis's clients know. */
import type { ClientRefusalCode, ClientReply } from '@seedraft/replica';
import type { MemberStatus } from '@seedraft/wire';
import { reasonOf } from '../reason.ts';
import { Failure } from './reply.ts';

type NotDone = Exclude<ClientReply, { type: 'Ok' }>;

const LEADERLESS: ReadonlySet<ClientRefusalCode> = new Set<ClientRefusalCode>([
  'NO_LEADER',
  'NOT_LEADER',
  'NOT_READY',
  'TOO_MANY_HOPS',
]);
/** These would be said again, but not of other commands. */
const OF_THE_COMMAND: ReadonlySet<ClientRefusalCode> = new Set<ClientRefusalCode>([
  'BAD_REQUEST',
  'ENTRY_TOO_LARGE',
  'MACHINE_ERROR',
  'STATE_LIMIT',
]);

export const NOT_TRIED = new Failure(
  'TRYAGAIN not tried, since nobody knows what became of what was sent before it.',
);

export function failureOf(reply: NotDone, status: Pick<MemberStatus, 'founding'>): Failure {
  const { sentence } = reasonOf(reply, status);
  if (reply.type === 'Unknown') return new Failure(`UNKNOWN ${sentence}`);
  if (LEADERLESS.has(reply.code)) return new Failure(`CLUSTERDOWN no leader: ${sentence}`);
  if (reply.code === 'STATE_LIMIT') return new Failure(`OOM ${sentence}`);
  return new Failure(`${OF_THE_COMMAND.has(reply.code) ? 'ERR' : 'TRYAGAIN'} ${sentence}`);
}

/** Other commands would fare no better now. */
export function isAboutCluster(reply: NotDone): boolean {
  return reply.type === 'Unknown' || !OF_THE_COMMAND.has(reply.code);
}
