/** Which JSON is refused: exactly what would come back as something else. */
import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson, parseJsonBytes } from '../../packages/api/src/json-value.ts';

test('every double that JSON.stringify writes is kept, wherever it stands', () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
  const double = fc.oneof(
    finite,
    fc.maxSafeInteger(),
    fc.bigInt(-(2n ** 70n), 2n ** 70n).map(Number),
  );
  fc.assert(
    fc.property(fc.array(double), fc.string(), (numbers, text) => {
      const written = JSON.stringify({ [text]: [text, ...numbers] });
      expect(parseJson(written)).toEqual({ ok: true, value: JSON.parse(written) });
    }),
  );
});

test('an integer is kept if it comes back as it was written, and otherwise refused', () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 70n), 2n ** 70n), (integer) => {
      const isKept = JSON.stringify(Number(integer)) === `${integer}`;
      expect(parseJson(`[0.5,${integer}]`).ok).toBe(isKept);
      expect(parseJson(`["\\"",${integer}]`).ok).toBe(isKept);
      expect(parseJson(JSON.stringify([`${integer}`])).ok).toBe(true);
    }),
  );
});

test.each(['1e400', '-1E+400', `1${'0'.repeat(400)}`, '9007199254740993'])(
  '%s is refused',
  (text) => {
    expect(parseJson(text)).toMatchObject({ ok: false, code: 'BAD_VALUE' });
  },
);

test('bytes are taken if they are UTF-8', () => {
  fc.assert(
    fc.property(fc.uint8Array({ min: 0x20, maxLength: 6 }), (bytes) => {
      const inside = bytes.filter((byte) => byte !== 0x22 && byte !== 0x5c);
      const whole = Buffer.concat([Buffer.from('"'), inside, Buffer.from('"')]);
      const parsed = parseJsonBytes(whole);
      expect(parsed.ok).toBe(isUtf8(whole));
      if (parsed.ok) expect(Buffer.from(parsed.value as string)).toEqual(Buffer.from(inside));
      else expect(parsed.code).toBe('BAD_REQUEST');
    }),
  );
});
