/**
 * Where a JSON object ends in a stream without framing, and, as early as it can be told, that what comes is none. Strict about structure; what stands
 * between the marks (the digits of a number, the letters of `true`) is left to JSON.parse. Kept: a few words of state whatever arrives.
 */

/** Nesting beyond this is refused: the data model has no room for more. */
const MAX_DEPTH = 60;

type Expects =
  | 'start'
  | 'key or end'
  | 'key'
  | 'colon'
  | 'value'
  | 'value or end'
  | 'comma or end'
  | 'string'
  | 'escape'
  | 'literal';

export type Scanned =
  | { readonly at: 'end'; readonly end: number }
  | { readonly at: 'more' | 'flaw' };

const MORE: Scanned = { at: 'more' };
const FLAW: Scanned = { at: 'flaw' };
const code = (text: string): number => text.charCodeAt(0);
const QUOTE = code('"');
const BACKSLASH = code('\\');
const COMMA = code(',');
const COLON = code(':');
const OPEN = code('{');
const CLOSE = code('}');
const OPEN_LIST = code('[');
const CLOSE_LIST = code(']');

export class JsonScanner {
  #expects: Expects = 'start';
  #isKey = false;
  /** What is open, innermost last: true for an object. */
  readonly #open: boolean[] = [];

  /** Goes on from `bytes[from]`. After an end it stands before the next object. */
  scan(bytes: Uint8Array, from: number): Scanned {
    for (let at = from; at < bytes.length; at++) {
      if (!this.#take(bytes[at]!)) return FLAW;
      if (this.#expects === 'start' && bytes[at] === CLOSE) return { at: 'end', end: at + 1 };
    }
    return MORE;
  }

  get isBetween(): boolean {
    return this.#expects === 'start';
  }

  /** False: no JSON object goes on like this. */
  #take(byte: number): boolean {
    switch (this.#expects) {
      case 'string':
        if (byte === BACKSLASH) this.#expects = 'escape';
        else if (byte === QUOTE) this.#expects = this.#isKey ? 'colon' : 'comma or end';
        return byte >= 0x20;
      case 'escape':
        this.#expects = 'string';
        return true;
      case 'literal':
        if (isLiteral(byte)) return true;
        this.#expects = 'comma or end';
        break;
      default:
    }
    if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) return true;
    return this.#mark(byte);
  }

  #mark(byte: number): boolean {
    switch (this.#expects) {
      case 'start':
        return byte === OPEN && this.#begin(true);
      case 'key or end':
        return byte === CLOSE ? this.#end(true) : byte === QUOTE && this.#string(true);
      case 'key':
        return byte === QUOTE && this.#string(true);
      case 'colon':
        this.#expects = 'value';
        return byte === COLON;
      case 'value or end':
        return byte === CLOSE_LIST ? this.#end(false) : this.#value(byte);
      case 'value':
        return this.#value(byte);
      default:
        if (byte === COMMA) {
          this.#expects = this.#open.at(-1) === true ? 'key' : 'value';
          return true;
        }
        if (byte === CLOSE) return this.#end(true);
        return byte === CLOSE_LIST && this.#end(false);
    }
  }

  #value(byte: number): boolean {
    if (byte === QUOTE) return this.#string(false);
    if (byte === OPEN) return this.#begin(true);
    if (byte === OPEN_LIST) return this.#begin(false);
    this.#expects = 'literal';
    return isLiteral(byte);
  }

  #string(isKey: boolean): boolean {
    this.#isKey = isKey;
    this.#expects = 'string';
    return true;
  }

  #begin(isObject: boolean): boolean {
    this.#open.push(isObject);
    this.#expects = isObject ? 'key or end' : 'value or end';
    return this.#open.length <= MAX_DEPTH;
  }

  #end(isObject: boolean): boolean {
    if (this.#open.pop() !== isObject) return false;
    this.#expects = this.#open.length === 0 ? 'start' : 'comma or end';
    return true;
  }
}

/** Of a number, `true`, `false` or `null`. */
function isLiteral(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    byte === 0x45
  );
}
