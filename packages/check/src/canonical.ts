/**
 * One text for each plain value, so that equality of inputs, outputs and states is equality of strings.
 * Plain: null, undefined, booleans, numbers, bigints, strings, byte arrays, arrays and string-keyed
 * objects (keys in code-unit order, undefined members left out). -0 is 0, as it is in JSON.
 */

/** Two plain values are equal exactly when their canonical texts are. Throws a TypeError on what is not plain. */
export function canonical(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'undefined':
      return 'undefined';
    case 'bigint':
      return `${value}n`;
    case 'object':
      return value === null ? 'null' : structure(value);
    default:
      throw new TypeError(`a ${typeof value} has no place in a history`);
  }
}

/** Whether two plain values are equal, as their canonical texts are. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
    return canonical(a) === canonical(b);
  }
  return Number.isNaN(a) && Number.isNaN(b);
}

function structure(value: object): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value instanceof Uint8Array) return `bytes(${value.join(' ')})`;
  if (value instanceof Map || value instanceof Set) {
    throw new TypeError('a Map or Set has no place in a history: its order would count');
  }
  const members: string[] = [];
  for (const [name, member] of Object.entries(value).sort(byName)) {
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${canonical(member)}`);
  }
  return `{${members.join(',')}}`;
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
