/** Redis's protocol over real sockets against three real members: replies byte for byte, pipelines, transactions, versions, and what strangers send. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { put } from '@seedraft/kv';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ApiCluster } from './api-cluster.ts';
import { type Argument, bulk, encoded, RedisPeer } from './redis-peer.ts';

let cluster: ApiCluster;
let peer: RedisPeer;

beforeAll(async () => {
  cluster = await ApiCluster.start('redis', 3, { limits: { maxRequestBytes: 256 * 1024 } });
  peer = await RedisPeer.connect(await cluster.follower());
});
afterAll(async () => {
  peer.end();
  await cluster.stop();
});

const NIL = '$-1\r\n';
const OK = '+OK\r\n';
const WRONGTYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n';

/** Each command with its reply, one after the other, at a member that does not lead. */
async function expectAll(lines: readonly (readonly [readonly Argument[], string | RegExp])[]) {
  for (const [command, reply] of lines) {
    const answered = await peer.ask(...command);
    if (typeof reply === 'string') expect([command, answered]).toEqual([command, reply]);
    else expect(answered).toMatch(reply);
  }
}

test('plain values: the golden replies, at a member that does not lead', async () => {
  await expectAll([
    [['PING'], '+PONG\r\n'],
    [['PING', 'hello'], bulk('hello')],
    [['GET', 'colour'], NIL],
    [['SET', 'colour', 'blue'], OK],
    [['get', 'colour'], bulk('blue')],
    [['SET', 'colour', 'red', 'NX'], NIL],
    [['SET', 'colour', 'red', 'XX', 'GET'], bulk('blue')],
    [['GETSET', 'colour', 'green'], bulk('red')],
    [['STRLEN', 'colour'], ':5\r\n'],
    [['APPEND', 'colour', 'ish'], ':8\r\n'],
    [['GETDEL', 'colour'], bulk('greenish')],
    [['EXISTS', 'colour'], ':0\r\n'],
    [['MSET', 'a', '1', 'b', '2'], OK],
    [['MGET', 'a', 'nothing', 'b'], `*3\r\n${bulk('1')}${NIL}${bulk('2')}`],
    [['INCR', 'a'], ':2\r\n'],
    [['DECRBY', 'a', '5'], ':-3\r\n'],
    [['INCRBY', 'new', '9223372036854775807'], ':9223372036854775807\r\n'],
    [['INCR', 'new'], '-ERR increment or decrement would overflow\r\n'],
    [['DEL', 'a', 'b', 'b', 'new', 'nothing'], ':3\r\n'],
    [['TYPE', 'a'], '+none\r\n'],
  ]);
});

test('deadlines: what is left is counted down though nobody writes, and keys go', async () => {
  await expectAll([
    [['SET', 'short', 'v', 'EX', '100'], OK],
    [['TTL', 'short'], ':100\r\n'],
    [['PTTL', 'short'], /^:(99\d\d\d|100000)\r\n$/],
    [['PERSIST', 'short'], ':1\r\n'],
    [['PERSIST', 'short'], ':0\r\n'],
    [['TTL', 'short'], ':-1\r\n'],
    [['PEXPIRE', 'short', '60', 'GT'], ':0\r\n'],
    [['PEXPIRE', 'short', '60'], ':1\r\n'],
  ]);
  await cluster.nodes.until(
    'it went',
    async () => (await peer.ask('EXISTS', 'short')) === ':0\r\n',
  );
  await expectAll([
    [['TTL', 'short'], ':-2\r\n'],
    [['SET', 'k', 'v', 'PX', '0'], "-ERR invalid expire time in 'set' command\r\n"],
    [['EXPIRE', 'nothing', '5'], ':0\r\n'],
    [['SET', 'k', 'v'], OK],
    [['EXPIRE', 'k', '-1'], ':1\r\n'],
    [['EXISTS', 'k'], ':0\r\n'],
  ]);
});

