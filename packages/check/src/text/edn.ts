/**
 * EDN, as much of it as Jepsen writes: nil, booleans, strings, characters, numbers, keywords, symbols, lists,
 * vectors, sets (read as vectors), maps, comments and discards. A tag is skipped and what it stands
 * before is kept, so `#jepsen.history.Op{...}` is the map. Ratios and bignums are refused, not rounded.
 */
import { type Node, type ReadResult, readAll } from './node.ts';
import { Scanner } from './scanner.ts';

const SPACE = ' \t\r\n\f,';
const DELIMITERS = `${SPACE}()[]{}";`;
const CHARACTERS: Readonly<Record<string, string>> = {
  newline: '\n',
  return: '\r',
  space: ' ',
  tab: '\t',
};
const SYMBOLIC: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Inf: Infinity,
  '-Inf': -Infinity,
};

export function readEdn(text: string): ReadResult {
  const scanner = new Scanner(text);
  return readAll(scanner, () => {
    skip(scanner);
    return scanner.peek() === '' ? null : form(scanner);
  });
}

/** Space, comments and discarded forms. */
function skip(scanner: Scanner): void {
  for (;;) {
    scanner.skip(SPACE);
    if (scanner.peek() === ';') {
      scanner.takeUntil('\n');
    } else if (scanner.peek() === '#' && scanner.peek(1) === '_') {
      scanner.take();
      scanner.take();
      scanner.nested(() => form(scanner));
    } else {
      return;
    }
  }
}

function form(scanner: Scanner): Node {
  skip(scanner);
  const place = scanner.place;
  switch (scanner.peek()) {
    case '':
      throw scanner.fault('expected a form, but the text ends');
    case '{':
      return { kind: 'map', entries: entries(scanner), place };
    case '[':
      return { kind: 'vector', items: forms(scanner, ']'), place };
    case '(':
      return { kind: 'list', items: forms(scanner, ')'), place };
    case '"':
      return { kind: 'literal', value: scanner.string(), place };
    case '#':
      return dispatch(scanner);
    case '\\':
      return character(scanner);
    case ':':
      scanner.take();
      return { kind: 'keyword', name: word(scanner, 'a keyword'), place };
    default:
      return atom(scanner);
  }
}

function forms(scanner: Scanner, close: string): Node[] {
  return scanner.nested(() => {
    const items: Node[] = [];
    scanner.take();
    for (skip(scanner); scanner.peek() !== close; skip(scanner)) {
      if (scanner.peek() === '') scanner.expect(close, 'to end the collection');
      items.push(form(scanner));
    }
    scanner.take();
    return items;
  });
}

function entries(scanner: Scanner): (readonly [Node, Node])[] {
  const place = scanner.place;
  const items = forms(scanner, '}');
  if (items.length % 2 === 1) throw scanner.fault('this map has a key without a value', place);
  return Array.from({ length: items.length / 2 }, (_, at) => [items[at * 2]!, items[at * 2 + 1]!]);
}

function dispatch(scanner: Scanner): Node {
  const place = scanner.place;
  scanner.take();
  if (scanner.peek() === '{') return { kind: 'vector', items: forms(scanner, '}'), place };
  if (scanner.peek() === '#') {
    scanner.take();
    const name = word(scanner, 'a symbolic value');
    const value = SYMBOLIC[name];
    if (value === undefined) throw scanner.fault(`##${name} is no symbolic value`, place);
    return { kind: 'literal', value, place };
  }
  word(scanner, 'a tag');
  return scanner.nested(() => form(scanner));
}

function character(scanner: Scanner): Node {
  const place = scanner.place;
  scanner.take();
  const name = scanner.take() + scanner.takeUntil(DELIMITERS);
  const value = CHARACTERS[name] ?? (/^u[0-9a-fA-F]{4}$/.test(name) ? unicode(name) : name);
  if (value.length !== 1) throw scanner.fault(`\\${name} is no character`, place);
  return { kind: 'literal', value, place };
}

function unicode(name: string): string {
  return String.fromCharCode(Number.parseInt(name.slice(1), 16));
}

function atom(scanner: Scanner): Node {
  const place = scanner.place;
  const text = word(scanner, 'a form');
  if (text === 'nil') return { kind: 'literal', value: null, place };
  if (text === 'true' || text === 'false')
    return { kind: 'literal', value: text === 'true', place };
  if (!/^[-+]?\d/.test(text)) return { kind: 'symbol', name: text, place };
  const digits = /^([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)[NM]?$/.exec(text)?.[1];
  if (digits === undefined) throw scanner.fault(`${text} is not a number`, place);
  return scanner.number(digits, place);
}

function word(scanner: Scanner, what: string): string {
  const text = scanner.takeUntil(DELIMITERS);
  if (text !== '') return text;
  const found = scanner.peek() === '' ? 'the text ends' : `there is ${scanner.peek()}`;
  throw scanner.fault(`expected ${what}, but ${found}`);
}

/** A keyword or string, as EDN; what is no fine keyword is a string, so that reading gives the same name. */
export function printKeyword(name: string): string {
  return /^[A-Za-z*!?_<>=$&][\w*!?<>=$&.+-]*$/.test(name) ? `:${name}` : JSON.stringify(name);
}

/** A plain value as EDN: objects are maps with keyword keys, arrays are vectors. Throws a TypeError on what is not plain. */
export function printEdn(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return printNumber(value);
  if (Array.isArray(value)) return `[${value.map(printEdn).join(' ')}]`;
  if (typeof value !== 'object') throw new TypeError(`a ${typeof value} has no EDN form here`);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${printKeyword(name)} ${printEdn(member)}`).join(', ')}}`;
}

function printNumber(value: number): string {
  if (Number.isNaN(value)) return '##NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '##Inf' : '##-Inf';
}
