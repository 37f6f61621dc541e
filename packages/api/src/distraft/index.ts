/**
 * distraft's HTTP: keys as paths, values as forms, a member's view of itself at `/`. As there, whoever is asked and does not lead sends the client to the
 * leader; where the leader's address is not known here, the member asks on the client's behalf instead. Answers come after apply.
 */
import { isUtf8 } from 'node:buffer';
import { get, type KvResult, put } from '@seedraft/kv';
import type { DoorRequest } from '../door.ts';
import { areEscapesUtf8, type HttpAnswer, HttpDialect, type HttpRequest, json } from '../http.ts';
import { jsonOf } from '../json-out.ts';
import type { Dialect } from '../listener.ts';
import { DEFAULT_NAMESPACE } from '../namespace.ts';
import { type Access, type ApiContext, mayDo } from '../protocol.ts';
import { reasonOf } from '../reason.ts';
import { distraftStatus } from './status.ts';

export function distraft(context: ApiContext): Dialect {
  return new HttpDialect(context, {
    answer: (request) => answer(request, context),
    error: (status, code, sentence) => json(status, { ok: false, error: sentence, code }),
  });
}

const NO_LEADER = json(503, { ok: false, error: 'no leader' });

async function answer(request: HttpRequest, context: ApiContext): Promise<HttpAnswer> {
  const { method, segments } = request;
  const isRead = method === 'GET' || method === 'HEAD';
  if (!isRead && method !== 'POST') return notAllowed();
  const no = unauthorized(request, isRead ? 'read' : 'write');
  if (no !== null) return no;
  if (isRead && segments.length === 0) {
    return json(200, { ok: true, status: await distraftStatus(context) });
  }
  const isEmpty = segments.every((one) => one === '');
  if (segments.length > 1 && !isEmpty) return json(404, { ok: false, error: 'not found' });
  const key = segments[0] ?? '';
  if (isRead && (key === 'stop' || key === 'start') && context.testing !== null) {
    const isAdmin = unauthorized(request, 'admin');
    if (isAdmin !== null) return isAdmin;
    await context.testing[key]();
    return json(200, { ok: true });
  }
  return isRead ? await read(key, request, context) : await write(key, request, context);
}

async function read(key: string, request: HttpRequest, context: ApiContext): Promise<HttpAnswer> {
  if (key === '') return json(503, { ok: false, error: 'empty key' });
  const isStale = request.query.has('stale');
  const elsewhere = isStale ? null : await redirect(302, request, context);
  if (elsewhere !== null) return elsewhere;
  const mode = isStale ? 'stale' : 'linearizable';
  const query = get(DEFAULT_NAMESPACE, key);
  return await ask({ type: 'Query', mode, query }, context, (result) => {
    const value = result.status === 'found' ? jsonOf(result.item.value) : null;
    return json(200, { ok: true, key, value });
  });
}

async function write(key: string, request: HttpRequest, context: ApiContext): Promise<HttpAnswer> {
  const value = formValue(request);
  if (value === null) {
    const error = 'the value is not UTF-8: send other bytes as base64';
    return json(400, { ok: false, error, code: 'BAD_REQUEST' });
  }
  if (key === '' || value === '') return json(503, { ok: false, error: 'empty key or value' });
  const elsewhere = await redirect(307, request, context);
  if (elsewhere !== null) return elsewhere;
  const command = put(DEFAULT_NAMESPACE, key, value);
  return await ask({ type: 'Command', command }, context, () =>
    json(200, { ok: true, key, value }),
  );
}

/** Null: answer it here. */
async function redirect(
  status: 302 | 307,
  { target }: HttpRequest,
  context: ApiContext,
): Promise<HttpAnswer | null> {
  const { id, leader } = context.door.status();
  if (leader === 0 || context.testing?.isUp() === false) return NO_LEADER;
  if (leader === id) return null;
  const address = (await context.addresses()).get(leader);
  if (address === undefined) return null;
  const location = `http://${address}${target}`;
  return { status, type: 'text/plain', headers: { location }, body: `${status}: ${location}\n` };
}

async function ask(
  request: DoorRequest,
  context: ApiContext,
  say: (result: KvResult) => HttpAnswer,
): Promise<HttpAnswer> {
  const reply = await context.door.ask(request);
  if (reply.type !== 'Ok') {
    const { code, sentence } = reasonOf(reply, context.door.status());
    if (code === 'NO_LEADER') return NO_LEADER;
    return json(503, { ok: false, error: sentence, code });
  }
  const result = reply.value as KvResult;
  if (result.status !== 'refused') return say(result);
  return json(400, { ok: false, error: result.reason, code: result.code });
}

/** '': there is none; null: bytes that are no text. As a form in the body, or in the query. */
function formValue({ contentType, body, query }: HttpRequest): string | null {
  if (!isUtf8(body)) return null;
  if (contentType.startsWith('multipart/form-data')) return multipartValue(contentType, body);
  const form = body.toString('utf8');
  if (!areEscapesUtf8(form)) return null;
  return new URLSearchParams(form).get('value') ?? query.get('value') ?? '';
}

/** What `curl -F value=V` sends: the part of that name. */
function multipartValue(contentType: string, body: Buffer): string {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (boundary === undefined) return '';
  for (const part of body.toString('utf8').split(`--${boundary}`)) {
    const at = part.indexOf('\r\n\r\n');
    if (at > 0 && /name="value"/.test(part.slice(0, at))) {
      return part.slice(at + 4).replace(/\r\n$/, '');
    }
  }
  return '';
}

function unauthorized({ access }: HttpRequest, needed: Access): HttpAnswer | null {
  if (mayDo(access, needed)) return null;
  const error = `This takes the ${needed} role: send "Authorization: Bearer" with a token that has it.`;
  return json(401, { ok: false, error, code: 'UNAUTHORIZED' }, { 'www-authenticate': 'Bearer' });
}

function notAllowed(): HttpAnswer {
  const error = 'method not allowed';
  return json(405, { ok: false, error }, { allow: 'GET, HEAD, POST' });
}
