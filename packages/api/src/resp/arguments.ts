/** Arguments as numbers and words, refused in Redis's own sentences. */
import { Failure } from './reply.ts';
import type { Arguments } from './request-parser.ts';

const LEAST = -0x8000_0000_0000_0000n;
const MOST = 0x7fff_ffff_ffff_ffffn;
const DECIMAL = /^(?:0|-?[1-9][0-9]{0,18})$/;

export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
export const SYNTAX = 'ERR syntax error';

export function failure(text: string): Failure {
  return new Failure(text);
}

export function arityFailure(name: string): Failure {
  return new Failure(`ERR wrong number of arguments for '${name}' command`);
}

/** As an error repeats what it does not know: no longer than so many bytes, each a character, and no further than a zero. */
export function shown(argument: Buffer, most = 128): string {
  const text = argument.toString('latin1', 0, Math.max(0, most));
  const zero = text.indexOf('\0');
  return zero < 0 ? text : text.slice(0, zero);
}

/** In capitals, as options are compared. */
export function wordOf(argument: Buffer | undefined): string {
  return argument === undefined ? '' : argument.toString('latin1').toUpperCase();
}

/** Of 64 bits. */
export function integerOf(argument: Buffer | undefined, sentence = NOT_AN_INTEGER): bigint {
  const text = argument?.toString('latin1', 0, 21) ?? '';
  const integer = DECIMAL.test(text) ? BigInt(text) : null;
  if (integer === null || integer < LEAST || integer > MOST) throw new Failure(sentence);
  return integer;
}

/** Within these bounds, which are safe integers. */
export function numberOf(
  argument: Buffer | undefined,
  least: number,
  most: number,
  sentence = NOT_AN_INTEGER,
): number {
  const number = Number(integerOf(argument, sentence));
  if (number < least || number > most) throw new Failure(sentence);
  return number;
}

/** Options that stand behind the arguments `from`: names, each with as many operands as it takes. */
export function optionsOf(
  args: Arguments,
  from: number,
  known: Readonly<Record<string, 0 | 1>>,
): ReadonlyMap<string, Buffer | null> {
  const options = new Map<string, Buffer | null>();
  for (let at = from; at < args.length; at++) {
    const name = wordOf(args[at]);
    const operands = Object.hasOwn(known, name) ? known[name]! : null;
    const operand = args[at + 1];
    if (operands === null || (operands === 1 && operand === undefined)) throw failure(SYNTAX);
    options.set(name, operands === 1 ? operand! : null);
    at += operands;
  }
  return options;
}
