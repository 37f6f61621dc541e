/** distraft's HTTP: keys as paths, values as forms; whoever does not lead sends the client on. There is nothing but reading and writing. */
import { anyOf, NotDone, type OpenStore, StrangeAnswer } from '../store.ts';
import { follow, parsed } from './http.ts';

export const openDistraft: OpenStore = async (endpoints, patience) => {
  const ask = async (key: string, value?: string): Promise<unknown> => {
    const path = `/${encodeURIComponent(key)}`;
    const isRead = value === undefined;
    const body = isRead ? undefined : new URLSearchParams({ value }).toString();
    const { status, text } = await follow(
      {
        endpoint: anyOf(endpoints),
        method: isRead ? 'GET' : 'POST',
        path,
        ...(body !== undefined && { body, type: 'application/x-www-form-urlencoded' }),
      },
      patience,
    );
    const said = parsed(text) as { ok?: boolean; code?: string; value?: unknown } | undefined;
    if (status === 200 && said?.ok === true) return said.value;
    const isRefusal = status === 503 && said?.ok === false;
    if (isRefusal) throw new NotDone(said.code === 'UNKNOWN' ? 'unknown' : 'not applied', text);
    throw new StrangeAnswer('distraft', path, `${status} ${text}`);
  };
  return {
    get: async (key) => (await ask(key)) as string | null,
    put: async (key, value) => {
      await ask(key, value);
    },
    close: async () => {},
  };
};
