/**
 * JSON (RFC 8259) with places: a reader of our own, because the engine's tells no line and column. Several
 * values may follow one another, so that one JSON document and NDJSON are read alike.
 */
import { type Node, type ReadResult, readAll } from './node.ts';
import { Scanner } from './scanner.ts';

const SPACE = ' \t\r\n';
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/;
const WORDS: Readonly<Record<string, null | boolean>> = { null: null, true: true, false: false };

export function readJson(text: string): ReadResult {
  const scanner = new Scanner(text);
  return readAll(scanner, () => {
    scanner.skip(SPACE);
    return scanner.peek() === '' ? null : value(scanner);
  });
}

function value(scanner: Scanner): Node {
  scanner.skip(SPACE);
  const place = scanner.place;
  switch (scanner.peek()) {
    case '':
      throw scanner.fault('expected a value, but the text ends');
    case '{':
      return scanner.nested(() => ({ kind: 'map', entries: members(scanner), place }));
    case '[':
      return scanner.nested(() => ({ kind: 'vector', items: elements(scanner), place }));
    case '"':
      return { kind: 'literal', value: scanner.string(), place };
    default: {
      const word = scanner.takeUntil(`${SPACE},:]}["{`);
      const literal = Object.hasOwn(WORDS, word) ? WORDS[word]! : undefined;
      if (literal !== undefined || word === 'null') {
        return { kind: 'literal', value: literal ?? null, place };
      }
      if (!NUMBER.test(word)) {
        const found = word === '' ? scanner.peek() : word;
        throw scanner.fault(`expected a value, but there is ${JSON.stringify(found)}`, place);
      }
      return scanner.number(word, place);
    }
  }
}

function elements(scanner: Scanner): Node[] {
  return sequence(scanner, ']', 'to end the array', () => value(scanner));
}

function members(scanner: Scanner): (readonly [Node, Node])[] {
  return sequence(scanner, '}', 'to end the object', () => {
    scanner.skip(SPACE);
    if (scanner.peek() !== '"') throw scanner.fault('expected a name in double quotes');
    const key = value(scanner);
    scanner.skip(SPACE);
    scanner.expect(':', 'after the name');
    return [key, value(scanner)] as const;
  });
}

/** What stands between an opening character, which is taken, and the closing one, separated by commas. */
function sequence<T>(scanner: Scanner, close: string, inside: string, read: () => T): T[] {
  const items: T[] = [];
  scanner.take();
  scanner.skip(SPACE);
  if (scanner.peek() !== close) {
    for (;;) {
      items.push(read());
      scanner.skip(SPACE);
      if (scanner.peek() !== ',') break;
      scanner.take();
    }
  }
  scanner.expect(close, inside);
  return items;
}
