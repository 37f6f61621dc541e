/**
 * Every protocol under the same attacks, in short (`npm run soak -- protocols` is all of it): clients at a non-leader, the leader of real processes killed amid requests, malformed and
 * too large requests, drawn nonsense, hundreds of idle connections, clients that do not read. Right answers in time, nothing done twice, nothing left behind.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../dist/soak/protocols.js', import.meta.url));
const PROTOCOLS = ['raftnode', 'distraft', 'uring', 'uring socket', 'raftify', 'redis'];

interface Found {
  readonly attack: string;
  readonly protocol: string;
  readonly wrong: readonly string[];
}

let found: readonly Found[];
let said: string;

beforeAll(async () => {
  const stdout = await new Promise<string>((resolve) => {
    execFile(process.execPath, [PROGRAM, '--short', '--json'], (_, out, errors) => {
      said = errors;
      resolve(out);
    });
  });
  found = (JSON.parse(stdout || '{"found":[]}') as { found: Found[] }).found;
}, 120_000);

test.each([
  ['at a non-leader', PROTOCOLS],
  ['leader killed', PROTOCOLS],
  ['malformed', PROTOCOLS],
  ['malformed input', PROTOCOLS],
  // A WebSocket is ended by a frame, and not by ending its half.
  ['sends no more', PROTOCOLS.filter((name) => name !== 'uring socket')],
  ['too large', PROTOCOLS],
  ['idle connections', PROTOCOLS],
  ['slow readers', PROTOCOLS],
])('%s', (attack, protocols) => {
  const verdicts = found.filter((one) => one.attack === attack);
  const names = verdicts.map(({ protocol }) => protocol).sort();
  expect(names, said).toEqual([...protocols].sort());
  for (const { protocol, wrong } of verdicts) expect(wrong, protocol).toEqual([]);
});
