/** A short sample of `node test/dist/soak/flips.js`: changed bytes in directories of closed and killed members, opened by the real thing. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('../dist/soak/flips.js', import.meta.url));

it('no changed byte loses anything in silence or ends the process', () => {
  const args = [program, '--flips', '24', '--seed', String(Date.now() % 100_000)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect({ args: args.slice(1), status, stderr }).toEqual({
    args: args.slice(1),
    status: 0,
    stderr: '',
  });
  for (const kind of ['CURRENT', 'MANIFEST', 'WITNESS', 'IDENTITY', 'log', 'table filter']) {
    expect(stdout).toContain(`closed, ${kind}`);
    expect(stdout).toContain(`killed, ${kind}`);
  }
}, 60_000);