test('errors in the words that clients know', async () => {
  await peer.ask('SET', 'text', 'abc');
  await expectAll([
    [
      ['FLY', 'to', 'Rome'],
      "-ERR unknown command 'FLY', with args beginning with: 'to' 'Rome' \r\n",
    ],
    [['GET'], "-ERR wrong number of arguments for 'get' command\r\n"],
    [['SET', 'k', 'v', 'EX', '1', 'PX', '1'], '-ERR syntax error\r\n'],
    [['INCR', 'text'], '-ERR value is not an integer or out of range\r\n'],
    [['EXEC'], '-ERR EXEC without MULTI\r\n'],
    [['SELECT', '16'], '-ERR DB index is out of range\r\n'],
    [['PFADD', 'text', 'x'], '-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n'],
    [['GET', 'x'.repeat(5000)], '-ERR a key has at most 4096 characters\r\n'],
    [['CLIENT', 'FLY'], "-ERR unknown subcommand 'FLY'. Try CLIENT HELP.\r\n"],
  ]);
});

test('sketches, of Redis and of its Bloom module, and no command of another kind touches them', async () => {
  await expectAll([
    [['PFADD', 'h', 'a', 'b', 'c'], ':1\r\n'],
    [['PFADD', 'h', 'a'], ':0\r\n'],
    [['PFCOUNT', 'h', 'nothing'], ':3\r\n'],
    [['PFMERGE', 'h2', 'h'], OK],
    [['PFCOUNT', 'h2'], ':3\r\n'],
    [['GETDEL', 'h'], WRONGTYPE],
    [['GET', 'h'], WRONGTYPE],
    [['TYPE', 'h'], '+hyperloglog\r\n'],
    [['BF.RESERVE', 'f', '0.01', '100', 'NONSCALING'], OK],
    [['BF.RESERVE', 'f', '0.01', '100'], '-ERR item exists\r\n'],
    [['BF.ADD', 'f', 'x'], ':1\r\n'],
    [['BF.ADD', 'f', 'x'], ':0\r\n'],
    [['BF.MEXISTS', 'f', 'x', 'y'], '*2\r\n:1\r\n:0\r\n'],
    [['BF.INFO', 'f', 'ITEMS'], '*1\r\n:1\r\n'],
    [['BF.INFO', 'nothing'], '-ERR not found\r\n'],
    [['SET', 'h', 'plain'], OK],
    [['DEL', 'h', 'h2', 'f'], ':3\r\n'],
  ]);
});

test('databases are namespaces; database 0 is the one that other protocols use', async () => {
  const member = await cluster.leader();
  await member.door.ask({ type: 'Command', command: put('default', 'from', { json: [1] }) });
  await expectAll([
    [['GET', 'from'], bulk('{"json":[1]}')],
    [['SELECT', '3'], OK],
    [['GET', 'from'], NIL],
    [['SET', 'only', 'three'], OK],
    [['DBSIZE'], ':1\r\n'],
    [['KEYS', 'o[m-o]l*'], `*1\r\n${bulk('only')}`],
    [['INFO', 'keyspace'], /db3:keys=1,/],
    [['FLUSHDB'], OK],
    [['DBSIZE'], ':0\r\n'],
    [['SELECT', '0'], OK],
    [['EXISTS', 'from'], ':1\r\n'],
  ]);
});

test('a scan gives every key once; keys and values are any bytes', async () => {
  await peer.ask('SELECT', '4');
  const odd = [Buffer.from([0xff, 0, 0x0d, 0x0a]), Buffer.from([0xc3]), Buffer.from('é😀')];
  for (const key of odd) expect(await peer.ask('SET', key, key)).toBe(OK);
  await peer.pipeline(Array.from({ length: 100 }, (_, n) => ['SET', `k${n}`, n]));
  const found: string[] = [];
  let cursor = '0';
  do {
    const reply = await peer.ask('SCAN', cursor, 'COUNT', '7');
    const [, next, rest] = /^\*2\r\n\$\d+\r\n(\d+)\r\n\*\d+\r\n(.*)$/s.exec(reply)!;
    cursor = next!;
    found.push(...rest!.split(/\$\d+\r\n/).filter((one) => one !== ''));
  } while (cursor !== '0');
  const expected = odd.map((key) => `${key.toString('latin1')}\r\n`);
  for (let n = 0; n < 100; n++) expected.push(`k${n}\r\n`);
  expect(found.sort()).toEqual(expected.sort());
  for (const key of odd) {
    expect(await peer.ask('GET', key)).toBe(`$${key.length}\r\n${key.toString('latin1')}\r\n`);
  }
  await peer.ask('SELECT', '0');
});

