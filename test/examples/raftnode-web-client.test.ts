/** The web client as the example has it, one process before each of three members: what one puts the others get, whoever leads. */
import { afterAll, expect, test } from 'vitest';
import { ApiCluster } from '../api/api-cluster.ts';
import { ExamplePrograms } from './example-program.ts';

let cluster: ApiCluster | null = null;
let programs: ExamplePrograms | null = null;
afterAll(() => Promise.all([programs?.stop(), cluster?.stop()]));

async function ask(method: string, url: string): Promise<[number, unknown]> {
  const response = await fetch(url, { method });
  return [response.status, await response.json()];
}

test('puts and gets through each member, in namespaces; a node that is gone is said so', async () => {
  cluster = await ApiCluster.start('raftnode');
  programs = await ExamplePrograms.of('raftnode-web-client', ['server']);
  const nodes = [...cluster.members.map(({ api }) => api.address), '127.0.0.1:1'];
  for (const node of nodes) programs.start('server', node, '0');
  const sites = await Promise.all(
    nodes.map(async (node) => (await programs!.said(new RegExp(`^(\\S+) .* ${node}$`)))[1]!),
  );
  const nowhere = sites.pop()!;
  for (const [at, site] of sites.entries()) {
    const put = `${site}/put/data?key=k&value=${at}&namespace=n`;
    expect(await ask('PUT', put)).toEqual([200, { success: true }]);
    for (const other of sites) {
      const got = await ask('GET', `${other}/get/data?key=k&namespace=n`);
      const data = { type: 'get', key: 'k', namespace: 'n', value: `${at}` };
      expect(got).toEqual([200, { data }]);
      const apart = await ask('GET', `${other}/get/data?key=k`);
      expect(apart).toEqual([200, { data: { type: 'get', key: 'k', value: null } }]);
    }
  }
  expect(await ask('GET', `${sites[0]}/elsewhere`)).toMatchObject([404, {}]);
  expect(await ask('PUT', `${nowhere}/put/data?key=k&value=v`)).toMatchObject([
    502,
    { error: expect.stringMatching(/^127\.0\.0\.1:1: .*ECONNREFUSED/) },
  ]);
});
