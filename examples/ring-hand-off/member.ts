/**
 * One member of a ring of vnodes: `node dist/member.mjs a 127.0.0.1:8081 127.0.0.1:8082` (README.md). It follows the ring and the records of the vnodes, does work on those
 * that are its own, and hands over what the ring gives to others. Everything it does to a vnode is a Cas of that vnode's whole record: done by its owner, or not done.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, RingSocket } from './ring-socket.ts';

/** At the key `vnode/N`. `by`: who wrote it. `version`: one more with every change. */
interface Vnode {
  readonly owner: string;
  readonly by: string;
  readonly version: number;
}
type Nodes = readonly { readonly id: string; readonly vnodes: readonly number[] }[];

const [name = 'a', ...endpoints] = process.argv.slice(2);
let isLeaving = false;
let worked = 0;
process.once('SIGTERM', () => {
  isLeaving = true;
});

class Member {
  readonly #socket: RingSocket;
  readonly #vnodes = new Map<number, Vnode>();
  #nodes: Nodes | null = null;

  constructor(socket: RingSocket) {
    this.#socket = socket;
    socket.onPush = (channel, message) => {
      const [change] = Object.values(message) as [{ next?: Nodes; key?: string; new?: Vnode }];
      if (channel === 'mring' && change.next !== undefined) this.#nodes = change.next;
      const [, number] = /^vnode\/(\d+)$/.exec(change.key ?? '') ?? [];
      if (number !== undefined && !('CasConflict' in message)) this.#learn(+number, change.new);
    };
  }

  /** Returns once the ring wants nothing of this member any more and it holds nothing. */
  async live(): Promise<void> {
    // First follow, then look: what changes in between is pushed.
    for (const channel of ['mring', 'kv']) {
      await this.#socket.ask({ Subscribe: { rid: 0, channel } });
    }
    await this.#ask('MRing', { SetSize: { size: 16 } });
    let isOut = isLeaving;
    const entry = { [isOut ? 'RemoveNode' : 'AddNode']: { node: name } };
    const { data } = await this.#ask('MRing', entry);
    this.#nodes ??= data as Nodes;
    for (const vnode of this.#nodes.flatMap(({ vnodes }) => vnodes)) {
      const found = await this.#ask('KV', { Get: { key: `vnode/${vnode}` } });
      if (found.code === 200) this.#learn(vnode, found.data as Vnode);
    }
    for (; ; await pause(20)) {
      if (isLeaving && !isOut) {
        isOut = true;
        await this.#ask('MRing', { RemoveNode: { node: name } });
      }
      for (const { id, vnodes } of this.#nodes) {
        for (const vnode of vnodes) await this.#tend(vnode, id);
      }
      const held = [...this.#vnodes.values()].filter(({ owner }) => owner === name);
      if (isOut && (held.length === 0 || this.#nodes.length === 0)) return;
    }
  }

  /** `to`: whom the ring gives this vnode. */
  async #tend(vnode: number, to: string): Promise<void> {
    const { owner, version } = this.#vnodes.get(vnode) ?? { owner: null, version: 0 };
    const isMine = owner === name;
    // An owner that the ring gave up hands nothing over any more. Should it live: its next Cas fails, and tells it so.
    const isFree = owner === null || this.#nodes?.every(({ id }) => id !== owner);
    if (!isMine && !(to === name && isFree)) return;
    const isDone = await this.#swap(vnode, { owner: to, by: name, version: version + 1 });
    if (isDone && isMine && to === name) worked += 1;
    if (isDone && !isMine) console.log(`${name} takes ${vnode}`);
    if (isDone && to !== name) console.log(`${name} gives ${vnode} to ${to}`);
  }

  async #swap(vnode: number, store: Vnode): Promise<boolean> {
    const check = this.#vnodes.get(vnode) ?? null;
    const { code, data } = await this.#ask('KV', { Cas: { key: `vnode/${vnode}`, check, store } });
    if (code === 201) this.#learn(vnode, store);
    else if (code === 409) this.#learn(vnode, data as Vnode);
    return code === 201;
  }

  /** News may come late, or twice. */
  #learn(vnode: number, found: Vnode | undefined): void {
    const known = this.#vnodes.get(vnode)?.version ?? 0;
    if (found !== undefined && found.version > known) this.#vnodes.set(vnode, found);
  }

  /** Rejects when the member cannot tell: another may. */
  async #ask(protocol: string, cmd: object): Promise<Answer> {
    const answer = await this.#socket.ask({ As: { protocol, cmd } });
    if (answer.code === 429 || answer.code >= 500) throw new Error(JSON.stringify(answer.data));
    return answer;
  }
}

for (let at = 0; ; at++) {
  const endpoint = endpoints[at % endpoints.length] ?? '127.0.0.1:8081';
  try {
    const socket = await RingSocket.open(endpoint);
    console.log(`${name} follows the ring at ${endpoint}`);
    await new Member(socket).live();
    console.log(`${name} worked ${worked} times and holds nothing`);
    socket.close();
    break;
  } catch (error) {
    console.log(`${name} lost ${endpoint}: ${(error as Error).message}`);
    await pause(100);
  }
}
