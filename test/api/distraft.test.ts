/** distraft's HTTP over real sockets, against three real members: the table of its routes, at a leader, at a follower, and with no leader. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiCluster, type ApiMember } from './api-cluster.ts';
import { ask, idleConnections, raw } from './http-client.ts';

let cluster: ApiCluster;
const down = new Set<number>();

beforeAll(async () => {
  cluster = await ApiCluster.start('distraft', 3, {
    limits: { maxRequestBytes: 64 * 1024 },
    testing: (node) => ({
      stop: async () => {
        down.add(node.id);
        node.takePart(false);
      },
      start: async () => {
        down.delete(node.id);
        node.takePart(true);
      },
      isUp: () => !down.has(node.id),
    }),
  });
});
afterAll(() => cluster.stop());

const at = (member: ApiMember): string => member.api.address;
const form = (value: string) => new URLSearchParams({ value });

test('at the leader: the golden answers', async () => {
  const leader = at(await cluster.leader());
  expect(await ask(leader, 'POST', '/colour', form('blue'))).toMatchObject({
    status: 200,
    body: { ok: true, key: 'colour', value: 'blue' },
  });
  expect(await ask(leader, 'GET', '/colour')).toMatchObject({
    status: 200,
    body: { ok: true, key: 'colour', value: 'blue' },
  });
  expect(await ask(leader, 'GET', '/nothing')).toMatchObject({
    status: 200,
    body: { ok: true, key: 'nothing', value: null },
  });
  expect(await ask(leader, 'GET', '/k%20%C3%A9')).toMatchObject({ body: { key: 'k é' } });
  const multipart = new FormData();
  multipart.append('value', 'as curl -F sends it');
  await ask(leader, 'POST', '/form', multipart);
  expect(await ask(leader, 'GET', '/form')).toMatchObject({
    body: { value: 'as curl -F sends it' },
  });
  expect(await ask(leader, 'GET', '//')).toMatchObject({
    status: 503,
    body: { ok: false, error: 'empty key' },
  });
  for (const [path, value] of [
    ['/', 'v'],
    ['/k', ''],
  ] as const) {
    expect(await ask(leader, 'POST', path, form(value))).toMatchObject({
      status: 503,
      body: { ok: false, error: 'empty key or value' },
    });
  }
});

test('what a member says of itself', async () => {
  const leader = await cluster.leader();
  const follower = await cluster.follower();
  const members = Object.fromEntries(
    cluster.members.map(({ id, node, host, port }) => [
      `n${id}`,
      ['127.0.0.1', Number(node.peerAddress.split(':')[1]), host, port],
    ]),
  );
  const { body } = await ask(at(leader), 'GET', '/');
  const { status } = body as { status: Record<string, unknown> };
  expect(Object.keys(status).sort()).toEqual(
    [
      ...['id', 'leader', 'is_leader', 'state', 'up', 'commit_index', 'last_applied'],
      ...['last_log_index', 'last_log_term', 'term', 'next_index', 'match_index', 'members'],
    ].sort(),
  );
  expect(status).toMatchObject({
    id: `n${leader.id}`,
    leader: `n${leader.id}`,
    is_leader: true,
    state: 'Leader',
    up: true,
    members,
  });
  expect(status.last_log_term).toBe(status.term);
  const others = cluster.members.filter((one) => one !== leader).map(({ id }) => `n${id}`);
  expect(Object.keys(status.match_index as object)).toEqual(others);
  expect(Object.keys(status.next_index as object)).toEqual(others);
  expect(await ask(at(follower), 'GET', '/')).toMatchObject({
    status: 200,
    body: {
      ok: true,
      status: {
        state: 'Follower',
        leader: `n${leader.id}`,
        next_index: {},
        match_index: {},
        members,
      },
    },
  });
});

test('who does not lead sends the client on, and a client that follows is served (curl -L)', async () => {
  const leader = at(await cluster.leader());
  const follower = at(await cluster.follower());
  const get = await ask(follower, 'GET', '/colour?x=1');
  expect(get.status).toBe(302);
  expect(get.headers.get('location')).toBe(`http://${leader}/colour?x=1`);
  const post = await ask(follower, 'POST', '/colour', form('red'));
  expect(post.status).toBe(307);
  expect(post.headers.get('location')).toBe(`http://${leader}/colour`);
  await fetch(`http://${follower}/colour`, { method: 'POST', body: form('green') });
  const response = await fetch(`http://${follower}/colour`);
  expect(await response.json()).toEqual({ ok: true, key: 'colour', value: 'green' });
});

test('two writes at once are both answered', async () => {
  const leader = at(await cluster.leader());
  const answers = await Promise.all(
    ['a', 'b'].map((value) => ask(leader, 'POST', '/at-once', form(value))),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
});

test('what is malformed, too large, or meant for nobody is answered in its form, and nothing dies', async () => {
  const leader = at(await cluster.leader());
  expect(await ask(leader, 'POST', '/k', form('x'.repeat(70_000)))).toMatchObject({
    status: 413,
    body: { ok: false, code: 'TOO_LARGE' },
  });
  expect(await ask(leader, 'GET', '/%ff')).toMatchObject({ status: 400, body: { ok: false } });
  const formed = { 'content-type': 'application/x-www-form-urlencoded' };
  for (const bytes of ['value=caf\xe9', 'value=caf%E9', 'value=caf%c3']) {
    const sent = Buffer.from(bytes, 'latin1');
    expect(await ask(leader, 'POST', '/latin', sent, formed)).toMatchObject({
      status: 400,
      body: { ok: false, code: 'BAD_REQUEST' },
    });
  }
  expect(await ask(leader, 'POST', '/latin?value=%ff')).toMatchObject({ status: 400 });
  expect(await ask(leader, 'GET', '/latin')).toMatchObject({ body: { value: null } });
  expect(await ask(leader, 'POST', '/sign', '100% %C3%A9', formed)).toMatchObject({ status: 503 });
  expect(await ask(leader, 'POST', '/sign', 'value=100%+%C3%A9', formed)).toMatchObject({
    body: { value: '100% é' },
  });
  expect(await ask(leader, 'GET', '/a/b')).toMatchObject({ status: 404, body: { ok: false } });
  expect(await ask(leader, 'DELETE', '/a')).toMatchObject({ status: 405, body: { ok: false } });
  expect(await raw(leader, 'this is no HTTP\r\n\r\n')).toMatch(/^HTTP\/1.1 400 .*"ok":false/s);
  expect(await raw(leader, `GET /${'x'.repeat(40_000)} HTTP/1.1\r\n\r\n`)).toMatch(/ 431 /);
  const end = await idleConnections(leader, 300);
  expect(await ask(leader, 'GET', '/nothing')).toMatchObject({ status: 200 });
  end();
});

test('stop and start: no part in Raft, but HTTP goes on; both twice are as once', async () => {
  const follower = await cluster.follower();
  for (const _ of [1, 2]) {
    expect(await ask(at(follower), 'GET', '/stop')).toMatchObject({
      status: 200,
      body: { ok: true },
    });
  }
  expect(await ask(at(follower), 'GET', '/')).toMatchObject({
    body: { status: { up: false, leader: null, is_leader: false } },
  });
  expect(await ask(at(follower), 'GET', '/colour')).toMatchObject({
    status: 503,
    body: { ok: false, error: 'no leader' },
  });
  const leader = await cluster.leader();
  await ask(at(leader), 'POST', '/meanwhile', form('1'));
  for (const _ of [1, 2]) {
    expect(await ask(at(follower), 'GET', '/start')).toMatchObject({
      status: 200,
      body: { ok: true },
    });
  }
  await cluster.nodes.converged();
  expect(await ask(at(follower), 'GET', '/meanwhile?stale')).toMatchObject({
    body: { value: '1' },
  });
});

test('no leader: 503 at once, and the member says so', async () => {
  const last = await cluster.withoutLeader();
  const began = performance.now();
  const body = { ok: false, error: 'no leader' };
  expect(await ask(at(last), 'GET', '/colour')).toMatchObject({ status: 503, body });
  expect(await ask(at(last), 'POST', '/colour', form('v'))).toMatchObject({ status: 503, body });
  expect(performance.now() - began).toBeLessThan(1000);
  expect(await ask(at(last), 'GET', '/')).toMatchObject({
    body: { ok: true, status: { leader: null } },
  });
});
