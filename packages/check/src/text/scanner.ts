/**
 * A cursor over text for the two readers: where it is, and what JSON and EDN have in common (strings with
 * escapes, numbers). Integers beyond 2^53 are refused: rounding one could turn two values into one,
 * and a violation into a pass.
 */
import { type Node, type Place, SyntaxFault } from './node.ts';

/** Deeper nesting is refused, before it can exhaust the stack. */
const MAX_DEPTH = 200;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

export class Scanner {
  private text: string;
  private at = 0;
  private line = 1;
  private lineStart = 0;
  private depth = 0;

  constructor(text: string) {
    // A byte order mark is not part of the text.
    this.text = text.startsWith('\uFEFF') ? text.slice(1) : text;
  }

  get place(): Place {
    return { line: this.line, column: this.at - this.lineStart + 1 };
  }

  /** The character here, or '' at the end. */
  peek(offset = 0): string {
    return this.text.charAt(this.at + offset);
  }

  take(): string {
    const character = this.text.charAt(this.at++);
    if (character === '\n') {
      this.line++;
      this.lineStart = this.at;
    }
    return character;
  }

  /** Takes characters as long as they are in the set. */
  skip(set: string): void {
    while (this.at < this.text.length && set.includes(this.peek())) this.take();
  }

  /** Takes characters up to one of the set, or to the end. */
  takeUntil(set: string): string {
    const begin = this.at;
    while (this.at < this.text.length && !set.includes(this.peek())) this.take();
    return this.text.slice(begin, this.at);
  }

  expect(character: string, inside: string): void {
    if (this.peek() !== character) {
      const found =
        this.peek() === '' ? 'the text ends' : `there is ${JSON.stringify(this.peek())}`;
      throw this.fault(`expected ${JSON.stringify(character)} ${inside}, but ${found}`);
    }
    this.take();
  }

  fault(sentence: string, place: Place = this.place): SyntaxFault {
    return new SyntaxFault(sentence, place);
  }

  /** Runs `read` one level deeper. */
  nested<T>(read: () => T): T {
    if (++this.depth > MAX_DEPTH) throw this.fault(`nested more than ${MAX_DEPTH} deep`);
    const result = read();
    this.depth--;
    return result;
  }

  /** A string in double quotes; the cursor stands on the first. */
  string(): string {
    const place = this.place;
    this.take();
    let value = '';
    for (;;) {
      value += this.takeUntil('"\\');
      const character = this.take();
      if (character === '"') return value;
      if (character === '') throw this.fault('this string has no end', place);
      value += this.escape();
    }
  }

  /** A number from its text, or a fault at `place`. */
  number(text: string, place: Place): Node {
    const value = Number(text);
    if (text === '' || Number.isNaN(value)) throw this.fault(`${text} is not a number`, place);
    if (/^[-+]?\d+$/.test(text) && !Number.isSafeInteger(value)) {
      throw this.fault(`${text} is beyond 2^53 and would be rounded`, place);
    }
    return { kind: 'literal', value: value === 0 ? 0 : value, place };
  }

  /** Lets go of the text. */
  release(): void {
    this.text = '';
  }

  private escape(): string {
    const place = this.place;
    const character = this.take();
    if (character === 'u') {
      const digits = this.text.slice(this.at, this.at + 4);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.fault('\\u wants four hex digits', place);
      this.at += 4;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const value = ESCAPES[character];
    if (value === undefined) throw this.fault(`\\${character} is no escape`, place);
    return value;
  }
}
