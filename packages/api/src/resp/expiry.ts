/**
 * Deadlines as Redis's options and commands name them, as what is left from now, ms. Here keys live by cluster time, which knows no dates: a date
 * is turned into what is left by this member's clock when the command arrives.
 */
import { failure, integerOf } from './arguments.ts';

/** So far off that adding it to any cluster time is exact. */
const FARTHEST = 2n ** 52n;

export type ExpiryUnit = 'EX' | 'PX' | 'EXAT' | 'PXAT';
export const EXPIRY_UNITS: readonly ExpiryUnit[] = ['EX', 'PX', 'EXAT', 'PXAT'];

/** May be 0 or less: the moment is past. */
export function timeLeft(argument: Buffer | undefined, unit: ExpiryUnit, command: string): number {
  const given = integerOf(argument);
  const ms = unit === 'EX' || unit === 'EXAT' ? given * 1000n : given;
  if (ms > FARTHEST || ms < -FARTHEST) throw invalidExpiry(command);
  return Number(ms) - (unit === 'EXAT' || unit === 'PXAT' ? Date.now() : 0);
}

/** As the options of SET take it: nothing that is 0 or less, but a date that is past is one. */
export function optionTime(argument: Buffer, unit: ExpiryUnit, command: string): number {
  if (integerOf(argument) <= 0n) throw invalidExpiry(command);
  return Math.max(1, timeLeft(argument, unit, command));
}

function invalidExpiry(command: string): Error {
  return failure(`ERR invalid expire time in '${command}' command`);
}
