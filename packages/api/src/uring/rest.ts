/** uring's REST: the routes of its documentation (/data, /node) and of its later code (/kv, /uring), which differ in form and not in what they do. */
import type { KvValue } from '@seedraft/kv';
import { type HttpAnswer, type HttpRequest, json } from '../http.ts';
import { parseJsonBytes } from '../json-value.ts';
import { ownEntry } from '../own-entry.ts';
import { type Access, type ApiContext, mayDo } from '../protocol.ts';
import type { UringCommands } from './commands.ts';
import { bad, failed, type Outcome, outcome } from './outcome.ts';
import { numberOf, uringStatus } from './status.ts';

type Fields = { readonly [name: string]: KvValue };

interface Asked {
  readonly request: HttpRequest;
  readonly commands: UringCommands;
  readonly context: ApiContext;
  /** Of the path, decoded; what is not there is ''. */
  readonly key: string;
  readonly rest: string;
}

interface Route {
  readonly needs: Access;
  answer(asked: Asked): Promise<HttpAnswer>;
}

export async function answerRest(
  request: HttpRequest,
  commands: UringCommands,
  context: ApiContext,
): Promise<HttpAnswer> {
  const [first = '', key = '', rest = '', ...more] = request.segments;
  const found = more.length > 0 ? undefined : ownEntry(ROUTES, first)?.(key, rest);
  if (found === undefined) return json(404, 'not found');
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const route = ownEntry(found, method);
  if (route === undefined) {
    return json(405, 'method not allowed', { allow: Object.keys(found).join(', ') });
  }
  if (!mayDo(request.access, route.needs)) {
    const sentence = `This takes the ${route.needs} role: send "Authorization: Bearer" with a token that has it.`;
    return said(bad(sentence, 'UNAUTHORIZED', 401));
  }
  return await route.answer({ request, commands, context, key, rest });
}

type Methods = Readonly<Record<string, Route>>;

/** What there is at a path, by its first part; undefined: nothing. */
const ROUTES: Readonly<Record<string, (key: string, rest: string) => Methods | undefined>> = {
  status: (key) => only(key === '', { GET: STATUS }),
  version: (key) => only(key === '', { GET: VERSION_ROUTE }),
  kv: (key, rest) => (rest === 'cas' ? { POST: KV_CAS } : only(key !== '' && rest === '', KV)),
  data: (key, rest) =>
    rest === 'cas' ? { POST: DATA_CAS } : only(key !== '' && rest === '', DATA),
  mring: (key, rest) => {
    if (key === '') return MRING;
    if (key !== 'node') return undefined;
    return rest === '' ? MRING_NODES : { DELETE: MRING_NODE_GONE };
  },
  node: (key, rest) =>
    rest === 'join' ? { POST: JOIN } : only(/^[1-9]\d*$/.test(key) && rest === '', NODE),
  uring: (key, rest) => only(/^[1-9]\d*$/.test(key) && rest === '', URING),
};

function only(condition: boolean, methods: Methods): Methods | undefined {
  return condition ? methods : undefined;
}

function said({ code, data }: Outcome): HttpAnswer {
  return json(code, data);
}

/** As the later code says it: a missing key in words. */
function saidOrMissing(result: Outcome): HttpAnswer {
  return result.code === 404 ? json(404, 'not found') : said(result);
}

function route(needs: Access, answer: Route['answer']): Route {
  return { needs, answer };
}

/** The fields of a JSON body, whatever type it is declared as: uring's own examples misspell it. */
async function withFields(
  { request }: Asked,
  names: readonly string[],
  then: (fields: Fields) => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  const parsed = parseJsonBytes(request.body);
  if (!parsed.ok) return said(bad(parsed.sentence, parsed.code));
  const { value } = parsed;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return said(bad('The body is one JSON object.'));
  }
  const fields = value as Fields;
  const absent = names.find((name) => fields[name] === undefined);
  if (absent !== undefined) return said(bad(`The body has a "${absent}".`));
  return await then(fields);
}

const isStale = ({ request }: Asked): boolean => request.query.has('stale');

