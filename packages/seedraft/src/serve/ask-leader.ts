/** What only another member can say, and what only the leader can order, asked of it by a member on behalf of its own clients: once, over the native protocol, as any client would. */
import { type ConnectOptions, connect, SeedraftError } from '@seedraft/client';
import type { ClientRefusalCode, ClientReply, ClientRequest } from '@seedraft/replica';
import type { MemberStatus } from '@seedraft/wire';

/** Codes of the client's own side: the leader was not reached, or said nothing in time. */
const LOCAL: ReadonlySet<string> = new Set([
  ...['TIMEOUT', 'ABORTED', 'CLOSED', 'QUEUE_FULL', 'CONNECTION_LOST', 'UNKNOWN_OUTCOME'],
  ...['BAD_REPLY', 'WRONG_CLUSTER', 'VERSION', 'BAD_COMMAND', 'BAD_VALUE'],
]);

export function leaderAsker(
  status: () => MemberStatus,
  credentials: Pick<ConnectOptions, 'token' | 'tls'>,
): (request: ClientRequest, within: number) => Promise<ClientReply> {
  return async (request, within) => {
    const { leader, leaderAddress, clusterId } = status();
    if (leaderAddress === '') return { type: 'Refused', code: 'NO_LEADER', leader };
    const began = performance.now();
    try {
      const timeouts = { connect: within, call: within };
      const options = { endpoints: [leaderAddress], clusterId, timeouts };
      const client = await connect({ ...options, ...credentials, exactlyOnce: false });
      try {
        const timeout = Math.max(1, within - (performance.now() - began));
        return {
          type: 'Ok',
          index: status().appliedIndex,
          value: await order(client, request, timeout),
        };
      } finally {
        await client.close({ within: 0 });
      }
    } catch (error) {
      return replyOf(error, leader);
    }
  };
}

/** What one member says of itself; rejects with a SeedraftError. */
export async function askStatus(
  address: string,
  clusterId: string,
  credentials: Pick<ConnectOptions, 'token' | 'tls'>,
  within: number,
): Promise<MemberStatus> {
  const timeouts = { connect: within, call: within };
  const options = { endpoints: [address], clusterId, timeouts, ...credentials };
  const client = await connect({ ...options, exactlyOnce: false });
  try {
    return await client.status({ address });
  } finally {
    await client.close({ within: 0 });
  }
}

type Connected = Awaited<ReturnType<typeof connect>>;

async function order(client: Connected, request: ClientRequest, timeout: number): Promise<unknown> {
  switch (request.type) {
    case 'ChangeMembership':
      await client.members.change(request.changes, request.mode, { timeout });
      return null;
    case 'TransferLeadership':
      return await client.transfer(request.target, { timeout });
    default:
      throw new Error(`invariant broken: ${request.type} needs no leader's ear`);
  }
}

function replyOf(error: unknown, leader: number): ClientReply {
  if (!(error instanceof SeedraftError)) throw error;
  if (error.outcome === 'unknown') return { type: 'Unknown', index: 0, term: 0 };
  const code = LOCAL.has(error.code) ? 'NOT_READY' : (error.code as ClientRefusalCode);
  return { type: 'Refused', code, leader };
}
