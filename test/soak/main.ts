/**
 * `npm run soak [-- NAME | SEEDS] [flags of that proof]`: the long proofs, by the same commands a user types: many swarm seeds, then every shipped
 * scenario, the examples, every planted bug, changed bytes, killed processes, the same heard through every protocol, mutated frames, attacks on other
 * protocols, large snapshots, endless writes. Each must pass; the first that does not ends it with its exit code. With a name only that one, and what follows
 * it (`--minutes 2`, `--json`) is said to it.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { HOUSE } from '../mutants/house.ts';

const asked = process.argv[2] ?? '10000';
const seeds = /^\d+$/.test(asked) ? asked : '10000';
const command = path.join(HOUSE, 'packages/seedraft/bin/seedraft.js');
const flips = path.join(HOUSE, 'test/dist/soak/flips.js');
const chaos = path.join(HOUSE, 'test/dist/soak/chaos.js');
const frames = path.join(HOUSE, 'test/dist/soak/frames.js');
const snapshotGap = path.join(HOUSE, 'test/dist/soak/snapshot-gap.js');
const endurance = path.join(HOUSE, 'test/dist/soak/endurance.js');
const protocols = path.join(HOUSE, 'test/dist/soak/protocols.js');
const mutants = path.join(HOUSE, 'test/dist/mutants/main.js');

const exampleProof = (name: string) => {
  const config = `examples/${name}/seedraft.config.ts`;
  const args = [command, 'fuzz', '--config', config, '--seeds', '100'];
  return [name, `the example ${name}, 100 seeds`, ...args] as const;
};

const proofs: readonly (readonly [name: string, title: string, ...args: string[]])[] = [
  ['swarm', `${seeds} swarm seeds`, command, 'fuzz', 'swarm', '--seeds', seeds],
  ['scenarios', 'every shipped scenario, 20 seeds each', command, 'fuzz', '--seeds', '20'],
  ...['counter', 'job-queue', 'two-phase-commit'].map(exampleProof),
  ['mutants', 'every planted bug', mutants],
  ['flips', '500 changed bytes in directories of real members', flips, '--flips', '500'],
  ['chaos', '200 kills of real members under load, of three and of five', chaos, '--kills', '200'],
  [
    'chaos-api',
    'a minute of every fault, heard through every client protocol',
    ...[command, 'chaos', '--for', '60s', '--clients', '24', '--rate', '300'],
    ...['--api', 'native,raftnode,distraft,uring,raftify,redis'],
  ],
  ['frames', 'a million mutated frames at a running member', frames],
  ['protocols', 'every other protocol under attack', protocols],
  ['snapshot-gap', 'heartbeats while 500 MB are snapshotted and sent', snapshotGap],
  ['endurance', 'ten minutes of writes at full speed', endurance],
];

const only = proofs.filter(([name]) => name === asked);
if (only.length === 0 && asked !== seeds) {
  console.error(
    `soak ${asked}: give a number of seeds, or ${proofs.map(([name]) => name).join(', ')}`,
  );
  process.exit(64);
}
for (const [name, title, ...parts] of only.length > 0 ? only : proofs) {
  const args = [...parts, ...(name === asked ? process.argv.slice(3) : [])];
  console.error(`\n=== ${title}: node ${args.join(' ')}`);
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit', cwd: HOUSE });
  if (status !== 0) {
    console.error(`${title}: exit code ${status}`);
    process.exit(status ?? 70);
  }
}
