/**
 * The HTTP store of raftify's examples: keys and values in the path, answers in plain text, and the operator's verbs as POSTs. What raftify's example
 * answered with OK and then dropped is answered here by what became of it. Its `campaign` and `demote` move leadership in an orderly way: no member may take or
 * give up a term by a client's wish alone.
 */
import { get, type KvResult, put } from '@seedraft/kv';
import type { DoorRequest } from '../door.ts';
import { type HttpAnswer, HttpDialect, type HttpRequest, json } from '../http.ts';
import { jsonOf } from '../json-out.ts';
import type { Dialect } from '../listener.ts';
import { DEFAULT_NAMESPACE } from '../namespace.ts';
import { ownEntry } from '../own-entry.ts';
import { type Access, type ApiContext, mayDo } from '../protocol.ts';
import { type Reason, reasonOf } from '../reason.ts';

export function raftify(context: ApiContext): Dialect {
  return new HttpDialect(context, {
    answer: (request) => answer(request, context),
    error: (status, code, sentence) => text(status, `${code}: ${sentence}`),
  });
}

interface Route {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly needs: Access;
  /** Of the path, after its first part. */
  readonly operands: number;
  answer(
    operands: readonly string[],
    context: ApiContext,
    request: HttpRequest,
  ): Promise<HttpAnswer>;
}

function text(status: number, body: string): HttpAnswer {
  return { status, body };
}

const OK = text(200, 'OK');

async function answer(request: HttpRequest, context: ApiContext): Promise<HttpAnswer> {
  const [name = '', ...operands] = request.segments;
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const there = ownEntry(ROUTES, name)?.filter((route) => route.operands === operands.length) ?? [];
  const route = there.find((one) => one.method === method);
  if (there.length === 0) return text(404, 'NOT_FOUND: there is no such route.');
  if (route === undefined) {
    const allow = there.map((one) => one.method).join(', ');
    return { ...text(405, `METHOD_NOT_ALLOWED: use ${allow}.`), headers: { allow } };
  }
  if (!mayDo(request.access, route.needs)) {
    const how = 'send "Authorization: Bearer" with a token that has it.';
    return text(401, `UNAUTHORIZED: this takes the ${route.needs} role: ${how}`);
  }
  return await route.answer(operands, context, request);
}

const ROUTES: Readonly<Record<string, readonly Route[]>> = {
  store: [
    { method: 'PUT', needs: 'write', operands: 2, answer: store },
    { method: 'GET', needs: 'read', operands: 1, answer: read },
  ],
  leader: [
    {
      method: 'GET',
      needs: 'read',
      operands: 0,
      answer: async (_, { door }) => {
        const { leader } = door.status();
        return leader === 0 ? text(503, 'NO_LEADER: no leader is known.') : text(200, `${leader}`);
      },
    },
  ],
  size: [
    {
      method: 'GET',
      needs: 'read',
      operands: 0,
      answer: async (_, { door }) => text(200, `${door.status().configuration.members.length}`),
    },
  ],
  peers: [{ method: 'GET', needs: 'read', operands: 0, answer: peers }],
  leave: [order(0, (_, { id }) => ({ ...SINGLE, changes: [{ type: 'remove', id }] }))],
  snapshot: [order(0, () => ({ type: 'Snapshot' }))],
  leave_joint: [order(0, () => ({ type: 'ChangeMembership', mode: 'explicit', changes: [] }))],
  transfer_leader: [order(1, ([target]) => transferTo(target!))],
  campaign: [order(0, (_, { id, role }) => (role === 'leader' ? null : transferTo(`${id}`)))],
  demote: [
    order(2, ([, leader], { id, role }) => {
      if (role !== 'leader') return null;
      return transferTo(leader === `${id}` ? '0' : leader!);
    }),
  ],
};

const SINGLE = { type: 'ChangeMembership', mode: 'single' } as const;

function transferTo(written: string): DoorRequest | 'bad' {
  const target = /^\d{1,15}$/.test(written) ? Number(written) : -1;
  return target < 0 ? 'bad' : { type: 'TransferLeadership', target };
}

type Status = ReturnType<ApiContext['door']['status']>;

/** An operator's verb. Null: what is wished for is so already. */
function order(
  operands: number,
  request: (operands: readonly string[], status: Status) => DoorRequest | 'bad' | null,
): Route {
  return {
    method: 'POST',
    needs: 'admin',
    operands,
    answer: async (given, { door }) => {
      const asked = request(given, door.status());
      if (asked === null) return OK;
      if (asked === 'bad') return text(400, 'BAD_REQUEST: a member is named by its number.');
      const reply = await door.ask(asked);
      return reply.type === 'Ok' ? OK : failed(reasonOf(reply, door.status()));
    },
  };
}

async function store([key, value]: readonly string[], { door }: ApiContext): Promise<HttpAnswer> {
  const command = put(DEFAULT_NAMESPACE, key!, value!);
  const reply = await door.ask({ type: 'Command', command });
  if (reply.type !== 'Ok') return failed(reasonOf(reply, door.status()));
  const result = reply.value as KvResult;
  return result.status === 'refused' ? text(400, `${result.code}: ${result.reason}.`) : OK;
}

async function read(
  [key]: readonly string[],
  { door }: ApiContext,
  { query }: HttpRequest,
): Promise<HttpAnswer> {
  const mode = query.has('stale') ? 'stale' : 'linearizable';
  const reply = await door.ask({ type: 'Query', mode, query: get(DEFAULT_NAMESPACE, key!) });
  if (reply.type !== 'Ok') return failed(reasonOf(reply, door.status()));
  const result = reply.value as KvResult;
  if (result.status === 'refused') return text(400, `${result.code}: ${result.reason}.`);
  if (result.status !== 'found') return text(400, `MISSING: there is no ${key}.`);
  const value = jsonOf(result.item.value);
  return text(200, typeof value === 'string' ? value : JSON.stringify(value));
}

async function peers(_: readonly string[], context: ApiContext): Promise<HttpAnswer> {
  const addresses = await context.addresses();
  const { members } = context.door.status().configuration;
  const told = members.map(({ id, peerAddress, role }) => {
    const addr = addresses.get(id) ?? peerAddress;
    return [id, { addr, role: role === 'voter' ? 'Voter' : 'Learner' }] as const;
  });
  return json(200, Object.fromEntries(told));
}

function failed({ code, sentence, isDefinite }: Reason): HttpAnswer {
  return text(isDefinite ? (UNDOABLE.has(code) ? 400 : 503) : 504, `${code}: ${sentence}`);
}

/** Asked for something that cannot be done, whoever leads. */
const UNDOABLE: ReadonlySet<string> = new Set([
  ...['UNKNOWN_MEMBER', 'NOT_VOTER', 'INVALID_CHANGE', 'NOT_JOINT', 'BAD_REQUEST'],
]);
