/**
 * From bytes to Redis commands: arrays of bulk strings, or inline lines. Every length is held against the limits when it is read, before anything
 * is allocated or waited for. Kept: however the bytes are cut into pieces, the commands are the same; no byte is looked at again because of a cut;
 * after a flaw nothing more comes out, since nobody knows where the next command begins.
 */
import { HeldBytes } from '../held-bytes.ts';
import { wordsOf } from './words.ts';

/** A command's name and what follows it. Never empty. */
export type Arguments = readonly Buffer[];

export type Parsed =
  | { readonly at: 'command'; readonly command: Arguments }
  | { readonly at: 'more' }
  | { readonly at: 'flaw'; readonly sentence: string };

export interface RequestLimits {
  /** Of one command with everything around it. */
  readonly maxRequestBytes: number;
  readonly maxArguments: number;
}

/** Of a line that only says a number. */
const MAX_NUMBER_LINE = 32;
export const MAX_INLINE_BYTES = 64 * 1024;
const ASTERISK = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const MORE: Parsed = { at: 'more' };

export class RequestParser {
  readonly #limits: RequestLimits;
  readonly #held = new HeldBytes();
  /** Within what is held, which begins with the command under way: looked at up to here. */
  #at = 0;
  /** Arguments still to come; 0: between commands. */
  #missing = 0;
  /** The length of the argument that is under way; -1: its length is to come. */
  #awaited = -1;
  /** Where the arguments that are here begin and end. */
  #spans: number[] = [];
  #flaw: Parsed | null = null;

  constructor(limits: RequestLimits) {
    this.#limits = limits;
  }

  /** Bytes that wait, those of an unfinished command included. */
  get length(): number {
    return this.#held.length;
  }

  append(bytes: Uint8Array): void {
    if (this.#flaw === null) this.#held.append(bytes);
  }

  next(): Parsed {
    if (this.#flaw !== null) return this.#flaw;
    for (;;) {
      const view = this.#held.view;
      if (view.length === 0) return MORE;
      if (this.#missing === 0) {
        const parsed = view[0] === ASTERISK ? this.#header(view) : this.#inline(view);
        if (parsed !== null) return parsed;
      } else {
        const parsed = this.#argument(view);
        if (parsed !== null) return parsed;
      }
    }
  }

  /** Null: go on. */
  #header(view: Buffer): Parsed | null {
    const count = this.#number(view, 1, 'mbulk count string', 'invalid multibulk length');
    if (typeof count !== 'number') return count;
    if (count > this.#limits.maxArguments) return this.#refuse('invalid multibulk length');
    if (count <= 0) this.#forget();
    else this.#missing = count;
    return null;
  }

  #argument(view: Buffer): Parsed | null {
    if (this.#awaited < 0) {
      const mark = view[this.#at];
      if (mark === undefined) return MORE;
      if (mark !== DOLLAR) {
        const shown = mark >= 0x20 && mark < 0x7f ? String.fromCharCode(mark) : '?';
        return this.#refuse(`expected '$', got '${shown}'`);
      }
      const { maxRequestBytes } = this.#limits;
      const length = this.#number(view, this.#at + 1, 'bulk count string', 'invalid bulk length');
      if (typeof length !== 'number') return length;
      if (length < 0 || length > maxRequestBytes) return this.#refuse('invalid bulk length');
      if (this.#at + length + 2 > maxRequestBytes) {
        return this.#refuse(`a request has at most ${maxRequestBytes} bytes`);
      }
      this.#awaited = length;
    }
    const end = this.#at + this.#awaited;
    if (view.length < end + 2) return MORE;
    if (view[end] !== CR || view[end + 1] !== LF) {
      return this.#refuse('expected CRLF behind a bulk string');
    }
    this.#spans.push(this.#at, end);
    this.#at = end + 2;
    this.#awaited = -1;
    this.#missing -= 1;
    return this.#missing === 0 ? this.#command(view) : null;
  }

  #command(view: Buffer): Parsed {
    const command: Buffer[] = [];
    for (let i = 0; i < this.#spans.length; i += 2) {
      // A copy: what is held moves when more is appended.
      command.push(Buffer.from(view.subarray(this.#spans[i]!, this.#spans[i + 1]!)));
    }
    this.#forget();
    return { at: 'command', command };
  }

  #inline(view: Buffer): Parsed | null {
    const end = view.indexOf(LF, this.#at);
    const length = end < 0 ? view.length : end;
    if (length > MAX_INLINE_BYTES) return this.#refuse('too big inline request');
    if (end < 0) {
      this.#at = view.length;
      return MORE;
    }
    const command = wordsOf(view.subarray(0, view[end - 1] === CR ? end - 1 : end));
    if (command === null) return this.#refuse('unbalanced quotes in request');
    this.#at = end + 1;
    this.#forget();
    return command.length === 0 ? null : { at: 'command', command };
  }

  /** The number of a line whose digits begin at `from`; steps over the line. */
  #number(view: Buffer, from: number, what: string, flaw: string): number | Parsed {
    const end = view.subarray(from, from + MAX_NUMBER_LINE).indexOf(CR);
    if (end < 0)
      return view.length - from < MAX_NUMBER_LINE ? MORE : this.#refuse(`too big ${what}`);
    if (from + end + 1 >= view.length) return MORE;
    const digits = view.toString('latin1', from, from + end);
    if (view[from + end + 1] !== LF || !/^-?\d{1,10}$/.test(digits)) return this.#refuse(flaw);
    this.#at = from + end + 2;
    return Number(digits);
  }

  #forget(): void {
    this.#held.drop(this.#at);
    this.#at = 0;
    this.#missing = 0;
    this.#spans = [];
  }

  #refuse(sentence: string): Parsed {
    this.#flaw = { at: 'flaw', sentence: `Protocol error: ${sentence}` };
    this.#held.drop(this.#held.length);
    return this.#flaw;
  }
}
