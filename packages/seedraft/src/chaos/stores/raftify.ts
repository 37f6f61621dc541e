/** The HTTP store of raftify's examples: keys and values as paths, answers in plain text. There is nothing but reading and writing. */
import { anyOf, NotDone, type OpenStore, StrangeAnswer } from '../store.ts';
import { exchange } from './http.ts';

export const openRaftify: OpenStore = async (endpoints, patience) => {
  const ask = async (method: 'GET' | 'PUT', ...operands: string[]) => {
    const path = `/store/${operands.map(encodeURIComponent).join('/')}`;
    const answered = await exchange({ endpoint: anyOf(endpoints), method, path }, patience);
    const { status, text } = answered;
    if (status === 504) throw new NotDone('unknown', text);
    if (status === 503) throw new NotDone('not applied', text);
    const isMissing = status === 400 && method === 'GET' && text.startsWith('MISSING');
    if (status === 200 || isMissing) return answered;
    throw new StrangeAnswer('raftify', `${method} ${path}`, `${status} ${text}`);
  };
  return {
    get: async (key) => {
      const { status, text } = await ask('GET', key);
      return status === 200 ? text : null;
    },
    put: async (key, value) => {
      const { text } = await ask('PUT', key, value);
      if (text !== 'OK') throw new StrangeAnswer('raftify', `PUT ${key}`, text);
    },
    close: async () => {},
  };
};
