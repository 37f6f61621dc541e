/** The HTTP store of raftify's examples over real sockets, against three real members: its routes, and what its own answers hid. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiCluster, type ApiMember } from './api-cluster.ts';
import { ask, idleConnections, raw } from './http-client.ts';

let cluster: ApiCluster;

beforeAll(async () => {
  cluster = await ApiCluster.start('raftify', 3, { limits: { maxRequestBytes: 64 * 1024 } });
});
afterAll(() => cluster.stop());

async function on(member: ApiMember, method: string, path: string): Promise<[number, unknown]> {
  const { status, body } = await ask(member.api.address, method, path);
  return [status, body];
}

test('the store, at a member that does not lead: OK only for what is done', async () => {
  const follower = await cluster.follower();
  expect(await on(follower, 'PUT', '/store/1/A')).toEqual([200, 'OK']);
  for (const member of cluster.members) {
    expect(await on(member, 'GET', '/store/1')).toEqual([200, 'A']);
  }
  expect((await on(follower, 'GET', '/store/2'))[0]).toBe(400);
  expect(await on(follower, 'PUT', '/store/a%20b/%C3%A9%2F')).toEqual([200, 'OK']);
  expect(await on(follower, 'GET', '/store/a%20b')).toEqual([200, 'é/']);
});

test('who leads, how many there are, where they are', async () => {
  const leader = await cluster.leader();
  const follower = await cluster.follower();
  expect(await on(follower, 'GET', '/leader')).toEqual([200, leader.id]);
  expect(await on(follower, 'GET', '/size')).toEqual([200, 3]);
  const peers = cluster.members.map(({ id, api }) => [id, { addr: api.address, role: 'Voter' }]);
  expect(await on(follower, 'GET', '/peers')).toEqual([200, Object.fromEntries(peers)]);
});

test('leadership goes where it is sent, whoever is asked', async () => {
  const follower = await cluster.follower();
  expect(await on(follower, 'POST', `/transfer_leader/${follower.id}`)).toEqual([200, 'OK']);
  expect((await cluster.leader()).id).toBe(follower.id);
  const other = await cluster.follower();
  expect(await on(other, 'POST', '/campaign')).toEqual([200, 'OK']);
  expect((await cluster.leader()).id).toBe(other.id);
  expect(await on(other, 'POST', `/demote/1/${follower.id}`)).toEqual([200, 'OK']);
  expect((await cluster.leader()).id).toBe(follower.id);
});

test('a snapshot is taken, and what cannot be done is said so', async () => {
  const follower = await cluster.follower();
  expect(await on(follower, 'POST', '/snapshot')).toEqual([200, 'OK']);
  expect(follower.node.status().snapshotIndex).toBeGreaterThan(0);
  expect(await on(follower, 'POST', '/leave_joint')).toMatchObject([400, /^NOT_JOINT/]);
  expect(await on(follower, 'POST', '/transfer_leader/9')).toMatchObject([400, /^[A-Z_]+: /]);
  expect(await on(follower, 'POST', '/transfer_leader/x')).toMatchObject([400, /^BAD_REQUEST/]);
});

test('a joint configuration that was to stay is left by /leave_joint, whoever is asked', async () => {
  const follower = await cluster.follower();
  const { id } = follower;
  const roleOf = async () => {
    const { configuration } = (await cluster.leader()).node.status();
    return [configuration.members.find((one) => one.id === id)?.role, configuration.outgoing];
  };
  const change = (type: 'demote' | 'promote', mode: 'explicit' | 'single') =>
    follower.door.ask({ type: 'ChangeMembership', mode, changes: [{ type, id }] });
  expect(await change('demote', 'explicit')).toMatchObject({ type: 'Ok' });
  expect(await roleOf()).toEqual(['learner', [1, 2, 3]]);
  expect(await change('promote', 'single')).toMatchObject({ code: 'CHANGE_IN_FLIGHT' });
  expect(await on(follower, 'POST', '/leave_joint')).toEqual([200, 'OK']);
  expect(await roleOf()).toEqual(['learner', null]);
  expect(await change('promote', 'single')).toMatchObject({ type: 'Ok' });
});

test('what is malformed, too large or meant for nobody is answered, and nothing dies', async () => {
  const { api } = await cluster.leader();
  const at = api.address;
  expect(await ask(at, 'POST', '/snapshot', 'x'.repeat(70_000))).toMatchObject({ status: 413 });
  expect(await ask(at, 'GET', '/nowhere')).toMatchObject({ status: 404 });
  expect(await ask(at, 'GET', '/store/%ff')).toMatchObject({ status: 400 });
  expect(await ask(at, 'DELETE', '/store/1')).toMatchObject({ status: 405 });
  expect(await raw(at, 'x\r\n\r\n')).toMatch(/ 400 .*NOT_HTTP/s);
  const end = await idleConnections(at, 300);
  expect(await ask(at, 'GET', '/store/1')).toMatchObject({ status: 200 });
  end();
});

test('a member leaves, and without a majority nothing is called OK', async () => {
  const [leaver] = cluster.members.filter(({ node }) => node.status().role === 'follower');
  expect(await on(leaver!, 'POST', '/leave')).toEqual([200, 'OK']);
  const leader = await cluster.leader();
  expect(await on(leader, 'GET', '/size')).toEqual([200, 2]);
  await leaver!.node.stop();
  cluster.members.splice(cluster.members.indexOf(leaver!), 1);
  const last = await cluster.withoutLeader();
  const began = performance.now();
  expect(await on(last, 'PUT', '/store/1/B')).toMatchObject([503, /^NO_LEADER/]);
  expect(await on(last, 'GET', '/leader')).toMatchObject([503, /^NO_LEADER/]);
  expect(performance.now() - began).toBeLessThan(5000);
  expect(await ask(last.api.address, 'GET', '/store/1?stale')).toMatchObject({ body: 'A' });
});
