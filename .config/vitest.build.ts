/** What tests run on, brought up to date before they run: the compiled house, and the page of a run. Half a second when nothing has changed. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const house = fileURLToPath(new URL('..', import.meta.url));

export default function build(): void {
  for (const program of [
    ['node_modules/typescript/bin/tsc', '-b'],
    ['packages/viewer/build.mjs'],
  ]) {
    const { status } = spawnSync(process.execPath, program, { cwd: house, stdio: 'inherit' });
    if (status !== 0) throw new Error(`${program.join(' ')} failed (above): no test was run.`);
  }
}
