/**
 * Where the members serve a protocol: each one writes its own address into the replicated state when it begins to serve, so that any of them can
 * send a client on. The configuration has no place for these, and a guess from ports would be wrong behind any proxy. Read from this member's own
 * state: an address that is late or missing costs a detour, never a wrong answer. Kept: an address counts only in the cluster, and for the data
 * directory, that announced it: the state that a backup carries into another cluster names members of the old one, where no client may be sent.
 */
import { get, type KvResult, type KvValue, put, scan } from '@seedraft/kv';
import type { Door } from './door.ts';
import { DIRECTORY_NAMESPACE } from './namespace.ts';

const RETRY_MS = 200;
/** Clusters are small; more than these are not looked at. */
const MOST_MEMBERS = 256;

/** Who says so: one data directory, in one cluster. */
type Announcement = readonly [clusterId: string, incarnation: string, address: string];

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
    const { clusterId, id, incarnation, configuration } = this.#door.status();
    // Until it is a member it has no id of its own.
    const isMember = configuration.members.some((member) => member.id === id);
    const announcement = [clusterId, incarnation, address] as const;
    if (isMember && (await this.#write(`${this.#protocol}/${id}`, announcement))) return;
    if (this.#isOver) return;
    this.#timer = setTimeout(() => {
      this.announce(address).catch(() => {});
    }, RETRY_MS);
  }

  async #write(key: string, announcement: Announcement): Promise<boolean> {
    const query = get(DIRECTORY_NAMESPACE, key);
    const known = await this.#door.ask({ type: 'Query', mode: 'linearizable', query });
    if (known.type !== 'Ok') return false;
    const found = known.value as KvResult;
    if (found.status === 'found' && isSame(found.item.value, announcement)) return true;
    const command = put(DIRECTORY_NAMESPACE, key, [...announcement]);
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
    const { clusterId, configuration } = this.#door.status();
    const members = new Map(configuration.members.map((member) => [member.id, member]));
    for (const { key, value } of result.items) {
      const id = Number(key.slice(prefix.length));
      const incarnation = members.get(id)?.incarnation ?? '';
      // Unbound: nobody can say yet whether the announcement is this member's.
      if (incarnation === '' || !Array.isArray(value)) continue;
      const address: unknown = value[2];
      if (typeof address !== 'string') continue;
      if (isSame(value, [clusterId, incarnation, address])) found.set(id, address);
    }
    return found;
  }
}

function isSame(stored: KvValue, announcement: Announcement): boolean {
  return (
    Array.isArray(stored) &&
    stored.length === announcement.length &&
    announcement.every((part, at) => stored[at] === part)
  );
}
