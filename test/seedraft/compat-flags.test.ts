/** What other systems' command lines and environments mean here: who the members are, where they are, where the data goes; and what is refused. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { distraftLaunch } from '../../packages/seedraft/src/compat/distraft.ts';
import type { Launched } from '../../packages/seedraft/src/compat/launch.ts';
import { raftifyLaunch } from '../../packages/seedraft/src/compat/raftify.ts';
import { type RaftnodeFlags, raftnodeLaunch } from '../../packages/seedraft/src/compat/raftnode.ts';
import { uringLaunch } from '../../packages/seedraft/src/compat/uring.ts';

const raftnode = (flags: RaftnodeFlags, environment: Record<string, string> = {}) =>
  raftnodeLaunch(flags, environment);

test('raftnode: every member numbers all of them alike, whether it lists itself or not', () => {
  const [a, b, c] = ['10.0.0.2:5000', '10.0.0.1:5000', '10.0.0.3:5000'];
  const plans = [
    raftnode({ ip: a, peers: `${b},${c}` }),
    raftnode({ ip: b, peers: `${c}, ${a}` }),
    raftnode({ ip: c, peers: `${a},${b},${c}` }),
  ];
  expect(plans.map(({ id }) => id)).toEqual([2, 1, 3]);
  const clusters = plans.map(({ start }) => (start?.how === 'bootstrap' ? start.clusterId : null));
  expect(new Set(clusters).size).toBe(1);
  const other = raftnode({ ip: a, peers: b }).start;
  expect(other?.how === 'bootstrap' && other.clusterId).not.toBe(clusters[0]);
  expect(plans[0]!.others).toEqual([b, c]);
});

test('raftnode: where the data goes, and its environment', () => {
  const ip = '127.0.0.1:5000';
  const directory = (flags: Partial<RaftnodeFlags>) => raftnode({ ip, ...flags }).directory;
  expect(directory({})).toBe('.seedraft/raftnode/127.0.0.1-5000');
  expect(directory({ store: 'memory' })).toBe('.seedraft/raftnode/127.0.0.1-5000');
  expect(directory({ database: true })).toBe('data/raftnode/127.0.0.1-5000');
  expect(directory({ store: 'database', database: 'users', volume: '/srv' })).toBe(
    '/srv/users/127.0.0.1-5000',
  );
  const environment = {
    LOW_TIMEOUT: '150',
    HIGH_TIMEOUT: '300',
    HB_TIME: '50',
    LOG_LEVEL: 'DEBUG',
  };
  expect(raftnode({ ip }, environment)).toMatchObject({
    raft: { electionTimeoutMin: 150, electionTimeoutMax: 300, heartbeatInterval: 50 },
    logLevel: 'debug',
  });
  expect(() => raftnode({ ip }, { HB_TIME: 'soon' })).toThrow(/HB_TIME/);
  expect(() => raftnode({ ip: 'nowhere' })).toThrow(/--ip nowhere/);
  expect(() => raftnode({ ip, peers: 'x' })).toThrow(/--peers x/);
});

test('distraft: names, addresses and seconds', () => {
  const DISTRAFT_CLUSTER = 'b=h2:9002:h2:5002,a=h1:9001:c1:5001';
  const plan = distraftLaunch({
    DISTRAFT_CLUSTER,
    DISTRAFT_NAME: 'b',
    DISTRAFT_HOST: '0.0.0.0',
    DISTRAFT_UDP_PORT: '9002',
    DISTRAFT_TCP_PORT: '5002',
    DISTRAFT_ELECTION_TIMEOUT: '0.4',
    DISTRAFT_TIMEOUT_SPREAD_RATIO: '3',
    DISTRAFT_HEARTBEAT_TIMEOUT: '0.05',
  });
  expect(plan).toMatchObject({
    id: 2,
    name: 'b',
    listen: { host: '0.0.0.0', port: 9002 },
    apiListen: { host: '127.0.0.1', port: 5002 },
    advertised: { peer: 'h2:9002', client: 'h2:5002' },
    others: ['c1:5001'],
    raft: { electionTimeoutMin: 400, electionTimeoutMax: 1200, heartbeatInterval: 50 },
  });
  expect(() => distraftLaunch({})).toThrow(/DISTRAFT_CLUSTER: list all members/);
  expect(() => distraftLaunch({ DISTRAFT_CLUSTER })).toThrow(/has no default/);
  expect(() => distraftLaunch({ DISTRAFT_CLUSTER: 'a=h1:9001' })).toThrow(/is not name=/);
});

test('uring and raftify: who begins, who waits, who joins', () => {
  const peers = ['127.0.0.1:8082', '127.0.0.1:8083'];
  const first = uringLaunch({ id: '1', bootstrap: true, endpoint: '127.0.0.1:8081', peers });
  expect(first).toMatchObject({ name: 'n1', directory: 'raft-rocks-1', answers: 'head' });
  expect(first.start).toMatchObject({ how: 'bootstrap', id: 1 });
  expect(uringLaunch({ id: '2', endpoint: '127.0.0.1:8082', peers }).start).toBe(null);
  expect(() => uringLaunch({ id: 'two', endpoint: '127.0.0.1:8082' })).toThrow(/--id two/);
  const flags = { raftAddr: '127.0.0.1:60061', webServer: '127.0.0.1:8001' };
  expect(raftifyLaunch(flags).start).toMatchObject({ how: 'bootstrap' });
  const joining = raftifyLaunch({ ...flags, peerAddr: '127.0.0.1:60062' });
  expect(joining.start).toMatchObject({ how: 'join', endpoints: ['127.0.0.1:60062'] });
  // Only looked at, never made.
  expect(existsSync('raft-rocks-1')).toBe(false);
});

test('uring: a member of another cluster is told from one that is not there, and is not made to join', async () => {
  const asked: string[] = [];
  const other = createServer(({ method, url }, response) => {
    asked.push(`${method} ${url}`);
    response.end(JSON.stringify({ id: 2, role: 'Leader', last_index: 5 }));
  }).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = `127.0.0.1:${(other.address() as { port: number }).port}`;
  try {
    const plan = uringLaunch({ id: '1', endpoint: '127.0.0.1:1', peers: [address] });
    const door = { status: () => ({ configuration: { members: [] } }) };
    const launched = { door, secret: null } as unknown as Launched;
    const membership = plan.membership!(launched);
    expect(await membership.add(2)).toEqual({
      code: 'IN_ANOTHER_CLUSTER',
      sentence: expect.stringMatching(
        `Member 2 at ${address} is in a cluster of its own .* remove its ./raft-rocks-2`,
      ),
      isDefinite: true,
    });
    expect(await membership.add(3)).toMatchObject({ code: 'UNKNOWN_MEMBER' });
    expect(asked).toEqual(['GET /status', 'GET /status']);
  } finally {
    other.closeAllConnections();
    other.close();
  }
});
