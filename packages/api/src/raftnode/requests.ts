/**
 * raftnode's requests: one JSON object each, told apart by `type`. Puts are answered in both forms it ever had (`success` of its README, `data` of its
 * later code). An answer that is not known to be yes or no says null and why: raftnode said `false` for writes that then appeared.
 */
import { get, type KvResult, type KvValue, put, remove } from '@seedraft/kv';
import type { ReadMode } from '@seedraft/replica';
import type { DoorRequest } from '../door.ts';
import { jsonOf } from '../json-out.ts';
import type { ParsedJson } from '../json-value.ts';
import { DEFAULT_NAMESPACE, isReserved } from '../namespace.ts';
import { ownEntry } from '../own-entry.ts';
import { type Access, type ApiContext, mayDo } from '../protocol.ts';
import { type Reason, reasonOf, refusalReason } from '../reason.ts';
import { SKETCHES, type Sketching } from './sketches.ts';

type Fields = { readonly [name: string]: KvValue };
export type Answer = Readonly<Record<string, unknown>>;

export function errorAnswer(type: string, code: string, sentence: string): Answer {
  return { type, code, error: sentence };
}

/** To a request that could not be read without changing it: in the form that its type is answered in, as far as it shows one. */
export function unreadable({
  code,
  sentence,
  readable,
}: Exclude<ParsedJson, { ok: true }>): Answer {
  const type = (readable as Fields | undefined)?.type;
  if (type === 'put') return { ...errorAnswer(type, code, sentence), success: false, data: false };
  const isKnown =
    type === 'get' || type === 'delete' || ownEntry(SKETCHES, `${type}`) !== undefined;
  return isKnown
    ? { ...errorAnswer(`${type}`, code, sentence), data: null }
    : errorAnswer('error', code, sentence);
}

/** Never rejects for what a client sent. */
export async function answer(request: Fields, context: ApiContext): Promise<Answer> {
  const { type } = request;
  switch (type) {
    case 'put':
      return await answerPut(request, context);
    case 'get':
      return await answerGet(request, context);
    case 'delete':
      return await answerDelete(request, context);
    case 'peers':
      return refused(request, context, 'read') ?? (await answerPeers(context));
    case 'ping':
      return { type, is_alive: true, addr: context.ownAddress() };
    default: {
      const sketching = typeof type === 'string' ? ownEntry(SKETCHES, type) : undefined;
      if (sketching !== undefined) return await answerSketch(sketching, request, context);
      const known = `put, get, delete, peers, ping, ${Object.keys(SKETCHES).join(', ')}`;
      const sentence =
        type === undefined
          ? `A request has a "type": ${known}.`
          : `The type ${JSON.stringify(type).slice(0, 100)} is none of: ${known}.`;
      return errorAnswer('error', 'UNKNOWN_TYPE', sentence);
    }
  }
}

async function answerPut(request: Fields, context: ApiContext): Promise<Answer> {
  const no = refused(request, context, 'write') ?? flawOf(request, true);
  if (no !== null) return { ...no, success: false, data: false };
  const { value } = request;
  const command = put(namespaceOf(request), request.key as string, value as KvValue);
  const result = await ask({ type: 'Command', command }, context);
  if ('status' in result) return { type: 'put', success: true, data: true };
  const said = result.isDefinite ? false : null;
  return { type: 'put', success: said, data: said, code: result.code, error: result.sentence };
}

async function answerGet(request: Fields, context: ApiContext): Promise<Answer> {
  const no = refused(request, context, 'read') ?? flawOf(request, false);
  if (no !== null) return { ...no, data: null };
  const mode: ReadMode = request.stale === true ? 'stale' : 'linearizable';
  const query = get(namespaceOf(request), request.key as string);
  const result = await ask({ type: 'Query', mode, query }, context);
  if (!('status' in result)) {
    return { ...errorAnswer('get', result.code, result.sentence), data: null };
  }
  const { token: _, ...echo } = request;
  const value = result.status === 'found' ? jsonOf(result.item.value) : null;
  return { type: 'get', data: { ...echo, value } };
}

async function answerDelete(request: Fields, context: ApiContext): Promise<Answer> {
  const no = refused(request, context, 'write') ?? flawOf(request, false);
  if (no !== null) return { ...no, data: null };
  const command = remove(namespaceOf(request), request.key as string);
  const result = await ask({ type: 'Command', command }, context);
  if ('status' in result) return { type: 'delete', data: result.status === 'deleted' };
  return { type: 'delete', data: null, code: result.code, error: result.sentence };
}

async function answerSketch(
  { needs, request: read, data }: Sketching,
  request: Fields,
  context: ApiContext,
): Promise<Answer> {
  const type = request.type as string;
  const no = refused(request, context, needs) ?? namespaceFlaw(request, needs === 'write');
  if (no !== null) return { ...no, data: null };
  const asked = read(namespaceOf(request), request);
  if (typeof asked === 'string') return { ...errorAnswer(type, 'BAD_REQUEST', asked), data: null };
  const result = await ask(asked, context);
  if ('status' in result) return { type, data: data(result) };
  return { ...errorAnswer(type, result.code, result.sentence), data: null };
}

/** As the leader would list them: everybody but itself. Where this protocol is not known to be served, there is no peer for its clients. */
async function answerPeers(context: ApiContext): Promise<Answer> {
  const { leader, configuration } = context.door.status();
  const addresses = await context.addresses();
  const others = configuration.members.filter(({ id }) => id !== leader);
  return { type: 'peers', peers: others.flatMap(({ id }) => addresses.get(id) ?? []) };
}

async function ask(
  request: DoorRequest,
  context: ApiContext,
): Promise<Exclude<KvResult, { status: 'refused' }> | Reason> {
  const reply = await context.door.ask(request);
  if (reply.type !== 'Ok') return reasonOf(reply, context.door.status());
  const result = reply.value as KvResult;
  return result.status === 'refused' ? refusalReason(result) : result;
}

function refused(request: Fields, context: ApiContext, needed: Access): Answer | null {
  const token = typeof request.token === 'string' ? request.token : '';
  if (mayDo(context.access(token), needed)) return null;
  const sentence = `This takes the ${needed} role: send a "token" that has it.`;
  return errorAnswer(request.type as string, 'UNAUTHORIZED', sentence);
}

function flawOf(request: Fields, needsValue: boolean): Answer | null {
  const { type, key, value } = request;
  const bad = (sentence: string) => errorAnswer(type as string, 'BAD_REQUEST', sentence);
  if (typeof key !== 'string') return bad('"key" is a text.');
  if (needsValue && value === undefined) return bad('A put has a "value".');
  return namespaceFlaw(request, needsValue || type === 'delete');
}

function namespaceFlaw(request: Fields, isWrite: boolean): Answer | null {
  const { type, namespace } = request;
  const bad = (sentence: string) => errorAnswer(type as string, 'BAD_REQUEST', sentence);
  if (namespace !== undefined && namespace !== null && typeof namespace !== 'string') {
    return bad('"namespace" is a text.');
  }
  return isWrite && isReserved(namespaceOf(request))
    ? bad('Namespaces that begin with $ are not for writing: choose another.')
    : null;
}

function namespaceOf({ namespace }: Fields): string {
  return typeof namespace === 'string' ? namespace : DEFAULT_NAMESPACE;
}
