/**
 * The slow obvious twin of KvMachine: one plain Map, linear scans, a copy for each snapshot, expiry by looking at everything. Values are
 * compared by JSON of the sorted value; nothing is incremental.
 */
import type { KvCommand, KvItem, KvResult, KvValue } from '@seedraft/kv';

interface Cell {
  readonly namespace: string;
  readonly key: string;
  readonly value: KvValue;
  readonly revision: number;
  readonly expires: number | null;
}

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

export class Twin {
  cells = new Map<string, Cell>();

  apply(command: KvCommand, index: number, time: number): KvResult {
    const name = JSON.stringify([command[1], command[2]]);
    const cell = this.cells.get(name);
    switch (command[0]) {
      case 'put': {
        const [, namespace, key, value, options] = command;
        if (options?.ifAbsent && cell) return { status: 'conflict', current: item(cell) };
        this.#set(name, {
          namespace,
          key,
          value,
          revision: index,
          expires: deadline(time, options),
        });
        const previous = options?.previous && cell ? item(cell) : null;
        return { status: 'stored', revision: index, previous };
      }
      case 'cas': {
        const [, namespace, key, [kind, operand], value, options] = command;
        const holds =
          kind === 'absent'
            ? !cell
            : cell !== undefined &&
              (kind === 'revision'
                ? cell.revision === operand
                : show(cell.value) === show(operand));
        if (!holds) return { status: 'conflict', current: cell ? item(cell) : null };
        this.#set(name, {
          namespace,
          key,
          value,
          revision: index,
          expires: deadline(time, options),
        });
        return { status: 'stored', revision: index, previous: null };
      }
      case 'delete':
        if (!cell) return { status: 'missing' };
        this.cells.delete(name);
        return { status: 'deleted', previous: item(cell) };
      case 'get':
        return cell ? { status: 'found', item: item(cell) } : { status: 'missing' };
      case 'scan': {
        const [, namespace, prefix, limit, after] = command;
        const items = [...this.cells.values()]
          .filter((c) => c.namespace === namespace && c.key.startsWith(prefix))
          .filter((c) => after === null || c.key > after)
          .sort((a, b) => (a.key < b.key ? -1 : 1))
          .map(item);
        return { status: 'scanned', items: items.slice(0, limit), more: items.length > limit };
      }
      default:
        throw new Error(`the twin does not know ${command[0]}`);
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

  #set(name: string, cell: Cell): void {
    this.cells.set(name, cell);
  }
}

function deadline(time: number, options: { ttl?: number } | undefined): number | null {
  return options?.ttl === undefined ? null : time + options.ttl;
}

function item({ key, value, revision, expires }: Cell): KvItem {
  return { key, value, revision, expires };
}
