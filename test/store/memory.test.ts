/** The engine in memory passes the suite that every engine must pass. */
import { createDirectory, MemberStore, MemoryEngine, recover } from '@seedraft/store';
import { bootstrap, INCARNATION } from '../sim/disk/fixtures.ts';
import { TestHost } from '../sim/disk/host.ts';
import { describeEngine, type EngineDriver } from './compliance.ts';

function create(): EngineDriver {
  const engine = new MemoryEngine();
  const events = new TestHost();
  engine.format(createDirectory(bootstrap, INCARNATION));

  function start() {
    const verdict = recover(engine.scan());
    if (verdict.outcome !== 'intact') throw new Error(JSON.stringify(verdict));
    const { resumption, member } = verdict;
    const store = new MemberStore({ engine, events, resumption, durability: 'paranoid' });
    engine.attach(store);
    return { store, core: member.core };
  }

  let running = start();
  return {
    get store() {
      return running.store;
    },
    take: () => events.take(),
    settle: () => engine.settle(),
    powerLoss() {
      engine.crash();
      running = start();
      return running.core;
    },
    refuseNextWrite() {
      engine.failNext = 'NO_SPACE';
    },
    failNextFsync() {
      engine.failNext = 'FSYNC_FAILED';
    },
  };
}

describeEngine('MemoryEngine', create);
