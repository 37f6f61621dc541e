/** Proves that histories survive JSON and EDN unchanged, that Jepsen's own spelling is understood, and that errors say where. */
import {
  canonical,
  type HistoryEvent,
  type HistoryFormat,
  parseHistory,
  parseOperations,
  plain,
  printHistory,
  readEdn,
} from '@seedraft/check';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const name = fc.oneof(
  fc.constantFrom('read', 'put', 'a-b?', 'x/y', '1st'),
  fc.string({ minLength: 1 }),
);
const number = fc.oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }));
const data = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    number.map((one) => (one === 0 || (Math.abs(one) >= 2 ** 53 && one % 1 === 0) ? 0 : one)),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;
const event: fc.Arbitrary<HistoryEvent> = fc.record(
  {
    process: fc.nat(),
    type: fc.constantFrom('invoke', 'ok', 'fail', 'info'),
    f: name,
    value: data,
    time: fc.maxSafeNat(),
    witness: fc.record({ index: fc.maxSafeNat(), read: fc.boolean() }),
  },
  { requiredKeys: ['process', 'type', 'f', 'value', 'time'] },
);
const formats: HistoryFormat[] = ['json', 'ndjson', 'edn', 'edn-lines'];

test.each(formats)('a history survives %s, and its format is recognised', (format) => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 5 }), (events) => {
      const text = printHistory(events, format);
      for (const parsed of [parseHistory(text, format), parseHistory(text)]) {
        if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
        expect(parsed.events.map(canonical)).toEqual(events.map(canonical));
      }
    }),
    { numRuns: 200, seed: 3 },
  );
});

test('what is printed as JSON is JSON', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 3 }), (events) => {
      expect(canonical(JSON.parse(printHistory(events, 'json')))).toBe(canonical(events));
    }),
    { numRuns: 100, seed: 4 },
  );
});

test("Jepsen's spelling: tags, nemesis, keywords, commas, comments, no time", () => {
  const text = `; a history
#jepsen.history.Op{:index 0, :process :nemesis, :type :info, :f :start, :value nil}
#jepsen.history.Op{:index 1, :time 5, :process 0, :type :invoke, :f :cas, :value [3 4]}
{:process 0 :type :info :f :cas :value :timed-out #_{:ignored true} :error [:indeterminate "x"]}
{:process 1 :type :invoke :f :read :value #{1}} {:process 1 :type :ok :f :read :value (1 2.5e1 \\a)}`;
  const parsed = parseHistory(text);
  expect(parsed).toMatchObject({
    ok: true,
    skipped: 1,
    events: [
      { process: 0, type: 'invoke', f: 'cas', value: [3, 4], time: 5 },
      { process: 0, type: 'info', f: 'cas', value: 'timed-out', time: 1 },
      { process: 1, type: 'invoke', f: 'read', value: [1], time: 2 },
      { process: 1, type: 'ok', f: 'read', value: [1, 25, 'a'], time: 3 },
    ],
    places: [{ line: 3, column: 19 }, { line: 4 }, { line: 5, column: 1 }, { line: 5, column: 49 }],
  });
});

test('the EDN reader keeps what only EDN has', () => {
  const read = readEdn('[:a/b sym "s\\u0041\\n" \\newline -7N ##Inf {[1] nil}]');
  if (!read.ok) throw new Error(read.sentence);
  const [vector] = read.nodes;
  expect(vector).toMatchObject({
    kind: 'vector',
    items: { 0: { kind: 'keyword', name: 'a/b' }, 1: { kind: 'symbol' } },
  });
  expect(plain(vector!)).toEqual(['a/b', 'sym', 'sA\n', '\n', -7, Infinity, { '[1]': null }]);
});

describe('errors name line and column', () => {
  const whole = '{"process":1,"type":"ok","f":"read"}';
  test.each([
    ['[{"process": 1,\n  "type" "ok"}]', 'SYNTAX', 2, 10, 'expected ":" after the name'],
    ['[1, 2', 'SYNTAX', 1, 6, 'expected "]" to end the array, but the text ends'],
    ['[{"a": 01}]', 'SYNTAX', 1, 8, 'expected a value, but there is "01"'],
    ['[{"a": 9007199254740993}]', 'SYNTAX', 1, 8, 'beyond 2^53'],
    ['[{"a": "x\\q"}]', 'SYNTAX', 1, 11, 'no escape'],
    [`${whole}\n3`, 'NOT_A_HISTORY', 2, 1, 'expected an event'],
    [`${whole}\n{"type":"ok","f":"read"}`, 'MISSING_FIELD', 2, 1, 'lacks process'],
    ['{"process":1.5,"type":"ok","f":"read"}', 'BAD_FIELD', 1, 12, 'must be an integer'],
    ['{"process":1,"type":"done","f":"read"}', 'UNKNOWN_TYPE', 1, 21, 'none of invoke'],
    [`${whole}`, 'COMPLETION_WITHOUT_INVOKE', 1, 1, 'no operation open'],
    ['{:process 1\n :type :ok :f "read', 'SYNTAX', 2, 15, 'no end'],
    ['{:process 1 :type}', 'SYNTAX', 1, 1, 'a key without a value'],
    ['[{:process 1}', 'SYNTAX', 1, 14, 'to end the collection'],
    ['{:process 1/2}', 'SYNTAX', 1, 11, 'not a number'],
    ['{:process 1 :value ]}', 'SYNTAX', 1, 20, 'expected a form'],
    [`${'['.repeat(300)}`, 'SYNTAX', 1, 201, 'nested more than'],
  ])('%s', (text, code, line, column, sentence) => {
    const parsed = parseOperations(text);
    expect(parsed).toMatchObject({ ok: false, errors: [{ code, line, column }] });
    if (!parsed.ok) expect(parsed.errors[0]!.sentence).toContain(sentence);
  });

  test('all bad events are reported, not only the first', () => {
    const parsed = parseHistory('{:process 1}\n{:process 2 :type :huh :f :read}');
    const codes = parsed.ok
      ? []
      : parsed.errors.map(({ code, line, position }) => [code, line, position]);
    expect(codes).toEqual([
      ['MISSING_FIELD', 1, 0],
      ['MISSING_FIELD', 1, 0],
      ['UNKNOWN_TYPE', 2, 1],
    ]);
  });

  test('no text makes the reader throw', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '(',
      ':a',
      '"',
      '\\',
      '#',
      '#_',
      '1',
      'nil',
      ',',
      ';',
      '\n',
      '-',
      ':',
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        for (const format of formats) parseOperations(pieces.join(''), format);
      }),
      { numRuns: 500, seed: 5 },
    );
  });
});
