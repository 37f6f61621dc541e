/** A hostile schedule from a seed: proposals, reads, membership changes, transfers, partitions, crashes, over a bad network and slow disks. */
import type { MemberChange, RaftConfig } from '@seedraft/core';
import { member, type Node, voters, World } from './world.ts';

/** `size` voters, all started. */
export function cluster(seed: number, size: number, config: Partial<RaftConfig> = {}): World {
  const world = new World(seed, config);
  const ids = Array.from({ length: size }, (_, i) => i + 1);
  for (const id of ids) world.add(id, voters(...ids));
  return world;
}

/** Some change, often an impossible one: refusing it is half of the rule. */
function change(world: World, node: Node): void {
  const id = 1 + world.pick(7);
  const other = 1 + world.pick(7);
  const changes: MemberChange[] = [
    world.random() < 0.5
      ? { type: 'add', member: member(id, world.random() < 0.5 ? 'voter' : 'learner') }
      : { type: 'remove', id },
    { type: world.random() < 0.5 ? 'promote' : 'demote', id: other },
  ];
  const mode = (['single', 'joint', 'explicit'] as const)[world.pick(3)] ?? 'single';
  const taken = world.random() < 0.2 ? [] : changes.slice(0, 1 + world.pick(2));
  world.step(node, {
    type: 'ChangeMembership',
    at: world.now,
    id: world.nextId(node),
    changes: taken,
    mode,
  });
}

/** Random proposals, reads, transfers, partitions, crashes; then everything heals and must converge. */
export function storm(
  seed: number,
  config: Partial<RaftConfig> = {},
  watch: World['onStep'] = null,
): World {
  const world = cluster(seed, 3 + (seed % 3), config);
  for (let id = world.nodes.size + 1; id <= 7; id += 1) world.add(id);
  world.onStep = watch;
  const delay = [30, 5, 200][world.pick(3)] as number;
  const hostile = { drop: 0.1, duplicate: 0.1, delay, diskDelay: 20 };
  world.knobs = { ...world.knobs, ...hostile, snapshotEvery: seed % 2 === 0 ? 8 : 0 };
  const nodes = [...world.nodes.values()];
  for (let round = 0; round < 150; round += 1) {
    world.run(world.now + world.pick(60));
    const node = nodes[world.pick(nodes.length)] as Node;
    const dice = world.random();
    if (node.raft === null) {
      if (dice < 0.3) world.start(node);
    } else if (dice < 0.05) world.crash(node);
    else if (dice < 0.1) world.isolate(node.id);
    else if (dice < 0.2) world.heal();
    else if (dice < 0.4) world.read(node, world.config.leaseReads ? 'lease' : 'readIndex');
    else if (dice < 0.43) {
      const id = world.nextId(node);
      world.step(node, { type: 'TransferLeadership', at: world.now, id, target: 0 });
    } else if (dice < 0.53) change(world, node);
    else for (const target of nodes) if (target.raft !== null) world.propose(target, `c${round}`);
  }
  return world;
}
