/**
 * Logs as paths in one tree: a node is an entry and everything before it. Two logs are equal up to an index exactly if they have the same
 * node there, so that Log Matching, completeness and durability are comparisons of references.
 */
import type { Configuration, Entry, Index, Term } from '@seedraft/core';
import { type Hashes, hashesOf } from './hash.ts';
import { type Renaming, rename } from './renaming.ts';

export interface LogNode {
  readonly number: number;
  readonly index: Index;
  readonly term: Term;
  /** Null: the empty log. */
  readonly entry: Entry | null;
  readonly parent: LogNode | null;
  readonly hashes: Hashes;
  /** Where the configuration in force came from: the latest at or before this entry. */
  readonly configured: LogNode;
}

export class Logs {
  readonly empty: LogNode;
  readonly #renamings: readonly Renaming[];
  readonly #known = new Map<string, LogNode>();

  constructor(renamings: readonly Renaming[]) {
    this.#renamings = renamings;
    const hashes = hashesOf(renamings.length, 1, () => []);
    const root = { number: 0, index: 0, term: 0, entry: null, parent: null, hashes };
    this.empty = Object.assign(root, { configured: root as unknown as LogNode });
  }

  /** The log `before`, and then `entry`. */
  append(before: LogNode, entry: Entry): LogNode {
    const key = `${before.number} ${entry.index} ${entry.term} ${entry.kind} ${entry.data.join()} ${encodeConfiguration(entry.configuration, null).join()}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const hashes = hashesOf(this.#renamings.length, 2, (renaming) => [
      before.hashes[2 * renaming] as number,
      before.hashes[2 * renaming + 1] as number,
      entry.index,
      entry.term,
      KINDS.indexOf(entry.kind),
      ...entry.data,
      ...encodeConfiguration(entry.configuration, this.#renamings[renaming] as Renaming),
    ]);
    const node = {
      number: this.#known.size + 1,
      index: before.index + 1,
      term: entry.term,
      entry,
      parent: before,
      hashes,
      configured: before.configured,
    };
    if (entry.configuration !== null) node.configured = node;
    this.#known.set(key, node);
    return node;
  }

  appendAll(before: LogNode, entries: readonly Entry[]): LogNode {
    let node = before;
    for (const entry of entries) node = this.append(node, entry);
    return node;
  }
}

const KINDS: readonly Entry['kind'][] = ['command', 'noop', 'configuration'];
const ROLES = ['voter', 'learner', 'leaving'];

/** As numbers; `renaming` null: under the names it has. */
export function encodeConfiguration(
  configuration: Configuration | null,
  renaming: Renaming | null,
): number[] {
  if (configuration === null) return [];
  const name = (id: number): number => (renaming === null ? id : rename(renaming, id));
  const { members, outgoing, autoLeave, highestId } = configuration;
  const encoded = members.map(({ id, role }) => name(id) * 4 + ROLES.indexOf(role));
  const half = (outgoing ?? []).map(name).sort((a, b) => a - b);
  const isJoint = outgoing === null ? 0 : 1;
  encoded.sort((a, b) => a - b);
  return [encoded.length, ...encoded, isJoint, ...half, autoLeave ? 1 : 0, highestId];
}

/** The log up to `index` (not beyond its end). */
export function upTo(log: LogNode, index: Index): LogNode {
  let node = log;
  while (node.index > index) node = node.parent as LogNode;
  return node;
}

/** Whether `log` begins with `prefix`. */
export function contains(log: LogNode, prefix: LogNode): boolean {
  return log.index >= prefix.index && upTo(log, prefix.index) === prefix;
}

/** How far two logs are the same. */
export function commonPrefix(one: LogNode, other: LogNode): LogNode {
  let left = upTo(one, other.index);
  let right = upTo(other, one.index);
  while (left !== right) {
    left = left.parent as LogNode;
    right = right.parent as LogNode;
  }
  return left;
}

/** `1@1 2@1 3@2`, or `empty`. */
export function formatLog(log: LogNode): string {
  const entries: string[] = [];
  for (let node = log; node.parent !== null; node = node.parent) {
    entries.unshift(`${node.index}@${node.term}`);
  }
  return entries.length === 0 ? 'empty' : entries.join(' ');
}

export function entriesOf(log: LogNode): Entry[] {
  const entries: Entry[] = [];
  for (let node = log; node.entry !== null; node = node.parent as LogNode) {
    entries.unshift(node.entry);
  }
  return entries;
}
