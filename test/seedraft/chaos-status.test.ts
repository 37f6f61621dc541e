/** What `chaos` takes from a member that is still starting: nothing. Faults choose their targets by it, and one that says only that it starts has no configuration. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { statusOf } from '../../packages/seedraft/src/chaos/cluster.ts';

test('a member that starts has told nothing, one that takes part its status, one that is gone nothing', async () => {
  let [code, page] = [503, { starting: 'the directory is being opened' } as object];
  const member = createServer((_, response) => {
    response.writeHead(code).end(JSON.stringify(page));
  });
  await once(member.listen(0, '127.0.0.1'), 'listening');
  const address = `127.0.0.1:${(member.address() as AddressInfo).port}`;
  expect(await statusOf(address)).toBeNull();
  [code, page] = [200, { role: 'follower' }];
  expect(await statusOf(address)).toEqual({ role: 'follower' });
  member.closeAllConnections();
  await new Promise((resolve) => member.close(resolve));
  expect(await statusOf(address)).toBeNull();
});
