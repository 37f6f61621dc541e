/**
 * The slow obvious twin of KvMachine: one plain Map, linear scans, a copy for each snapshot, expiry by looking at everything. Values are
 * compared by JSON of the sorted value; nothing is incremental. It knows no sketches: they have tests of their own.
 */
import type { KvCommand, KvExpectation, KvItem, KvResult, KvRing, KvValue } from '@seedraft/kv';
import { ringAfter } from './ring-twin.ts';

interface Cell {
  readonly namespace: string;
  readonly key: string;
  readonly type: 'value' | 'ring';
  readonly value: KvValue;
  readonly revision: number;
  readonly expires: number | null;
}

type Spot = Pick<Cell, 'namespace' | 'key'>;

/** Equal values, equal texts. */
export function show(value: unknown): string {
  return JSON.stringify(value, (_, v) => {
    if (v instanceof Uint8Array) return { bytes: [...v] };
    if (v === null || typeof v !== 'object' || Array.isArray(v)) return v;
    return {
      object: Object.keys(v)
        .sort()
        .map((k) => [k, v[k]]),
    };
  });
}

const WRONG_TYPE = { status: 'refused', code: 'WRONG_TYPE', reason: '' } as const;
const counted = (count: number): KvResult => ({ status: 'counted', count });
const refused = (code: 'NOT_AN_INTEGER' | 'OVERFLOW'): KvResult => ({
  status: 'refused',
  code,
  reason: '',
});

/** Reasons are for people: the twin leaves them empty, and the test compares codes. */
export class Twin {
  cells = new Map<string, Cell>();

  apply(command: KvCommand, index: number, time: number): KvResult {
    if (command[0] === 'transact') return this.#transact(command, index, time);
    const spot = { namespace: command[1], key: typeof command[2] === 'string' ? command[2] : '' };
    const cell = this.#at(spot);
    switch (command[0]) {
      case 'put': {
        const [, , , value, options] = command;
        if (options?.ifAbsent && cell) return { status: 'conflict', current: item(cell) };
        if (options?.ifPresent && !cell) return { status: 'conflict', current: null };
        if (cell?.type === 'ring' && (!options?.anyType || options.previous)) return WRONG_TYPE;
        const expires = options?.keepTtl ? (cell?.expires ?? null) : deadline(time, options?.ttl);
        const previous = options?.previous && cell ? item(cell) : null;
        this.#set({ ...spot, type: 'value', value, revision: index, expires });
        return { status: 'stored', revision: index, previous };
      }
      case 'cas': {
        const [, , , expected, value, options] = command;
        if (!holds(cell, expected))
          return { status: 'conflict', current: cell ? item(cell) : null };
        if (cell?.type === 'ring') return WRONG_TYPE;
        const expires = deadline(time, options?.ttl);
        this.#set({ ...spot, type: 'value', value, revision: index, expires });
        return { status: 'stored', revision: index, previous: null };
      }
      case 'delete':
        if (!cell) return { status: 'missing' };
        this.cells.delete(nameOf(cell));
        return { status: 'deleted', previous: item(cell) };
      case 'deleteMany':
        return counted(
          command[2].filter((key) => this.cells.delete(nameOf({ ...spot, key }))).length,
        );
      case 'flush':
        return counted(this.#in(spot).filter((c) => this.cells.delete(nameOf(c))).length);
      case 'increment': {
        if (cell?.type === 'ring') return WRONG_TYPE;
        const before = cell === undefined ? 0n : integer(cell.value);
        if (before === null) return refused('NOT_AN_INTEGER');
        const sum = before + integer(command[3])!;
        if (BigInt.asIntN(64, sum) !== sum) return refused('OVERFLOW');
        const value = written(sum, cell?.value ?? null);
        this.#set({
          ...spot,
          type: 'value',
          value,
          revision: index,
          expires: cell?.expires ?? null,
        });
        return { status: 'incremented', value: `${sum}`, revision: index };
      }
      case 'append': {
        if (cell?.type === 'ring') return WRONG_TYPE;
        const head = typeof cell?.value === 'number' ? `${cell.value}` : cell ? cell.value : null;
        if (cell && typeof head !== 'string' && !(head instanceof Uint8Array)) return WRONG_TYPE;
        const value = joined(head as string | Uint8Array | null, command[3]);
        this.#set({
          ...spot,
          type: 'value',
          value,
          revision: index,
          expires: cell?.expires ?? null,
        });
        return { status: 'appended', length: Buffer.from(value).length, revision: index };
      }
      case 'expire': {
        if (!cell) return { status: 'missing' };
        const [from, to] = [cell.expires ?? Number.POSITIVE_INFINITY, time + command[3]];
        const may = { unset: cell.expires === null, set: cell.expires !== null };
        const moves = { ...may, later: to > from, earlier: to < from };
        if (command[4] !== undefined && !moves[command[4]]) {
          return { status: 'conflict', current: item(cell) };
        }
        this.#set({ ...cell, revision: index, expires: to });
        return { status: 'lives', expires: to, revision: index };
      }
      case 'persist':
        if (!cell) return { status: 'missing' };
        if (cell.expires === null)
          return { status: 'lives', expires: null, revision: cell.revision };
        this.#set({ ...cell, revision: index, expires: null });
        return { status: 'lives', expires: null, revision: index };
      case 'ringSize': {
        if (cell?.type === 'value') return WRONG_TYPE;
        if (cell) return { status: 'conflict', current: item(cell) };
        const ring: KvRing = {
          size: command[3],
          strategy: command[4] ?? 'continuous',
          nodes: [],
        };
        this.#set({ ...spot, type: 'ring', value: ring, revision: index, expires: null });
        return { status: 'ring', ring, relocations: [], revision: index };
      }
      case 'ringAdd':
      case 'ringRemove': {
        if (!cell) return { status: 'missing' };
        if (cell.type === 'value') return WRONG_TYPE;
        const before = cell.value as KvRing;
        const { ring, relocations } = ringAfter(before, command[0], command[3]);
        const revision = show(ring) === show(before) ? cell.revision : index;
        this.#set({ ...cell, value: ring, revision });
        return { status: 'ring', ring, relocations, revision };
      }
      default:
        return this.query(command, time);
    }
  }

  query(query: KvCommand, time: number): KvResult {
    if (query[0] === 'transact') throw new Error('no query');
    const spot = { namespace: query[1], key: typeof query[2] === 'string' ? query[2] : '' };
    const cell = this.#at(spot);
    switch (query[0]) {
      case 'get':
        if (!cell) return { status: 'missing' };
        return cell.type === 'ring' ? WRONG_TYPE : { status: 'found', item: item(cell) };
      case 'getMany': {
        const cells = query[2].map((key) => this.#at({ ...spot, key }));
        return { status: 'items', items: cells.map((c) => (c?.type === 'value' ? item(c) : null)) };
      }
      case 'exists':
        return counted(query[2].filter((key) => this.#at({ ...spot, key })).length);
      case 'count':
        return counted(this.#in(spot).length);
      case 'describe': {
        if (!cell) return { status: 'missing' };
        const { type, revision, expires, value } = cell;
        const remaining = expires === null ? null : expires - time;
        const text = typeof value === 'number' ? `${value}` : value;
        const isText = typeof text === 'string' || text instanceof Uint8Array;
        const length = isText ? Buffer.from(text as string).length : null;
        return { status: 'described', type, revision, expires, remaining, length };
      }
      case 'scan': {
        const [, , prefix, limit, after] = query;
        const items = this.#in(spot)
          .filter((c) => c.key.startsWith(prefix) && (after === null || c.key > after))
          .sort((a, b) => (a.key < b.key ? -1 : 1))
          .map(item);
        return { status: 'scanned', items: items.slice(0, limit), more: items.length > limit };
      }
      case 'ring':
        if (!cell) return { status: 'missing' };
        if (cell.type === 'value') return WRONG_TYPE;
        return {
          status: 'ring',
          ring: cell.value as KvRing,
          relocations: [],
          revision: cell.revision,
        };
      default:
        throw new Error(`the twin does not know ${query[0]}`);
    }
  }

  onTime(time: number): void {
    for (const [name, cell] of [...this.cells]) {
      if (cell.expires !== null && cell.expires <= time) this.cells.delete(name);
    }
  }

  nextDeadline(): number {
    return Math.min(...[...this.cells.values()].map((c) => c.expires ?? Number.POSITIVE_INFINITY));
  }

  /** The whole state as one text. */
  state(): string {
    return show([...this.cells.values()].map(show).sort());
  }

  #transact(
    command: KvCommand & readonly ['transact', ...unknown[]],
    index: number,
    time: number,
  ): KvResult {
    for (const [guard, [namespace, key, expected]] of command[1].entries()) {
      const cell = this.#at({ namespace, key });
      if (!holds(cell, expected)) {
        return { status: 'unmet', guard, current: cell ? item(cell) : null };
      }
    }
    return { status: 'done', results: command[2].map((step) => this.apply(step, index, time)) };
  }

  #at(spot: Spot): Cell | undefined {
    return this.cells.get(nameOf(spot));
  }

  #in({ namespace }: Spot): Cell[] {
    return [...this.cells.values()].filter((c) => c.namespace === namespace);
  }

  #set(cell: Cell): void {
    this.cells.set(nameOf(cell), cell);
  }
}

