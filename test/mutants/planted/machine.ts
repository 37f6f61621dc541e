import type { Mutant } from '../mutant.ts';

export const machine: readonly Mutant[] = [
  {
    id: 'M15',
    title: 'a snapshot replaces newer state',
    file: 'packages/core/src/snapshot.ts',
    find: '  if (lastIncludedIndex <= raft.commitIndex) return true;\n  return raft.log.termAt(lastIncludedIndex) === lastIncludedTerm;',
    replace: '  return lastIncludedTerm < 0;',
    also: [
      {
        file: 'packages/core/src/snapshot.ts',
        find: "  assert(lastIncludedIndex > raft.commitIndex, 'S9', 'a snapshot would replace newer state');",
        replace:
          "  assert(lastIncludedIndex > 0, 'S9', 'a snapshot would replace newer state');\n  raft.beforeCommitIndex = 0;",
      },
    ],
    expectedRule: 'S9',
    scenarios: ['snapshots/snapshot-every-entry', 'snapshots/crash-while-installing'],
    source: 'Raft paper, Figure 13, InstallSnapshot 6: retain log entries following it',
  },
  {
    id: 'M16',
    title: 'snapshots forget the session table',
    file: 'packages/replica/src/state.ts',
    find: '  for (let from = 0; from < sessions.length; from += SESSIONS_PER_PIECE) {',
    replace:
      '  for (let from = 0; from < sessions.length && time < 0; from += SESSIONS_PER_PIECE) {',
    expectedRule: 'S19',
    scenarios: ['sessions/sessions-in-snapshots'],
    source: 'dissertation, section 6.3: the session state is part of the snapshot',
  },
  {
    id: 'M17',
    title: 'a retried command of a session runs again',
    file: 'packages/replica/src/sessions.ts',
    find: '    if (remembered !== undefined) return remembered.result;\n',
    replace: '',
    expectedRule: 'S18',
    scenarios: ['sessions/answers-lost', 'sessions/everything-twice'],
    source: 'dissertation, section 6.3',
  },
  {
    id: 'M18',
    title: 'a retried command is answered without its result',
    file: 'packages/replica/src/state.ts',
    find: '    return { refused: null, value: decodeOrThrow(admission) };',
    replace: '    return { refused: null, value: null };',
    expectedRule: 'S18',
    scenarios: ['sessions/answers-lost', 'sessions/everything-twice'],
    source: 'dissertation, section 6.3: the response is kept with the serial number',
  },
  {
    id: 'M33',
    title: 'what is forgotten depends on the order in a heap',
    file: 'packages/kv/src/expiry.ts',
    find: '    this.#heap.push(entry);\n',
    replace: '    if (this.#heap.length > 3) this.#heap.pop();\n    this.#heap.push(entry);\n',
    expectedRule: 'S20',
    scenarios: ['snapshots/behind-the-snapshot', 'sessions/sessions-end'],
    source:
      'Schneider, Implementing Fault-Tolerant Services (1990): the machine must be deterministic; what is restored from a snapshot lies in memory in another order',
  },
  {
    id: 'OWN-CLOCK',
    title: "cluster time is each member's own estimate",
    file: 'packages/replica/src/state.ts',
    find: '      this.time.advance(envelope.time, at, leading);',
    replace: '      this.time.advance(this.time.stamp(at), at, leading);',
    expectedRule: 'S20',
    scenarios: ['clocks/every-clock-its-own', 'sessions/sessions-end'],
    source: 'dissertation, section 6.3: the time has to come from the log',
  },
  {
    id: 'EXPIRY-OWN-CLOCK',
    title: "sessions expire by each member's own estimate of the time",
    file: 'packages/replica/src/state.ts',
    find: '    const time = this.time.now;',
    replace: '    const time = this.time.stamp(at);',
    also: [
      {
        file: 'packages/replica/src/state.ts',
        find: '      this.#expire(entry.index);',
        replace: '      this.#expire(entry.index, at);',
      },
      {
        file: 'packages/replica/src/state.ts',
        find: '  #expire(index: Index): void {',
        replace: '  #expire(index: Index, at: number): void {',
      },
    ],
    expectedRule: 'S18',
    scenarios: ['sessions/sessions-end'],
    source: 'dissertation, section 6.3: servers must agree on when to expire a session',
  },
];