const STATUS = route('read', async ({ context }) => json(200, uringStatus(context.door.status())));
const VERSION_ROUTE = route('read', async ({ context }) =>
  json(200, context.door.status().version),
);

const KV: Methods = {
  GET: route('read', async (asked) =>
    saidOrMissing(await asked.commands.get(asked.key, isStale(asked))),
  ),
  POST: route('write', (asked) =>
    withFields(asked, ['value'], async ({ value }) =>
      said(await asked.commands.put(asked.key, value!)),
    ),
  ),
  DELETE: route('write', async ({ commands, key }) => saidOrMissing(await commands.delete(key))),
};
const KV_CAS = route('write', (asked) =>
  withFields(asked, ['store'], async ({ check, store }) =>
    said(await asked.commands.cas(asked.key, check, store!)),
  ),
);

const DATA: Methods = {
  GET: route('read', async (asked) =>
    keyed(asked.key, await asked.commands.get(asked.key, isStale(asked))),
  ),
  POST: route('write', (asked) =>
    withFields(asked, ['value'], async ({ value }) => {
      const result = await asked.commands.put(asked.key, value!);
      return keyed(asked.key, result.code === 201 ? { ...result, data: value } : result);
    }),
  ),
  DELETE: route('write', async ({ commands, key }) => keyed(key, await commands.delete(key))),
};
const DATA_CAS = route('write', (asked) =>
  withFields(asked, ['store'], async ({ check, store }) => {
    const result = await asked.commands.cas(asked.key, check, store!);
    return keyed(asked.key, result.code === 201 ? { ...result, data: store } : result);
  }),
);

/** As the documentation says it: key and value. */
function keyed(key: string, { code, data }: Outcome): HttpAnswer {
  if (code === 404) return json(404, 'not found');
  return code < 300 || code === 409 ? json(code, { key, value: data }) : json(code, data);
}

const sized = ({ context }: Asked, { code, data }: Outcome): HttpAnswer =>
  context.answers === 'doc' && code === 200 ? json(code, { size: data }) : json(code, data);

const MRING: Methods = {
  GET: route('read', async (asked) => sized(asked, await asked.commands.ringSize())),
  POST: route('write', (asked) =>
    withFields(asked, ['size'], async ({ size, strategy }) =>
      sized(asked, await asked.commands.setRingSize(size, strategy)),
    ),
  ),
};
const MRING_NODES: Methods = {
  GET: route('read', async ({ commands }) => said(await commands.ringNodes())),
  POST: route('write', (asked) =>
    withFields(asked, ['node'], async ({ node }) => said(await asked.commands.addRingNode(node))),
  ),
};
const MRING_NODE_GONE = route('write', async ({ commands, rest }) =>
  said(await commands.removeRingNode(rest)),
);

const NODE: Methods = {
  GET: route('read', async ({ commands, key }) => {
    const id = Number(key);
    return commands.isMember(id) ? json(200, { id }) : json(404, 'not found');
  }),
  POST: route('admin', async ({ commands, key }) => said(await commands.addMember(Number(key)))),
  DELETE: route('admin', async ({ commands, key }) =>
    said(await commands.removeMember(Number(key))),
  ),
};
const URING: Methods = {
  GET: route('read', async ({ commands, key }) => {
    return said(outcome(200, commands.isMember(Number(key))));
  }),
  POST: route('admin', async ({ commands, key }) => {
    const result = await commands.addMember(Number(key));
    return json(200, result.code === 200);
  }),
};

/** Between launchers: a member that was started without a cluster is told of one. */
const JOIN = route('admin', (asked) =>
  withFields(asked, ['endpoints'], async ({ endpoints }) => {
    const join = asked.context.membership?.join;
    if (join === undefined || Number(asked.key) !== numberOf(asked.context.door.status())) {
      return json(404, 'not found');
    }
    if (!Array.isArray(endpoints)) return said(bad('"endpoints" is a list of addresses.'));
    const reason = await join.call(asked.context.membership, endpoints.map(String));
    return reason === null ? json(200, true) : said({ ...failed(reason), code: 500 });
  }),
);