function nameOf({ namespace, key }: Spot): string {
  return JSON.stringify([namespace, key]);
}

function holds(cell: Cell | undefined, [kind, operand]: KvExpectation): boolean {
  if (kind === 'absent') return cell === undefined;
  if (kind === 'revision') return cell?.revision === operand;
  return cell?.type === 'value' && show(cell.value) === show(operand);
}

function integer(value: KvValue): bigint | null {
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : `${value}`;
  if (typeof value === 'boolean' || value === null) return null;
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return null;
  if (!/^-?\d+$/.test(text) || `${BigInt(text)}` !== text) return null;
  return BigInt.asIntN(64, BigInt(text)) === BigInt(text) ? BigInt(text) : null;
}

function written(sum: bigint, like: KvValue): KvValue {
  if (like instanceof Uint8Array) return Uint8Array.from(Buffer.from(`${sum}`));
  if (typeof like === 'string') return `${sum}`;
  return Number.isSafeInteger(Number(sum)) ? Number(sum) : `${sum}`;
}

function joined(head: string | Uint8Array | null, tail: string | Uint8Array): string | Uint8Array {
  if (head === null) return tail;
  if (typeof head === 'string' && typeof tail === 'string') return head + tail;
  return Uint8Array.from(Buffer.concat([Buffer.from(head), Buffer.from(tail)]));
}

function deadline(time: number, ttl: number | undefined): number | null {
  return ttl === undefined ? null : time + ttl;
}

function item({ key, value, revision, expires, type }: Cell): KvItem {
  return type === 'value'
    ? { key, value, revision, expires }
    : { key, value, revision, expires, type };
}
