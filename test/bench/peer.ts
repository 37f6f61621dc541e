/**
 * The same three members in memory on @coaty/consensus.raft (a TypeScript port of etcd-raft): its own RawNode and MemoryStorage, its Ready
 * loop carried out in full, the same queue, the same proposals.
 */
import { createRequire } from 'node:module';

// The package ships CommonJS and publishes only its controller; the raw node underneath is what compares with a core.
const require = createRequire(import.meta.url);
// Its controller wants sqlite3, a native module that this workspace never builds; the raw node does not use it.
const sqlite = require.resolve('sqlite3');
require.cache[sqlite] = {
  id: sqlite,
  exports: { verbose: () => ({}) },
  loaded: true,
} as NodeModule;
const { RawNode } = require('@coaty/consensus.raft/ported/rawnode.js');
const { RaftConfig } = require('@coaty/consensus.raft/ported/raft.js');
const { MemoryStorage } = require('@coaty/consensus.raft/ported/storage.js');
const { setLogger } = require('@coaty/consensus.raft/ported/logger.js');
const pb = require('@coaty/consensus.raft/ported/raftpb/raft.pb.js');

const nothing = (): void => {};
const quiet = Object.fromEntries(
  ['debugf', 'infof', 'warningf', 'errorf', 'fatalf', 'panicf'].map((name) => [name, nothing]),
);

export class PeerCluster {
  // biome-ignore lint/suspicious/noExplicitAny: the package has no types for its inner modules
  readonly #nodes: any[] = [];
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly #storages: any[] = [];
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly #queue: any[] = [];
  messages = 0;
  committed = 0;

  constructor() {
    setLogger(quiet);
    const ids = ['1', '2', '3'];
    for (const id of ids) {
      const storage = MemoryStorage.NewMemoryStorage();
      storage.snapshot.metadata.confState.voters = [...ids];
      storage.snapshot.metadata.index = 0;
      this.#storages.push(storage);
      this.#nodes.push(
        RawNode.NewRawNode(
          new RaftConfig({
            id,
            electionTick: 10,
            heartbeatTick: 1,
            storage,
            maxSizePerMsg: 1 << 20,
            maxInflightMsgs: 256,
            maxUncommittedEntriesSize: 1 << 30,
            checkQuorum: true,
            preVote: true,
            logger: quiet,
          }),
        ),
      );
    }
    this.#nodes[0].campaign();
    this.#settle();
    if (this.#nodes[0].raft.state !== 2) throw new Error('the peer elected no leader');
    this.messages = 0;
    this.committed = 0;
  }

  #carryOut(n: number): void {
    const node = this.#nodes[n];
    while (node.hasReady()) {
      const ready = node.ready();
      const storage = this.#storages[n];
      if (!ready.hardState.isEmptyHardState()) storage.SetHardState(ready.hardState);
      if (ready.entries.length > 0) storage.Append(ready.entries);
      for (const message of ready.messages) this.#queue.push(message);
      if (n === 0) this.committed += ready.committedEntries.length;
      node.advance(ready);
    }
  }

  #settle(): void {
    for (let n = 0; n < 3; n++) this.#carryOut(n);
    const queue = this.#queue;
    for (let head = 0; head < queue.length; head++) {
      const message = queue[head];
      const n = Number(message.to) - 1;
      this.messages++;
      this.#nodes[n].step(message);
      this.#carryOut(n);
    }
    queue.length = 0;
  }

  /**
   * One proposal call: one MsgProp bearing every command as an entry. Commands are strings here: it measures sizes with JSON.stringify, which
   * is some ten times slower for a Uint8Array, and that would flatter us.
   */
  propose(commands: readonly string[]): void {
    const entries = commands.map((data) => new pb.Entry({ data }));
    this.#nodes[0].step(new pb.Message({ type: pb.MessageType.MsgProp, from: '1', entries }));
    this.#settle();
  }

  compact(): void {
    const index = this.#nodes[0].raft.raftLog.applied;
    for (let n = 0; n < 3; n++) {
      const through = Math.min(index, this.#nodes[n].raft.raftLog.applied);
      this.#storages[n].Compact(through);
    }
  }
}
