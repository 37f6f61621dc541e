/** The launchers, as each system's quick start has them: real processes on one port each, started, asked, killed, wiped and started again. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { freePort } from '../node/free-ports.ts';
import { ask } from './http-client.ts';
import { exchange, Launchers } from './launcher.ts';

/** Together: most of their time they wait for processes to start and to elect. */
function launching(name: string, story: (launchers: Launchers) => Promise<void>): void {
  test.concurrent(name, async () => {
    const launchers = new Launchers();
    try {
      await story(launchers);
    } finally {
      await launchers.stop();
    }
  });
}

const threePorts = () => Promise.all([freePort(), freePort(), freePort()]);
/** Machines with much to do start processes slowly. */
vi.setConfig({ testTimeout: 60_000 });

const at = (port: number) => `127.0.0.1:${port}`;

launching(
  'raftnode: three by --ip and --peers; a wiped one comes back as another member; all killed at once lose nothing',
  async (launchers) => {
    const ports = await threePorts();
    const start = (port: number) => {
      const others = ports.filter((one) => one !== port).map(at);
      return launchers.start(['raftnode', '--ip', at(port), '--peers', others.join(',')]);
    };
    const members = ports.map(start);
    const put = { type: 'put', key: 'name', value: 'Fred', namespace: 'people' };
    await launchers.until('a put', async () => (await exchange(ports[1]!, put)).success === true);
    expect(launchers.lines.filter((line) => line.includes('OPEN TO EVERYBODY'))).toHaveLength(3);
    await launchers.end(members[2]!, 'SIGKILL');
    rmSync(path.join(launchers.folder, '.seedraft', 'raftnode', `127.0.0.1-${ports[2]}`), {
      recursive: true,
    });
    const again = start(ports[2]!);
    const get = { type: 'get', key: 'name', namespace: 'people' };
    await launchers.until('the third knows all', async () => {
      const { data } = (await exchange(ports[2]!, get)) as { data?: { value: unknown } };
      return data?.value === 'Fred';
    });
    await launchers.until('its old place is given up', async () => {
      const { peers } = (await exchange(ports[0]!, { type: 'peers' })) as { peers: string[] };
      return launchers.lines.some((line) => /a voter$/.test(line)) && peers.length === 2;
    });
    expect(await launchers.end(again, 'SIGTERM')).toBe(0);
    // All at once, and the same lines once more: nothing is lost, and the third is what it has become.
    await Promise.all([members[0]!, members[1]!].map((member) => launchers.end(member, 'SIGKILL')));
    for (const port of ports) start(port);
    await launchers.until('all is there again', async () => {
      const { data } = (await exchange(ports[2]!, get)) as { data?: { value: unknown } };
      return data?.value === 'Fred';
    });
  },
);

launching('distraft: three by environment; stop and start; whoever leads', async (launchers) => {
  const peers = await threePorts();
  const clients = await threePorts();
  const names = ['n1', 'n2', 'n3'];
  const listed = names.map((name, i) => `${name}=${at(peers[i]!)}:${at(clients[i]!)}`).join(',');
  for (const [i, name] of names.entries()) {
    launchers.start(['distraft'], {
      DISTRAFT_CLUSTER: listed,
      DISTRAFT_NAME: name,
      DISTRAFT_UDP_PORT: `${peers[i]}`,
      DISTRAFT_TCP_PORT: `${clients[i]}`,
    });
  }
  const write = async (value: string) => {
    const body = new URLSearchParams({ value });
    const response = await fetch(`http://${at(clients[0]!)}/k`, { method: 'POST', body });
    return response.ok && (await response.json());
  };
  expect(await launchers.until('a write', () => write('v'))).toEqual({
    ok: true,
    key: 'k',
    value: 'v',
  });
  const leaderOf = async (client: number) => {
    const { body } = await ask(at(client), 'GET', '/');
    return (body as { status: { leader: string | null } }).status.leader;
  };
  const leader = await launchers.until(
    'a leader',
    async () => (await leaderOf(clients[0]!)) ?? false,
  );
  const place = names.indexOf(leader);
  expect(await ask(at(clients[place]!), 'GET', '/stop')).toMatchObject({ body: { ok: true } });
  const other = clients[(place + 1) % 3]!;
  await launchers.until('another leader', async () => {
    const next = await leaderOf(other);
    return next !== null && next !== leader;
  });
  expect(await ask(at(clients[place]!), 'GET', '/start')).toMatchObject({ body: { ok: true } });
  await launchers.until('it follows', async () => (await leaderOf(clients[place]!)) !== null);
});

