/**
 * `npm run soak [-- SEEDS]`: the long proofs, by the same commands a user types: many swarm seeds, then every shipped scenario, then every
 * planted bug. Each must pass; the first that does not ends it with its exit code.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { HOUSE } from '../mutants/build.ts';

const seeds = process.argv[2] ?? '10000';
const command = path.join(HOUSE, 'packages/seedraft/bin/seedraft.js');
const flips = path.join(HOUSE, 'test/dist/soak/flips.js');
const mutants = path.join(HOUSE, 'test/dist/mutants/main.js');

const proofs: readonly (readonly [title: string, ...args: string[]])[] = [
  [`${seeds} swarm seeds`, command, 'fuzz', 'swarm', '--seeds', seeds],
  ['every shipped scenario, 20 seeds each', command, 'fuzz', '--seeds', '20'],
  ['every planted bug', mutants],
  ['500 changed bytes in directories of real members', flips, '--flips', '500'],
];

for (const [title, ...args] of proofs) {
  console.log(`\n=== ${title}: node ${args.join(' ')}`);
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit', cwd: HOUSE });
  if (status !== 0) {
    console.error(`${title}: exit code ${status}`);
    process.exit(status ?? 70);
  }
}
