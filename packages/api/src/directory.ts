/**
 * Where the members serve a protocol: each one writes its own address into the replicated state when it begins to serve, so that any of them can
 * send a client on. The configuration has no place for these, and a guess from ports would be wrong behind any proxy. Read from this member's own
 * state: an address that is late or missing costs a detour, never a wrong answer.
 */
import { get, type KvResult, put, scan } from '@seedraft/kv';
import type { Door } from './door.ts';
import { DIRECTORY_NAMESPACE } from './namespace.ts';

const RETRY_MS = 200;
/** Clusters are small; more than these are not looked at. */
const MOST_MEMBERS = 256;

export class Directory {
  readonly #door: Door;
  readonly #protocol: string;
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(door: Door, protocol: string) {
    this.#door = door;
    this.#protocol = protocol;
  }

  /** Again and again, until the cluster has it or `stop`. */
  async announce(address: string): Promise<void> {
    const { id, configuration } = this.#door.status();
    // Until it is a member it has no id of its own.
    const isMember = configuration.members.some((member) => member.id === id);
    if (isMember && (await this.#write(`${this.#protocol}/${id}`, address))) return;
    if (this.#isOver) return;
    this.#timer = setTimeout(() => {
      this.announce(address).catch(() => {});
    }, RETRY_MS);
  }

  async #write(key: string, address: string): Promise<boolean> {
    const query = get(DIRECTORY_NAMESPACE, key);
    const known = await this.#door.ask({ type: 'Query', mode: 'linearizable', query });
    if (known.type !== 'Ok') return false;
    const found = known.value as KvResult;
    if (found.status === 'found' && found.item.value === address) return true;
    const command = put(DIRECTORY_NAMESPACE, key, address);
    const reply = await this.#door.ask({ type: 'Command', command });
    return reply.type === 'Ok';
  }

  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  /** By member id; of members of the configuration, as far as this member knows. */
  async addresses(): Promise<ReadonlyMap<number, string>> {
    const prefix = `${this.#protocol}/`;
    const query = scan(DIRECTORY_NAMESPACE, prefix, MOST_MEMBERS);
    const reply = await this.#door.ask({ type: 'Query', mode: 'stale', query });
    const found = new Map<number, string>();
    if (reply.type !== 'Ok') return found;
    const result = reply.value as KvResult;
    if (result.status !== 'scanned') return found;
    const ids = new Set(this.#door.status().configuration.members.map(({ id }) => id));
    for (const { key, value } of result.items) {
      const id = Number(key.slice(prefix.length));
      if (ids.has(id) && typeof value === 'string') found.set(id, value);
    }
    return found;
  }
}
