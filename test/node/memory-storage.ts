/** A data directory in memory, over the store's own logic: completions come on later turns, a crash loses what was not durable. */
import type { Configuration } from '@seedraft/core';
import type { Identity, Made, Opening, Storage } from '@seedraft/node';
import type { RecoveredMember, Store } from '@seedraft/replica';
import {
  createDirectory,
  type Engine,
  MemberStore,
  MemoryEngine,
  recover,
  type StoreEvents,
} from '@seedraft/store';

export class MemoryStorage implements Storage {
  identity: Identity | null = null;
  readonly engine = new MemoryEngine();
  #isOpen = false;
  #hasDatabase = false;
  /** Completions wait while it is set: a disk that hangs. */
  isStuck = false;
  #onFailure: (sentence: string) => void = () => {};

  open(events: StoreEvents, onFailure: (sentence: string) => void): Promise<Opening> {
    return Promise.resolve(this.#open(events, onFailure));
  }

  beginJoin(identity: Omit<Identity, 'id'>): Promise<Made> {
    this.identity = { ...identity, id: 0 };
    return Promise.resolve({ outcome: 'ok' });
  }

  create(identity: Identity, configuration: Configuration): Promise<Made> {
    this.identity = identity;
    const bootstrap: RecoveredMember = {
      core: {
        hardState: { term: 0, votedFor: 0 },
        snapshot: null,
        entries: [],
        configuration,
        applied: 0,
        repairUntil: 0,
      },
      incarnation: identity.incarnation,
    };
    this.engine.format(createDirectory(bootstrap, identity.incarnation));
    this.#hasDatabase = true;
    return Promise.resolve({ outcome: 'ok' });
  }

  /** The engine reports that it can go on no more. */
  breakDown(sentence: string): void {
    this.#onFailure(sentence);
  }

  /** Everything is lost, as by a new disk. */
  wipe(): void {
    this.identity = null;
    this.#hasDatabase = false;
  }

  #open(events: StoreEvents, onFailure: (sentence: string) => void): Opening {
    if (this.identity === null) return { outcome: 'empty' };
    if (this.#isOpen) {
      const sentence = 'Another member has this directory open.';
      return { outcome: 'refused', code: 'DIRECTORY_LOCKED', sentence };
    }
    if (!this.#hasDatabase) return { outcome: 'joining', identity: this.identity };
    const verdict = recover(this.engine.scan());
    if (verdict.outcome !== 'intact') throw new Error(`a memory was found ${verdict.outcome}`);
    const { slot, bytes } = verdict.witness ?? { slot: 0 as const, bytes: null };
    if (bytes !== null) this.engine.writeWitness(0, slot, bytes, true);
    this.#isOpen = true;
    this.#onFailure = onFailure;
    const { engine } = this;
    const settling = new Settling(this);
    const { resumption } = verdict;
    const store = new MemberStore({
      engine: settling.over(engine),
      events,
      resumption,
      durability: 'default',
    });
    engine.attach(store);
    return {
      outcome: 'open',
      identity: this.identity,
      store: settling.later(store),
      recovered: verdict.member,
      warning: null,
      close: () => {
        this.#isOpen = false;
        settling.isOver = true;
        engine.crash();
        return this.isStuck ? new Promise(() => {}) : Promise.resolve();
      },
      bytesOnDisk: () => Promise.resolve(0),
    };
  }
}

/** One completion a turn of the event loop, as a disk that is asked one thing at a time. */
class Settling {
  isOver = false;
  #isScheduled = false;
  readonly #storage: MemoryStorage;

  constructor(storage: MemoryStorage) {
    this.#storage = storage;
  }

  over(engine: MemoryEngine): Engine {
    const then = (call: () => void) => {
      call();
      this.schedule();
    };
    return {
      write: (token, batch) => then(() => engine.write(token, batch)),
      writeWitness: (token, slot, bytes, sync) =>
        then(() => engine.writeWitness(token, slot, bytes, sync)),
      read: (token, key) => then(() => engine.read(token, key)),
    };
  }

  /** Whatever the store answers at once is answered a turn later all the same: calls are put off. */
  later(store: MemberStore): Store {
    const put = (call: () => void) => {
      setImmediate(() => {
        if (!this.isOver) call();
      });
    };
    return {
      persist: (write) => put(() => store.persist(write)),
      writeSnapshot: (id, offset, bytes) => put(() => store.writeSnapshot(id, offset, bytes)),
      sealSnapshot: (metadata, to) => put(() => store.sealSnapshot(metadata, to)),
      readSnapshot: (id, offset, length) => put(() => store.readSnapshot(id, offset, length)),
      dropSnapshot: (id) => put(() => store.dropSnapshot(id)),
      writeBootstrap: (configuration) => put(() => store.writeBootstrap(configuration)),
    };
  }

  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.isOver) return;
      if (this.#storage.isStuck) this.schedule();
      else if (this.#storage.engine.settleOne()) this.schedule();
    });
  }
}