test('a pipeline is answered in order, whatever stands in it, and is one entry from its first write to its last', async () => {
  const before = (await cluster.leader()).node.status().lastIndex;
  const commands: Argument[][] = [];
  for (let n = 0; n < 100; n++) commands.push(['GET', 'n'], ['INCR', 'n'], ['PING', n], ['FLY']);
  const replies = await peer.pipeline(commands);
  for (let n = 0; n < 100; n++) {
    expect(replies.slice(4 * n, 4 * n + 3)).toEqual([
      n === 0 ? NIL : bulk(String(n)),
      `:${n + 1}\r\n`,
      bulk(String(n)),
    ]);
  }
  expect((await cluster.leader()).node.status().lastIndex - before).toBeLessThan(20);
  await peer.ask('DEL', 'n');
});

test('a transaction is one entry: all of it or nothing, and nothing when what was watched has changed', async () => {
  const other = await RedisPeer.connect(await cluster.leader());
  await peer.ask('SET', 'text', 'abc');
  const [, ...queued] = await peer.pipeline([
    ['MULTI'],
    ['SET', 't', '1'],
    ['INCR', 'text'],
    ['INCR', 't'],
    ['GET', 't'],
    ['EXEC'],
  ]);
  expect(queued).toEqual([
    ...new Array(4).fill('+QUEUED\r\n'),
    `*4\r\n${OK}-ERR value is not an integer or out of range\r\n:2\r\n${bulk('2')}`,
  ]);
  await expectAll([
    [['WATCH', 't', 'absent'], OK],
    [['MULTI'], OK],
    [['SET', 't', 'mine'], '+QUEUED\r\n'],
  ]);
  expect(await other.ask('SET', 'absent', 'no more')).toBe(OK);
  await expectAll([
    [['EXEC'], '*-1\r\n'],
    [['GET', 't'], bulk('2')],
    [['WATCH', 't'], OK],
    [['MULTI'], OK],
    [['SET', 't', 'mine'], '+QUEUED\r\n'],
    [['EXEC'], `*1\r\n${OK}`],
    [['MULTI'], OK],
    [['FLY'], /^-ERR unknown command/],
    [['EXEC'], '-EXECABORT Transaction discarded because of previous errors.\r\n'],
    [['MULTI'], OK],
    [['SET', 't', 'never'], '+QUEUED\r\n'],
    [['DISCARD'], OK],
    [['GET', 't'], bulk('mine')],
  ]);
  // The watch and what it guards in one write: the watch is there before the rest is looked at.
  const together = await peer.pipeline([
    ['WATCH', 't'],
    ['MULTI'],
    ['SELECT', '5'],
    ['SET', 't', 'five'],
    ['SELECT', '0'],
    ['EXEC'],
    ['GET', 't'],
  ]);
  expect(together.slice(-2)).toEqual([`*3\r\n${OK}${OK}${OK}`, bulk('mine')]);
  // What is not carried out sets nothing.
  const [, , , aborted, where] = await (async () => {
    await peer.ask('WATCH', 't');
    await other.ask('SET', 't', 'theirs');
    return peer.pipeline([['MULTI'], ['SELECT', '5'], ['GET', 't'], ['EXEC'], ['GET', 't']]);
  })();
  expect([aborted, where]).toEqual(['*-1\r\n', bulk('theirs')]);
  other.end();
});

test('two who count under a watch never lose an increment', async () => {
  await peer.ask('SET', 'count', '0');
  const count = async (): Promise<number> => {
    const own = await RedisPeer.connect(await cluster.follower());
    let tries = 0;
    for (let n = 0; n < 10; ) {
      await own.ask('WATCH', 'count');
      const seen = Number(/\r\n(\d+)/.exec(await own.ask('GET', 'count'))![1]);
      const replies = await own.pipeline([['MULTI'], ['SET', 'count', seen + 1], ['EXEC']]);
      tries++;
      if (replies[2] !== '*-1\r\n') n++;
    }
    own.end();
    return tries;
  };
  await Promise.all([count(), count(), count()]);
  expect(await peer.ask('GET', 'count')).toBe(bulk('30'));
});

