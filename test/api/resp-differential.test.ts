/**
 * A real Redis beside us: the same random commands, in the same pipelines, must be answered alike, byte for byte; times to live within five
 * seconds, KEYS in any order. 1,000 of them here; RESP_COMMANDS=10000 makes them more. Listed differences are not drawn: sketches read as values.
 */
import { expandSeed, Stream } from '@seedraft/sim';
import { expect, onTestFinished, test } from 'vitest';
import { ApiCluster } from './api-cluster.ts';
import { CommandDraws, type DrawnCommand, type Sameness } from './redis-commands.ts';
import { RedisPeer } from './redis-peer.ts';
import { isMissing, startRedisServer } from './redis-programs.ts';

const COMMANDS = Number(process.env.RESP_COMMANDS ?? 1000);
const SEED = process.env.RESP_SEED ?? 'differential';

test.skipIf(isMissing('redis-server'))(
  'a real Redis answers alike',
  async () => {
    const server = await startRedisServer();
    onTestFinished(() => server.stop());
    const cluster = await ApiCluster.start('redis');
    onTestFinished(() => cluster.stop());
    const theirs = await RedisPeer.connect(server);
    const ours = await RedisPeer.connect(await cluster.follower());
    const draws = new CommandDraws(new Stream(expandSeed(SEED), 1, 0, 0));
    const drawn: DrawnCommand[] = [];
    const seen = new Set<string>();
    while (drawn.length < COMMANDS) {
      const together = Array.from({ length: 1 + draws.below(20) }, () => draws.next());
      const commands = together.map(({ args }) => args);
      const [expected, answered] = await Promise.all([
        theirs.pipeline(commands),
        ours.pipeline(commands),
      ]);
      for (const [at, command] of together.entries()) {
        drawn.push(command);
        seen.add(String(command.args[0]).toUpperCase());
        if (isAlike(expected[at]!, answered[at]!, samenessOf(command))) continue;
        const before = drawn
          .slice(-15)
          .map(({ args }) => args.map((one) => String(one).slice(0, 30)).join(' '));
        expect({ at: drawn.length, before, ours: answered[at] }).toEqual({
          at: drawn.length,
          before,
          ours: expected[at],
        });
      }
    }
    expect(seen.size).toBeGreaterThan(35);
    theirs.end();
    ours.end();
  },
  600_000,
);

/** A transaction's reply is a list of replies of any sameness. */
function samenessOf({ args, sameness }: DrawnCommand): Sameness | 'of each' {
  return args[0] === 'EXEC' ? 'of each' : sameness;
}

function isAlike(theirs: string, ours: string, sameness: Sameness | 'of each'): boolean {
  if (theirs === ours) return true;
  if (sameness === 'bytes') return false;
  const [expected, answered] = [linesOf(theirs), linesOf(ours)];
  return (
    expected.numbers.length === answered.numbers.length &&
    expected.numbers.every((number, at) => isNear(number, answered.numbers[at]!)) &&
    expected.others === answered.others
  );
}

/** Numbers in their order, the rest in any. */
function linesOf(reply: string): { readonly numbers: number[]; readonly others: string } {
  const lines = reply.split('\r\n');
  const numbers = lines.flatMap((line) => (/^:-?\d+$/.test(line) ? [Number(line.slice(1))] : []));
  return {
    numbers,
    others: lines
      .filter((line) => !line.startsWith(':'))
      .sort()
      .join('\r\n'),
  };
}

/** Seconds or milliseconds to live, of which some have passed. */
function isNear(theirs: number, ours: number): boolean {
  return Math.abs(theirs - ours) <= (theirs > 50_000 ? 5000 : theirs > 50 ? 5 : 0);
}
