/**
 * Ways for the checker itself to be wrong, as small patches of its source. Each must be caught by at least one golden
 * history: a judge that passes bad histories would make every other test in this project worthless.
 */
export interface Mutant {
  readonly id: string;
  /** Below packages/check/src. */
  readonly file: string;
  /** Must occur exactly once. */
  readonly find: string;
  readonly replace: string;
  /** A second patch of the same file, where one alone would change nothing. */
  readonly also?: { readonly find: string; readonly replace: string };
}

export const mutants: readonly Mutant[] = [
  {
    id: 'real-time edge removed: anything may come next',
    file: 'search/frontier.ts',
    find: 'if (operation === this.size || this.problem.invoked[operation]! > this.limit) return -1;',
    replace: 'if (operation === this.size) return -1;',
  },
  {
    id: 'real-time edge of crashed operations removed',
    file: 'search/moves.ts',
    find: 'return member !== undefined && member.invoked <= this.frontier.limit;',
    replace: 'return member !== undefined;',
  },
  {
    id: 'fail treated as info',
    file: 'pairing.ts',
    find: "if (completion?.type === 'fail') return null;",
    replace: '',
  },
  {
    id: 'info treated as fail',
    file: 'pairing.ts',
    find: "if (completion?.type === 'fail') return null;",
    replace: "if (completion?.type === 'fail' || completion?.type === 'info') return null;",
  },
  {
    id: 'info treated as ok',
    file: 'pairing.ts',
    find: "if (completion.type !== 'ok') return operation;",
    replace: '',
  },
  {
    id: 'open operations forgotten',
    file: 'pairing.ts',
    find: "if (completion?.type === 'fail') return null;",
    replace: "if (completion === undefined || completion.type === 'fail') return null;",
  },
  {
    id: 'memory ignores the state',
    file: 'search/memo.ts',
    find: 'if (records[at + RANK] !== frontier.rank || records[at + STATE] !== state) return false;',
    replace: 'if (records[at + RANK] !== frontier.rank) return false;',
    also: { find: 'Math.imul(rank, 0x9e3779b1) ^ Math.imul(state, 0x85ebca77)', replace: 'rank' },
  },
  {
    id: 'memory ignores which operations are placed',
    file: 'search/memo.ts',
    find: 'if (records[at + BITS + word] !== frontier.placed[word]) return false;',
    replace: '',
    also: { find: ' ^ bits[offset + word]!', replace: '' },
  },
  {
    id: 'memory ignores which blind operations are placed',
    file: 'search/memo.ts',
    find: 'if ((differ & ~excused) !== 0) return false;',
    replace: '',
  },
  {
    id: 'crashed operations never taken',
    file: 'search/moves.ts',
    find: 'if (this.used.length > 0) this.listCrashes();',
    replace: '',
  },
  {
    id: 'crashed operations taken again and again',
    file: 'search/moves.ts',
    find: 'this.used[index] = this.used[index]! + 1;',
    replace: '',
  },
  {
    id: 'the use of crashed operations forgotten on the way back',
    file: 'search/crashes.ts',
    find: 'if (smaller === larger || smaller === NOTHING_USED) return true;',
    replace: 'return true;',
  },
  {
    id: 'excused operations may take effect after their return',
    file: 'search/frontier.ts',
    find: 'this.note(operation, DROPPED);\n    this.unlink(operation);',
    replace: 'this.note(operation, DROPPED);',
  },
  {
    id: 'a blind operation hides all that are open, also those already read',
    file: 'search/frontier.ts',
    find: 'if (this.problem.blind[operation] === 0 || this.status[operation] !== REQUIRED) continue;',
    replace: 'if (this.status[operation] !== REQUIRED) continue;',
  },
  {
    id: 'an operation that changes nothing is excused though impossible',
    file: 'search/moves.ts',
    find: 'automaton.next(this.state, kinds[operation]!) === this.state;',
    replace: '[this.state, IMPOSSIBLE].includes(automaton.next(this.state, kinds[operation]!));',
  },
  {
    id: 'the way back does not restore the state',
    file: 'search/moves.ts',
    find: 'this.state = frames[at + STATE]!;',
    replace: '',
  },
  {
    id: 'outputs not compared',
    file: 'models/define.ts',
    find: 'return agrees ? { state: outcome.state } : null;',
    replace: 'return { state: outcome.state };',
  },
  {
    id: 'partitions mixed',
    file: 'linearizability.ts',
    find: 'const name = model.partition?.(operation) ?? null;',
    replace: 'const name = null;',
  },
  {
    id: 'namespaces mixed',
    file: 'models/kv.ts',
    find: "['namespace', 'key'],\n    ({ namespace, key }) =>",
    replace: "['namespace', 'key'],\n    ({ namespace, key }) => canonical(key) ||",
  },
  {
    id: 'a failed swap swaps',
    file: 'models/kv.ts',
    find: 'return { state: swapped ? value : state, output: swapped };',
    replace: 'return { state: value, output: swapped };',
  },
  {
    id: 'a delete always finds its key',
    file: 'models/kv.ts',
    find: 'output: state !== null',
    replace: 'output: true',
  },
  {
    id: 'only the first partition judged',
    file: 'linearizability.ts',
    find: 'let open = all;',
    replace: 'let open = all.slice(0, 1);',
  },
  {
    id: 'running out of ideas counts as a pass',
    file: 'linearizability.ts',
    find: "if (progress === 'illegal') return illegal(partition, steps, options);",
    replace: '',
  },
];