launching(
  'uring: the first begins, the others are added by their number; nothing is begun over data',
  async (launchers) => {
    const ports = await threePorts();
    const start = (id: number, ...more: string[]) => {
      const others = ports.filter((one) => one !== ports[id - 1]).flatMap((one) => ['-p', at(one)]);
      return launchers.start([
        'uring',
        '-i',
        `${id}`,
        '-e',
        at(ports[id - 1]!),
        ...others,
        ...more,
      ]);
    };
    const members = [start(1, '-b', '-r', '64'), start(2), start(3)];
    const [first, second, third] = ports.map(at) as [string, string, string];
    const status = async (base: string) => {
      const { body } = await ask(base, 'GET', '/status');
      return body as { id: number; role: string; last_index: number };
    };
    await launchers.until('it leads', async () => (await status(first)).role === 'Leader');
    expect(await launchers.until('it waits', () => status(third))).toMatchObject({
      id: 3,
      role: 'Follower',
      last_index: 0,
    });
    await launchers.until('so does the second', () => status(second));
    const began = performance.now();
    const early = [
      ask(second, 'GET', '/kv/beep'),
      ask(second, 'POST', '/data/beep', { value: 'boop' }),
      ask(second, 'GET', '/mring'),
      ask(second, 'POST', '/node/3'),
    ];
    for (const [nth, { status: code, body }] of (await Promise.all(early)).entries()) {
      expect([code, body]).toEqual([
        nth === 3 ? 500 : 503,
        {
          code: 'NOT_JOINED',
          error: expect.stringMatching(`no cluster yet. POST /node/2 to .*${first}`),
        },
      ]);
    }
    expect(performance.now() - began).toBeLessThan(1500);
    // Both at once, the higher first: one after the other.
    const added = await Promise.all([
      ask(first, 'POST', '/node/3'),
      ask(first, 'POST', '/uring/2'),
    ]);
    expect(added.map(({ status: code, body }) => [code, body])).toEqual([
      [200, true],
      [200, true],
    ]);
    expect((await ask(second, 'POST', '/kv/beep', { value: 'boop' })).status).toBe(201);
    expect(await ask(third, 'GET', '/kv/beep')).toMatchObject({ status: 200, body: 'boop' });
    expect(await ask(third, 'POST', '/mring', { size: 32 })).toMatchObject({
      status: 409,
      body: 64,
    });
    expect((await status(third)).id).toBe(3);
    expect(await launchers.end(members[0]!, 'SIGTERM')).toBe(0);
    expect(await new Promise((resolve) => start(1, '-b').once('exit', resolve))).toBe(64);
    start(1);
    await launchers.until('it is back', async () => {
      return (await ask(first, 'GET', '/kv/beep')).body === 'boop';
    });
  },
);

launching(
  'raftify: the first begins, another joins by its address; HTTP beside the port of members',
  async (launchers) => {
    const [raft1, web1, raft2, web2] = await Promise.all([1, 2, 3, 4].map(() => freePort()));
    const flags = (raft: number, web: number) => ['--raft-addr', at(raft), '--web-server', at(web)];
    launchers.start(['raftify', ...flags(raft1!, web1!)]);
    await launchers.until('it leads', async () => {
      return (await ask(at(web1!), 'PUT', '/store/1/A')).body === 'OK';
    });
    launchers.start(['raftify', ...flags(raft2!, web2!), '--peer-addr', at(raft1!)]);
    await launchers.until('both know where both are', async () => {
      const { body } = await ask(at(web1!), 'GET', '/peers');
      const addresses = Object.values(body as Record<string, { addr: string; role: string }>);
      const voters = addresses.filter(({ role }) => role === 'Voter').map(({ addr }) => addr);
      return voters.includes(at(web1!)) && voters.includes(at(web2!));
    });
    expect((await ask(at(web2!), 'GET', '/store/1')).body).toBe('A');
    expect((await ask(at(web2!), 'POST', '/leave')).body).toBe('OK');
    expect((await ask(at(web1!), 'GET', '/size')).body).toBe(1);
  },
);

launching(
  'a secret closes it: no token, no access; other sets of members refuse each other',
  async (launchers) => {
    const [port, other] = await Promise.all([freePort(), freePort()]);
    const secret = 'at least sixteen characters';
    launchers.start(['raftnode', '--ip', at(port!)], { SEEDRAFT_CLUSTER_SECRET: secret });
    const put = { type: 'put', key: 'k', value: 1 };
    await launchers.until('an answer', async () => {
      return (await exchange(port!, put)).code === 'UNAUTHORIZED';
    });
    await launchers.until('a put', async () => {
      return (await exchange(port!, { ...put, token: secret })).success === true;
    });
    const peers = ['--peers', at(port!)];
    launchers.start(['raftnode', '--ip', at(other!), ...peers], {
      SEEDRAFT_CLUSTER_SECRET: secret,
    });
    await launchers.until('they say why', async () => {
      return launchers.lines.some((line) => /belongs to cluster/.test(line));
    });
  },
);
