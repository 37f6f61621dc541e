/**
 * Malformed input kills nothing: pipelines of commands, broken at random, each on a connection of its own. 500 of them here; RESP_FUZZ=100000
 * makes them more. Each connection must be answered and ended in time, and afterwards the member serves, has what it had and holds no connection.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { get, put } from '@seedraft/kv';
import { expandSeed, Stream } from '@seedraft/sim';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../packages/api/src/resp/table.ts';
import { ApiCluster, type ApiMember } from './api-cluster.ts';
import { CommandDraws } from './redis-commands.ts';
import { type Argument, encoded, RedisPeer } from './redis-peer.ts';

const INPUTS = Number(process.env.RESP_FUZZ ?? 500);
const LANES = 8;
const NAMES = Object.keys(COMMANDS);
const MARKS = [
  '*',
  '$',
  '\r',
  '\n',
  '\r\n',
  '-1',
  '0',
  '99999999999',
  '*0\r\n',
  '$-1\r\n',
  '"',
  '\0',
  'é',
];

function drawInput(stream: Stream): Buffer {
  const draws = new CommandDraws(stream);
  const pieces: Buffer[] = [];
  for (let left = 1 + stream.below(8); left > 0; left--) pieces.push(encoded(drawCommand(draws)));
  let bytes: Buffer = Buffer.concat(pieces);
  for (let left = stream.below(5); left > 0; left--) bytes = broken(bytes, draws);
  return bytes;
}

/** Any command, with arguments that are mostly not its own. */
function drawCommand(draws: CommandDraws): readonly Argument[] {
  const { args } = draws.next();
  return draws.below(3) === 0 ? args : [draws.pick(NAMES), ...args.slice(draws.below(2))];
}

function broken(bytes: Buffer, draws: CommandDraws): Buffer {
  const at = draws.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + draws.below(10));
  const [before, cut, after] = [
    bytes.subarray(0, at),
    bytes.subarray(at, end),
    bytes.subarray(end),
  ];
  switch (draws.below(5)) {
    case 0:
      return before;
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([before, cut, cut, after]);
    case 3:
      return Buffer.concat([before, Buffer.from(cut.map(() => draws.below(256))), after]);
    default:
      return Buffer.concat([before, Buffer.from(draws.pick(MARKS)), after]);
  }
}

/** Sends it, says that this was all, and waits for the end. */
async function exchange({ host, port }: ApiMember, input: Buffer): Promise<void> {
  const socket = connect({ host, port });
  socket.on('error', () => {});
  socket.resume();
  socket.end(input);
  const [hadError] = (await once(socket, 'close', { signal: AbortSignal.timeout(8000) })) as [
    boolean,
  ];
  expect(hadError).toBe(false);
}

test('broken input kills nothing and leaves nothing behind', async () => {
  const cluster = await ApiCluster.start('redis', 1);
  const member = await cluster.leader();
  const calm = await RedisPeer.connect(member);
  // In no database that Redis's clients reach.
  await member.door.ask({ type: 'Command', command: put('elsewhere', 'kept', 'as it was') });
  const root = expandSeed('fuzz');
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < INPUTS) await exchange(member, drawInput(new Stream(root, 2, next++, 0)));
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  expect(await calm.ask('PING')).toBe('+PONG\r\n');
  await cluster.nodes.until('every connection is gone', async () =>
    (await calm.ask('INFO', 'clients')).includes('connected_clients:1\r'),
  );
  expect(await calm.ask('SET', 'k', 'served')).toBe('+OK\r\n');
  const query = get('elsewhere', 'kept');
  expect(await member.door.ask({ type: 'Query', mode: 'linearizable', query })).toMatchObject({
    value: { item: { value: 'as it was' } },
  });
  calm.end();
  await cluster.stop();
}, 3_600_000);
