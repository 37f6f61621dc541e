/** What of Redis's protocol is bytes alone: commands out of any pieces, keys as texts and back, patterns, replies. */
import { readFileSync } from 'node:fs';
import { isWellFormed } from '@seedraft/codec';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matches } from '../../packages/api/src/resp/glob.ts';
import { bytesOf, textOf } from '../../packages/api/src/resp/redis-key.ts';
import { NO_LIST, ReplyWriter } from '../../packages/api/src/resp/reply.ts';
import { type Parsed, RequestParser } from '../../packages/api/src/resp/request-parser.ts';
import { COMMANDS } from '../../packages/api/src/resp/table.ts';
import { wordsOf } from '../../packages/api/src/resp/words.ts';
import { encoded } from './redis-peer.ts';

const LIMITS = { maxRequestBytes: 4096, maxArguments: 100 };
const argument = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
const command = fc.array(argument, { minLength: 1, maxLength: 5 });
const line = fc.stringMatching(/^[a-z][a-z "']{0,20}\r?\n$/).map((text) => Buffer.from(text));
/** Well-formed commands, lines, and whatever else; some of it ends in a flaw. */
const stream = fc
  .array(fc.oneof(command.map(encoded), line, fc.uint8Array({ maxLength: 8 })), { maxLength: 12 })
  .map((pieces) => Buffer.concat(pieces));

function parsed(pieces: readonly Uint8Array[]): Parsed[] {
  const parser = new RequestParser(LIMITS);
  const all: Parsed[] = [];
  for (const piece of pieces) {
    parser.append(piece);
    for (let one = parser.next(); one.at !== 'more'; one = parser.next()) {
      all.push(one);
      if (one.at === 'flaw') return all;
    }
  }
  return all;
}

test('however the bytes are cut, the commands are the same, and so is where they stop making sense', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat({ max: 7 })), (bytes, cuts) => {
      const pieces: Buffer[] = [];
      let at = 0;
      for (const length of cuts) {
        pieces.push(bytes.subarray(at, at + length));
        at += length;
      }
      pieces.push(bytes.subarray(at));
      const whole = parsed([bytes]);
      expect(parsed(pieces)).toEqual(whole);
      expect(parsed(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole);
    }),
  );
});

test('what was encoded comes out as it was; byte by byte costs no more than a few looks at each', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 20 }), (commands) => {
      const bytes = Buffer.concat(commands.map(encoded));
      expect(parsed([bytes])).toEqual(commands.map((one) => ({ at: 'command', command: one })));
    }),
  );
  const large = { maxRequestBytes: 1024 * 1024, maxArguments: 100 };
  const parser = new RequestParser(large);
  const bytes = Buffer.concat([
    encoded(['SET', 'k', 'x'.repeat(300_000)]),
    Buffer.from('x'.repeat(60_000)),
  ]);
  let commands = 0;
  for (const byte of bytes) {
    parser.append(Uint8Array.of(byte));
    if (parser.next().at === 'command') commands++;
  }
  expect(commands).toBe(1);
});

test('words of a line: blanks, quotes, escapes', () => {
  const words = (text: string) => wordsOf(Buffer.from(text))?.map((one) => one.toString('latin1'));
  expect(words('  set  k\tv ')).toEqual(['set', 'k', 'v']);
  expect(words("\"a b\" 'c d' \"\\x41\\n\\q\" '\\'\\n'")).toEqual(['a b', 'c d', 'A\nq', "'\\n"]);
  expect(words('""')).toEqual(['']);
  for (const flaw of ['"', "a 'b", '"a"b', '"\\"']) expect(words(flaw)).toBeUndefined();
});

test('a key is any bytes, has a text of its own and comes back from it; UTF-8 is itself', () => {
  const nearly = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 6 }).map((text) => Buffer.from(text)),
    fc
      .constantFrom(
        'f48fbeff',
        'f48fbfbf',
        'edA080',
        'c0af',
        'efbfbd',
        'efbbbf41',
        'e282',
        'f48fbe80',
      )
      .map((hex) => Buffer.from(hex, 'hex')),
  );
  fc.assert(
    fc.property(fc.array(nearly, { maxLength: 5 }), (pieces) => {
      const bytes = Buffer.concat(pieces);
      const text = textOf(bytes);
      expect(isWellFormed(text)).toBe(true);
      expect(bytesOf(text).equals(bytes)).toBe(true);
    }),
    { numRuns: 500 },
  );
  for (const text of ['', 'plain', 'é😀\ufffd', '\ufeffmark'])
    expect(textOf(Buffer.from(text))).toBe(text);
});

/** The slow obvious twin: every way a star can go. */
function slow(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  const [mark] = pattern;
  if (mark === '*')
    return slow(pattern.slice(1), text) || (text !== '' && slow(pattern, text.slice(1)));
  if (text === '') return false;
  if (mark === '?') return slow(pattern.slice(1), text.slice(1));
  if (mark === '[') {
    const end = pattern.indexOf(']');
    const inside = pattern.slice(1, end);
    const isNegated = inside.startsWith('^');
    const members = isNegated ? inside.slice(1) : inside;
    return members.includes(text[0]!) !== isNegated && slow(pattern.slice(end + 1), text.slice(1));
  }
  const literal = mark === '\\' ? pattern[1]! : mark!;
  return text[0] === literal && slow(pattern.slice(mark === '\\' ? 2 : 1), text.slice(1));
}

test('patterns match as the slow twin says; a hostile one is no slower than pattern times text', () => {
  const piece = fc.constantFrom('*', '?', 'a', 'b', '[ab]', '[^a]', '\\*', '**');
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), text, (pieces, against) => {
      const pattern = pieces.join('');
      expect(matches(Buffer.from(pattern), Buffer.from(against))).toBe(slow(pattern, against));
    }),
    { numRuns: 1000 },
  );
  const is = (pattern: string, against: string) =>
    matches(Buffer.from(pattern), Buffer.from(against));
  expect([is('[a-c]', 'b'), is('[c-a]', 'b'), is('[a-c]', 'd'), is('[^a-c]', 'd')]).toEqual([
    true,
    true,
    false,
    true,
  ]);
  expect([is('[', ''), is('[a', 'a'), is('\\', '\\'), is('a\\', 'a\\')]).toEqual([
    false,
    true,
    true,
    true,
  ]);
  expect(is('*a'.repeat(50), 'a'.repeat(4000))).toBe(true);
  expect(is(`${'*a'.repeat(50)}b`, 'a'.repeat(4000))).toBe(false);
});

test('every command is in the README of this room', () => {
  const readme = readFileSync(new URL('../../packages/api/README.md', import.meta.url), 'utf8');
  const missing = Object.keys(COMMANDS).filter(
    (name) => !readme.includes(`\`${name.toUpperCase()}\``),
  );
  expect(missing).toEqual([]);
});

test('replies under both versions', () => {
  const reply = new Map([['k', [1, 'é', null, true, NO_LIST, new Uint8Array([0])] as const]]);
  const written = ([2, 3] as const).map((version) => {
    const writer = new ReplyWriter();
    writer.write(reply, version);
    return writer.take().toString();
  });
  expect(written).toEqual([
    '*2\r\n$1\r\nk\r\n*6\r\n:1\r\n$2\r\né\r\n$-1\r\n:1\r\n*-1\r\n$1\r\n\0\r\n',
    '%1\r\n$1\r\nk\r\n*6\r\n:1\r\n$2\r\né\r\n_\r\n#t\r\n_\r\n$1\r\n\0\r\n',
  ]);
});