test('RESP3 by HELLO 3, from its reply on', async () => {
  const modern = await RedisPeer.connect(await cluster.leader());
  expect(await modern.ask('HELLO', '4')).toBe('-NOPROTO unsupported protocol version\r\n');
  expect(await modern.ask('HELLO', '3', 'SETNAME', 'me')).toMatch(/^%7\r\n\$6\r\nserver\r\n/);
  expect(await modern.ask('CLIENT', 'GETNAME')).toBe(bulk('me'));
  expect(await modern.ask('GET', 'nothing')).toBe('_\r\n');
  expect(await modern.ask('BF.EXISTS', 'nothing', 'x')).toBe('#f\r\n');
  expect(await modern.ask('INFO', 'server')).toMatch(/^=\d+\r\ntxt:# Server\r\nredis_version:/);
  expect(await modern.ask('CONFIG', 'GET', 'save')).toBe(`%1\r\n${bulk('save')}${bulk('')}`);
  expect(await modern.ask('RESET')).toBe('+RESET\r\n');
  expect(await modern.ask('GET', 'nothing')).toBe(NIL);
  expect(await modern.ask('QUIT')).toBe(OK);
  expect(await modern.reply()).toBe('closed');
});

const begins = (text: string) => Buffer.from(text);
test.each([
  ['too many arguments', begins('*100000\r\n'), 'invalid multibulk length'],
  ['a count that is none', begins('*x\r\n'), 'invalid multibulk length'],
  ['a count without end', begins(`*${'1'.repeat(40)}`), 'too big mbulk count string'],
  ['no bulk string', begins('*1\r\n:5\r\n'), "expected '$', got ':'"],
  ['a bulk string that is too long', begins('*1\r\n$999999999\r\n'), 'invalid bulk length'],
  ['a negative length', begins('*1\r\n$-1\r\n'), 'invalid bulk length'],
  ['more behind a bulk string', begins('*1\r\n$4\r\nPINGPONG\r\n'), 'expected CRLF'],
  [
    'a request of many large pieces',
    encoded(['MSET', ...new Array(9).fill('x'.repeat(40_000))]),
    'a request has at most 262144 bytes',
  ],
  ['a line without end', begins('x'.repeat(70_000)), 'too big inline request'],
  ['a quote that nobody closes', begins('SET k "v\r\n'), 'unbalanced quotes in request'],
])('%s: a protocol error, then the end', async (_, bytes, sentence) => {
  const stranger = await RedisPeer.connect(await cluster.leader());
  stranger.socket.write(encoded(['PING']));
  stranger.socket.write(bytes);
  expect(await stranger.reply()).toBe('+PONG\r\n');
  expect(await stranger.reply()).toContain(`-ERR Protocol error: ${sentence}`);
  expect(await stranger.reply()).toBe('closed');
});

test('lines typed by hand are served, and who sends no more is answered first', async () => {
  const { host, port } = await cluster.leader();
  const socket = connect(port, host);
  socket.end('\r\nSET typed "by \\x68and"\nGET typed\r\n');
  let whole = '';
  socket.on('data', (part) => {
    whole += part;
  });
  await once(socket, 'close');
  expect(whole).toBe(`${OK}${bulk('by hand')}`);
});

test('a client that takes nothing is held to a bound and cut off; others are served meanwhile, and nothing more is done for it', async () => {
  const slow = await ApiCluster.start('redis', 1, { limits: { stall: 300 } });
  const member = await slow.leader();
  const greedy = await RedisPeer.connect(member);
  await greedy.ask('SET', 'large', 'x'.repeat(500_000));
  greedy.socket.pause();
  const gone = once(greedy.socket, 'close');
  const asked = vi.spyOn(member.door, 'ask');
  greedy.socket.write(Buffer.concat(new Array(500).fill(encoded(['GET', 'large']))));
  const calm = await RedisPeer.connect(member);
  expect(await calm.ask('GET', 'nothing')).toBe(NIL);
  await slow.nodes.until('it is cut off', async () =>
    (await calm.ask('INFO', 'clients')).includes('connected_clients:1'),
  );
  // Each of them takes turns with whatever is still done for who is gone: 500 reads would be over by then.
  for (let n = 0; n < 50; n++) expect(await calm.ask('GET', 'nothing')).toBe(NIL);
  const large = asked.mock.calls.filter(([request]) => JSON.stringify(request).includes('large'));
  expect(large.length).toBeLessThan(250);
  greedy.socket.resume();
  await gone;
  calm.end();
  await slow.stop();
});

test('with tokens: nothing before AUTH, and what the role covers after it', async () => {
  const roles: Record<string, 'read' | 'write'> = { reader: 'read', writer: 'write' };
  const closed = await ApiCluster.start('redis', 1, { access: (token) => roles[token] ?? 'none' });
  const one = await RedisPeer.connect(await closed.leader());
  expect(await one.ask('GET', 'k')).toBe('-NOAUTH Authentication required.\r\n');
  expect(await one.ask('HELLO', '3')).toMatch(/^-NOAUTH /);
  expect(await one.ask('AUTH', 'wrong')).toMatch(/^-WRONGPASS /);
  expect(await one.ask('AUTH', 'default', 'reader')).toBe(OK);
  expect(await one.ask('GET', 'k')).toBe(NIL);
  expect(await one.ask('SET', 'k', 'v')).toBe(
    "-NOPERM this user has no permissions to run the 'set' command\r\n",
  );
  expect(await one.ask('HELLO', '2', 'AUTH', 'default', 'writer')).toMatch(/^\*14\r\n/);
  expect(await one.ask('SET', 'k', 'v')).toBe(OK);
  one.end();
  await closed.stop();
});

test('the leader stops amid requests: each is answered in time, and nothing acknowledged is lost or done twice', async () => {
  const leader = await cluster.leader();
  const bystander = await RedisPeer.connect(await cluster.follower());
  await bystander.ask('SET', 'tally', '0');
  let acknowledged = 0;
  let unknown = 0;
  let isOver = false;
  const counting = (async () => {
    while (!isOver) {
      const began = performance.now();
      const reply = await bystander.ask('INCR', 'tally');
      expect(performance.now() - began).toBeLessThan(6000);
      if (reply.startsWith(':')) acknowledged++;
      else if (reply.startsWith('-UNKNOWN')) unknown++;
      else expect(reply).toMatch(/^-(CLUSTERDOWN|TRYAGAIN) /);
    }
  })();
  await cluster.nodes.until('some are counted', () => acknowledged > 20);
  const before = acknowledged;
  await leader.node.stop();
  await cluster.nodes.until('more are counted', () => acknowledged > before + 20);
  isOver = true;
  await counting;
  const tally = Number(/\r\n(\d+)/.exec(await bystander.ask('GET', 'tally'))![1]);
  expect(tally).toBeGreaterThanOrEqual(acknowledged);
  expect(tally).toBeLessThanOrEqual(acknowledged + unknown);
  bystander.end();
});

test('without a leader: prompt errors, stale reads by wish, and a stop ends every connection', async () => {
  const last = await cluster.withoutLeader();
  const lonely = await RedisPeer.connect(last);
  const began = performance.now();
  const replies = await lonely.pipeline([
    ['GET', 'typed'],
    ['SET', 'k', 'v'],
    ['WATCH', 'k'],
  ]);
  for (const reply of replies) expect(reply).toMatch(/^-CLUSTERDOWN no leader: /);
  expect(performance.now() - began).toBeLessThan(5000);
  // The watch is not there, so nothing may be done under it.
  const [, , executed] = await lonely.pipeline([['MULTI'], ['SET', 'k', 'v'], ['EXEC']]);
  expect(executed).toMatch(/^-EXECABORT /);
  const stale = await lonely.pipeline([['READONLY'], ['GET', 'typed'], ['READWRITE'], ['PING']]);
  expect(stale).toEqual([OK, bulk('by hand'), OK, '+PONG\r\n']);
  await last.api.stop();
  expect(await lonely.reply()).toBe('closed');
});
