/** The engine over real files and the real LevelDB passes the suite that every engine must pass; power is lost by copying what is there. */
import { afterAll } from 'vitest';
import { describeEngine, type EngineDriver } from './compliance.ts';
import { createMember, openMember, type RealMember, Scratch } from './real-member.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());

async function create(): Promise<EngineDriver> {
  let directory = scratch.fresh();
  let free = Number.POSITIVE_INFINITY;
  let isSyncBroken = false;
  const machine = {
    freeBytes: () => {
      const now = free;
      free = Number.POSITIVE_INFINITY;
      return now;
    },
    sync: (_descriptor: number, done: (error: Error | null) => void) => {
      const error = isSyncBroken ? new Error('EIO: i/o error, fdatasync') : null;
      isSyncBroken = false;
      setImmediate(() => done(error));
    },
  };
  await createMember(directory);
  let running: RealMember = await openMember(directory, 'default', machine);
  return {
    get store() {
      return running.store;
    },
    take: () => running.host.take(),
    settle: () => running.settled(),
    async powerLoss() {
      const copy = scratch.copyOf(directory);
      await running.close();
      directory = copy;
      running = await openMember(directory, 'default', machine);
      return running.recovered.core;
    },
    refuseNextWrite() {
      free = 0;
    },
    failNextFsync() {
      isSyncBroken = true;
    },
    end: () => running.close(),
  };
}

describeEngine('classic-level', create);
