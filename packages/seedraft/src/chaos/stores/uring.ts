/** uring's REST: the store, and the ring of vnodes beside it. */
import type { RingNodes } from '@seedraft/check';
import { anyOf, NotDone, type OpenStore, StrangeAnswer } from '../store.ts';
import { exchange, type HttpAsked, parsed } from './http.ts';

interface Said {
  readonly status: number;
  readonly data: unknown;
}

export const openUring: OpenStore = async (endpoints, patience) => {
  /** `legal`: the statuses that answer this request. */
  const ask = async (
    method: HttpAsked['method'],
    path: string,
    legal: readonly number[],
    fields?: object,
  ): Promise<Said> => {
    const body = fields === undefined ? {} : { body: JSON.stringify(fields), type: JSON_TYPE };
    const asked = { endpoint: anyOf(endpoints), method, path, ...body };
    const { status, text } = await exchange(asked, patience);
    if (status === 504) throw new NotDone('unknown', text);
    if (status === 503) throw new NotDone('not applied', text);
    const data = parsed(text);
    if (legal.includes(status) && data !== undefined) return { status, data };
    throw new StrangeAnswer('uring', `${method} ${path}`, `${status} ${text}`);
  };
  const of = (key: string): string => `/kv/${encodeURIComponent(key)}`;
  return {
    get: async (key) => {
      const { status, data } = await ask('GET', of(key), [200, 404]);
      return status === 200 ? (data as string) : null;
    },
    put: async (key, value) => {
      await ask('POST', of(key), [201], { value });
    },
    cas: async (key, expected, value) => {
      const fields = { ...(expected !== null && { check: expected }), store: value };
      const { status } = await ask('POST', `${of(key)}/cas`, [201, 409], fields);
      return status === 201;
    },
    delete: async (key) => (await ask('DELETE', of(key), [200, 404])).status === 200,
    ring: {
      size: async (size) =>
        (await ask('POST', '/mring', [200, 409], { size, strategy: 'continuous' })).status === 200,
      add: async (node) => nodesOf(await ask('POST', '/mring/node', [200, 412], { node })),
      remove: async (node) => nodesOf(await ask('DELETE', `/mring/node/${node}`, [200, 412])),
      nodes: async () => nodesOf(await ask('GET', '/mring/node', [200, 412])),
    },
    close: async () => {},
  };
};

const JSON_TYPE = 'application/json';

function nodesOf({ status, data }: Said): RingNodes | null {
  if (status === 412) return null;
  return (data as { id: string; vnodes: number[] }[]).map(({ id, vnodes }) => [id, vnodes]);
}
