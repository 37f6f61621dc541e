/**
 * Three cores in memory, driven as a synchronous driver would: a persist is copied into an array that stands for the disk and answered at
 * once, messages go through one queue, commits are counted. Nothing is skipped that a driver must do.
 */
import {
  defaultConfig,
  type Effects,
  type Entry,
  firstConfiguration,
  type Member,
  type Message,
  type PeerMessage,
  Raft,
} from '@seedraft/core';

const member = (id: number): Member => ({
  id,
  incarnation: '',
  name: `n${id}`,
  peerAddress: '',
  clientAddress: '',
  role: 'voter',
  priority: 0,
});

export class OurCluster {
  readonly #members: Raft[] = [];
  /** What each member's disk holds. */
  readonly #disks: Entry[][] = [];
  readonly #queue: PeerMessage[] = [];
  messages = 0;
  committed = 0;
  #nextId = 1;
  #at = 0;

  constructor() {
    const configuration = firstConfiguration([member(1), member(2), member(3)]);
    for (let id = 1; id <= 3; id++) {
      this.#disks.push([]);
      this.#members.push(
        new Raft({
          id,
          config: { ...defaultConfig, maxUncommittedBytes: 1 << 30, maxLogBytes: 1 << 30 },
          recovered: {
            hardState: { term: 0, votedFor: 0 },
            snapshot: null,
            entries: [],
            configuration,
            applied: 0,
            repairUntil: 0,
          },
          seed: [id, 2, 3, 4],
          at: 0,
        }),
      );
    }
    this.#at = 1;
    this.#step(0, { type: 'Campaign', at: this.#at });
    this.#settle();
    if (this.#members[0]!.role !== 'leader') throw new Error('no leader');
    this.messages = 0;
    this.committed = 0;
  }

  #step(n: number, message: Message): void {
    const effects: Effects = this.#members[n]!.step(message);
    for (const sent of effects.messages) this.#queue.push(sent);
    if (effects.persist !== null) {
      const disk = this.#disks[n]!;
      const { truncateFrom, entries, seq } = effects.persist;
      if (truncateFrom > 0) disk.length = truncateFrom - 1;
      for (const entry of entries) disk.push(entry);
      this.#step(n, { type: 'Persisted', at: this.#at, seq });
    }
    if (effects.commits.length > 0) {
      if (n === 0) this.committed += effects.commits.length;
      const last = effects.commits[effects.commits.length - 1]!;
      this.#step(n, { type: 'Applied', at: this.#at, index: last.index });
    }
  }

  #settle(): void {
    const queue = this.#queue;
    for (let head = 0; head < queue.length; head++) {
      const rpc = queue[head]!;
      this.messages++;
      this.#step(rpc.to - 1, { type: 'Receive', at: this.#at, rpc });
    }
    queue.length = 0;
  }

  /** Hands `commands` to the leader in one proposal call and delivers everything until nothing is under way. */
  propose(commands: readonly Uint8Array[]): void {
    const proposals = commands.map((data) => ({ id: this.#nextId++, data, checksum: 0 }));
    this.#step(0, { type: 'Propose', at: this.#at, proposals });
    this.#settle();
  }

  /** Drops what is committed everywhere, as a snapshot would, so that long measurements do not grow without bound. */
  compact(): void {
    const leader = this.#members[0]!;
    const index = leader.lastApplied;
    for (let n = 0; n < 3; n++) {
      const raft = this.#members[n]!;
      const through = Math.min(index, raft.lastApplied);
      const term = raft.log.termAt(through);
      if (term === undefined || through === 0) continue;
      this.#step(n, {
        type: 'Compact',
        at: this.#at,
        keep: 0,
        snapshot: {
          id: `bench-${n}-${through}`,
          lastIncludedIndex: through,
          lastIncludedTerm: term,
          configuration: raft.configuration,
          configurationIndex: raft.configurationIndex,
          size: 0,
          checksum: 0,
        },
      });
    }
    this.#settle();
  }
}
