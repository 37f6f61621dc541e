/**
 * `node chaos.js [--kills 200]`: members of a real cluster killed with SIGKILL under load, again and again, by the command a user types, until so many
 * kills are done on three members and as many on five; then a while of everything at once on both. The first run that does not pass ends it with
 * its exit code; what it left is in runs/.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { HOUSE } from '../mutants/build.ts';

const { values } = parseArgs({ options: { kills: { type: 'string', default: '200' } } });
const goal = Number(values.kills);
const command = path.join(HOUSE, 'packages/seedraft/bin/seedraft.js');

interface Result {
  readonly kills: number;
  readonly ok: number;
  readonly acknowledgedWrites: number;
  readonly elections: number;
}

function chaos(...flags: string[]): Result {
  const args = [command, 'chaos', '--for', '120s', '--json', ...flags];
  const { status, stdout } = spawnSync(process.execPath, args, {
    cwd: HOUSE,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  console.log(stdout.trim());
  if (status !== 0) process.exit(status ?? 70);
  return JSON.parse(stdout) as Result;
}

for (const members of ['3', '5']) {
  const total = { kills: 0, ok: 0, acknowledgedWrites: 0, elections: 0 };
  for (let run = 1; total.kills < goal; run++) {
    const seed = ['--seed', `soak/${members}/${run}`];
    // Oftener, and a majority is down most of the time: nothing is written that could be lost.
    const result = chaos('-n', members, '--faults', 'kill', '--every', '1200ms', ...seed);
    for (const key of Object.keys(total) as (keyof Result)[]) total[key] += result[key];
  }
  const { kills, ok, acknowledgedWrites, elections } = total;
  console.log(
    `${members} members: ${kills} kills, ${elections} elections, ${ok} operations answered, ${acknowledgedWrites} acknowledged writes read back, none lost`,
  );
}
for (const members of ['3', '5']) chaos('-n', members, '--seed', `soak/all/${members}`);
