/** `seedraft debug node`: what one running member says of itself, and of its followers where it leads. */
import type { MemberStatus } from '@seedraft/wire';
import type { Command } from 'commander';
import { facts, table } from '../reporters/table.ts';
import { describeMembers } from './describe-members.ts';
import { addReachOptions, type ReachFlags, reach } from './reach.ts';

export function addDebugNode(debug: Command, finish: (code: number) => void): void {
  addReachOptions(
    debug
      .command('node')
      .summary('everything a running member says of itself')
      .description(
        'Who it is and whom it follows, its log, its snapshot and its disk; of each follower, where it leads, how far it is.',
      ),
  )
    .argument('<host:port>', 'its client address')
    .action(async (address: string, flags: ReachFlags) =>
      finish(
        await reach({ ...flags, endpoints: address }, async (client) => {
          const json = await client.status({ address });
          return { text: outline(json), json };
        }),
      ),
    );
}

/** For people. */
export function outline(of: MemberStatus): string {
  const follows = of.leader === 0 ? 'nobody it knows of' : `member ${of.leader}`;
  const leader = of.role === 'leader' ? 'itself' : `${follows} ${of.leaderAddress}`.trimEnd();
  const text = facts([
    ['node', `${of.id} (${of.name}) of cluster ${of.clusterId}, incarnation ${of.incarnation}`],
    ['role', `${of.role} in term ${of.term}`],
    ['leader', leader],
    ['members', describeMembers(of.configuration)],
    ['log', `${of.firstIndex}..${of.lastIndex}, the last of term ${of.lastTerm}`],
    ['committed', `${of.commitIndex}`],
    ['applied', `${of.appliedIndex}, cluster time ${of.clusterTime} ms`],
    ['snapshot', of.snapshotIndex === 0 ? 'none' : `of everything up to ${of.snapshotIndex}`],
    ['state', `${of.stateBytes} bytes, digest ${of.stateDigest}`],
    ['disk', of.damaged ?? 'sound'],
    ...(of.founding === null ? [] : [['founding', of.founding] as const]),
    ['runs', `version ${of.version}, for ${Math.round(of.uptime / 1000)} s`],
  ]);
  return of.role === 'leader' ? `${text}\n\n${followers(of)}` : text;
}

function followers({ progress, lastIndex, configuration }: MemberStatus): string {
  const rows = progress.map(({ id, matchIndex, nextIndex, state }) => {
    const member = configuration.members.find((one) => one.id === id);
    const numbers = [matchIndex, nextIndex, lastIndex - matchIndex].map(String);
    return [`${id}`, member?.name ?? '', member?.role ?? '', ...numbers, state];
  });
  return table(['follower', 'name', 'role', 'match', 'next', 'behind', 'progress'], rows);
}
