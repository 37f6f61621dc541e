/**
 * A bare event loop: the simulator's own queue and keyed draws, with 5 imaginary members that only answer each other. What is left when
 * Raft, disks, clients and rules are taken away; the simulator's speed is printed as a ratio to it.
 */
import { EventQueue, expandSeed, Randomness } from '@seedraft/sim';

const MEMBERS = 5;

/** Returns how many events ran. */
export function bareLoop(events: number): number {
  const queue = new EventQueue();
  const latency = new Randomness(expandSeed('bare')).stream('latency');
  for (let member = 1; member <= MEMBERS; member++) queue.push(member, 1, member, 0, null);
  let ran = 0;
  let received = 0;
  while (ran < events && queue.pop()) {
    ran++;
    received += queue.b;
    const to = (queue.a % MEMBERS) + 1;
    queue.push(queue.time + 1 + latency.below(1000), 1, to, queue.a, null);
  }
  if (received === 0) throw new Error('the loop did nothing');
  return ran;
}
