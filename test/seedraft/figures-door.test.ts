/** The door for those who watch a member is open before there is a member, and says what it waits for: let in by a cluster, or met by all first members. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { RawClient } from '../node/raw.ts';

const BIN = fileURLToPath(new URL('../../packages/seedraft/bin/seedraft.js', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'seedraft-door-'));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Resolves with where its figures are. */
function serve(...flags: string[]): Promise<string> {
  return serving(...flags).then(({ figures }) => figures);
}

interface Doors {
  readonly figures: string;
  readonly clients: string;
  readonly uring: string;
}

function serving(...flags: string[]): Promise<Doors> {
  const all = ['--peer-listen', '127.0.0.1:0', '--client-listen', '127.0.0.1:0'];
  const child = spawn(
    process.execPath,
    [BIN, 'serve', ...all, '--http-listen', '127.0.0.1:0', ...flags],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, NO_COLOR: '1' } },
  );
  children.push(child);
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    const isAll = flags.includes('--api');
    createInterface({ input: child.stderr! }).on('line', (line) => {
      said.push(line);
      const found = (what: RegExp) => what.exec(said.join('\n'))?.[1] ?? '';
      const figures = found(/figures at (http:\/\/[^/]+)/);
      const [clients, uring] = [found(/clients at (\S+)/), found(/speaks uring at (\S+)/)];
      if (isAll ? uring !== '' : figures !== '') resolve({ figures, clients, uring });
    });
    child.once('exit', () => reject(new Error(said.join('\n'))));
  });
}

async function get(url: string): Promise<readonly [number, string]> {
  const response = await fetch(url);
  return [response.status, await response.text()];
}

test('a member that nobody lets in is alive, not ready, and says what it waits for', async () => {
  const at = await serve('--join', '127.0.0.1:1', '--data', 'joiner');
  expect(await get(`${at}/healthz`)).toEqual([200, 'alive\n']);
  await expect
    .poll(() => get(`${at}/readyz`), { timeout: 20_000 })
    .toEqual([503, expect.stringMatching(/^starting: joining: not yet: 127\.0\.0\.1:1 did not/)]);
  const [code, page] = await get(`${at}/metrics`);
  expect([code, page]).toEqual([200, expect.stringMatching(/^seedraft_is_started 0$/m)]);
  const [unavailable, status] = await get(`${at}/status`);
  expect(unavailable).toBe(503);
  expect(JSON.parse(status).starting).toMatch(/joining/);
});

test('a member that is told to stop while it starts ends, though nobody ever lets it in', async () => {
  await serve('--join', '127.0.0.1:1', '--data', 'early-leaver');
  const child = children.at(-1)!;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await gone).toEqual([130, null]);
});

test('a first member whose others are not there yet says whom it waits for', async () => {
  const members = '1=127.0.0.1:1/127.0.0.1:2,2=127.0.0.1:3/127.0.0.1:4';
  const birth = ['--bootstrap', '--cluster', 'c', '--id', '1', '--members', members];
  const doors = await serving(...birth, '--data', 'founder', '--api', 'uring=127.0.0.1:0');
  const at = doors.figures;
  await expect
    .poll(() => get(`${at}/readyz`), { timeout: 20_000 })
    .toEqual([503, expect.stringMatching(/waits for n2 at 127\.0\.0\.1:3/)]);
  expect(await get(`${at}/healthz`)).toEqual([200, 'alive\n']);
  const [, page] = await get(`${at}/metrics`);
  expect(page).toMatch(/^seedraft_is_started 1$/m);
  expect(page).toMatch(/^seedraft_raft_leader_id 0$/m);
  // Whoever asks is told the same, not to try again.
  const [code, refusal] = await get(`http://${doors.uring}/kv/k`);
  expect([code, JSON.parse(refusal).error]).toEqual([
    503,
    expect.stringMatching(/waits for n2 at/),
  ]);
  const wire = new RawClient(doors.clients);
  await wire.hello();
  wire.ask(1, { type: 'Query', mode: 'linearizable', query: ['get', '', 'k'] });
  const reply = await wire.message();
  wire.socket.destroy();
  expect(reply).toMatchObject({ type: 'reply', reason: expect.stringMatching(/waits for n2 at/) });
});
