/** Random commands for a Redis server: the same for the same seed. */
import type { Stream } from '@seedraft/sim';
import type { Argument } from './redis-peer.ts';

/** What two servers may answer differently, and within which bounds it is the same. */
export type Sameness = 'bytes' | 'seconds' | 'any order';

export interface DrawnCommand {
  readonly args: readonly Argument[];
  readonly sameness: Sameness;
}

const KEYS = ['a', 'b', 'c', 'é', Buffer.from([0xff, 0x00])];
const VALUES = [
  ...['', '0', '7', '-3', '007', ' 5', 'text', 'é', '1.5', 'x'.repeat(200)],
  ...['9223372036854775807', '-9223372036854775808', '9223372036854775808'],
  Buffer.from([0xff, 0x0d, 0x0a, 0x00]),
];
const PATTERNS = ['*', '?', '[a-c]', '[^a]', '\\a', 'a*', '', '*\\', 'h[12]', '??'];

/** Draws of one command. What is in it: the commands of both, right and wrong in every way that has words of its own. */
export class CommandDraws {
  readonly #stream: Stream;
  /** What the command drawn last wants to be followed by. */
  #following: DrawnCommand | null = null;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.#stream.below(from.length)]!;
  }

  below(n: number): number {
    return this.#stream.below(n);
  }

  next(): DrawnCommand {
    const following = this.#following;
    this.#following = null;
    if (following !== null) return following;
    const draw = this.#stream.below(100);
    if (draw < 8) return same(this.#transactional());
    if (draw < 12) return same(this.#wrong());
    if (draw < 20) return same(this.#sketch());
    if (draw < 24) return { args: [this.pick(['TTL', 'PTTL']), this.#key()], sameness: 'seconds' };
    if (draw < 27) return { args: ['KEYS', this.pick(PATTERNS)], sameness: 'any order' };
    if (draw < 45) return same(this.#keyspace());
    if (draw < 60) return same(this.#set());
    return same(this.#string());
  }

  /** Few enough that commands meet. */
  #key(): Argument {
    return this.pick(KEYS);
  }

  #value(): Argument {
    return this.pick(VALUES);
  }

  #string(): Argument[] {
    const key = this.#key();
    switch (this.#stream.below(14)) {
      case 0:
        return ['GETDEL', key];
      case 1:
        return ['GETSET', key, this.#value()];
      case 2:
        return ['SETNX', key, this.#value()];
      case 3:
        return [
          this.pick(['SETEX', 'PSETEX']),
          key,
          this.pick([100_000, 0, -1, 'x']),
          this.#value(),
        ];
      case 4:
        return ['APPEND', key, this.#value()];
      case 5:
        return ['STRLEN', key];
      case 6:
        return ['MGET', key, this.#key(), 'nothing'];
      case 7:
        return ['MSET', key, this.#value(), this.#key(), this.#value()];
      case 8:
        return [this.pick(['INCR', 'decr']), key];
      case 9:
      case 10:
        return [this.pick(['INCRBY', 'DECRBY']), key, this.#value()];
      default:
        return ['GET', key];
    }
  }

  #set(): Argument[] {
    const args: Argument[] = ['SET', this.#key(), this.#value()];
    const options: Argument[][] = [
      ['NX'],
      ['xx'],
      ['GET'],
      ['KEEPTTL'],
      ['EX', this.pick([100, 1000, 0, 'x', -5])],
      ['PX', this.pick([100_000, 0])],
      ['PXAT', 4_000_000_000_000],
      ['EX'],
      ['FLY'],
    ];
    for (let left = this.#stream.below(4); left > 0; left--) args.push(...this.pick(options));
    return args;
  }

  #keyspace(): Argument[] {
    const key = this.pick([...KEYS, 'h1']);
    switch (this.#stream.below(9)) {
      case 0:
        return [this.pick(['DEL', 'UNLINK']), key, this.#key()];
      case 1:
        return [this.pick(['EXISTS', 'TOUCH']), key, key, this.#key()];
      case 2:
        return ['EXPIRE', key, this.pick([100, 200, 'x'])];
      case 3:
        return [
          'PEXPIRE',
          key,
          this.pick([100_000, 200_000]),
          this.pick(['NX', 'XX', 'GT', 'LT', 'FLY']),
        ];
      case 4:
        return ['EXPIRE', key, this.pick([0, -1])];
      case 5:
        return ['PERSIST', key];
      case 6:
        return ['DBSIZE'];
      case 7:
        return ['SELECT', this.pick([0, 1, 1, 0, 16, -1, 'x'])];
      default:
        return this.#stream.below(8) === 0 ? ['FLUSHDB'] : ['TYPE', this.#key()];
    }
  }

  #sketch(): Argument[] {
    const key = this.pick(['h1', 'h2', 'text']);
    const elements = [this.#stream.below(30), this.#stream.below(30)];
    const all = [
      ['PFADD', key, ...elements],
      ['PFADD', key],
      ['PFCOUNT', key, 'h2'],
      ['PFMERGE', 'h2', key],
      // Of another kind, for the others; nothing else is asked of it.
      ['SET', 'text', 'abc'],
    ];
    return this.pick(all);
  }

  #transactional(): Argument[] {
    if (this.#stream.below(4) === 0) {
      // Watched while it is there: one that is absent, comes and goes is a listed difference.
      this.#following = same(['WATCH', 'w']);
      return ['SET', 'w', '0'];
    }
    const all = [['MULTI'], ['MULTI'], ['EXEC'], ['EXEC'], ['DISCARD'], ['UNWATCH'], ['INCR', 'w']];
    return this.pick(all);
  }

  #wrong(): Argument[] {
    const key = this.#key();
    const all: Argument[][] = [
      ['FLY', key, 'x'.repeat(100), 'y'.repeat(100)],
      ['fly\r\nhigh'],
      ['GET'],
      ['GET', key, key],
      ['MSET', key],
      ['SET', key],
      ['PING'],
      ['PING', key],
      ['PING', key, key],
      ['ECHO', this.#value()],
      ['EXPIRE', key],
    ];
    return this.pick(all);
  }
}

const same = (args: readonly Argument[]): DrawnCommand => ({ args, sameness: 'bytes' });
