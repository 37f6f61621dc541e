/**
 * Proves with three real processes over real disks, whose leader is killed with SIGKILL while requests are under way: each write that the client
 * answers was applied exactly once, each that it fails says so truly, and a watcher ends with exactly what is there.
 */
import { connect, type Kv, SeedraftError } from '@seedraft/client';
import { afterAll, expect, test } from 'vitest';
import { Cluster } from '../soak/cluster.ts';

let cluster: Cluster | null = null;
afterAll(() => cluster?.end());

class Workload {
  readonly stored = new Set<string>();
  readonly lost = new Set<string>();
  readonly unknown = new Set<string>();
  isOver = false;

  /** A key that its own writer finds taken was written twice. */
  async run(kv: Kv, worker: number): Promise<void> {
    for (let i = 0; !this.isOver; i++) {
      const key = `w${worker}/${String(i).padStart(6, '0')}`;
      try {
        expect(await kv.put(key, i, { ifAbsent: true })).toMatchObject({ status: 'stored' });
        this.stored.add(key);
      } catch (error) {
        if (!(error instanceof SeedraftError)) throw error;
        (error.outcome === 'unknown' ? this.unknown : this.lost).add(key);
      }
    }
  }
}

/** What a watcher knows, kept up to date until the key `end` comes. */
async function follow(kv: Kv): Promise<Set<string>> {
  const known = new Set<string>();
  for await (const event of kv.watch('')) {
    if (event.type === 'reset') {
      known.clear();
      for (const { key } of event.items) known.add(key);
    } else if (event.type === 'put') {
      expect(known.has(event.item.key)).toBe(false);
      known.add(event.item.key);
    }
    if (known.has('end')) break;
  }
  return known;
}

test('the leader is killed under load, again and again', async () => {
  const raft = { electionTimeoutMin: 250, electionTimeoutMax: 500, heartbeatInterval: 50 };
  cluster = await Cluster.start({ size: 3, options: { raft } });
  // One address: the others are learned.
  const client = await connect({ endpoints: [cluster.endpoints[0]!] });
  const kv = client.kv('work');
  const workload = new Workload();
  const workers = Array.from({ length: 16 }, (_, i) => workload.run(kv, i));
  const watcher = follow(kv);
  for (let cycle = 0; cycle < 2; cycle++) {
    const goal = workload.stored.size + 200;
    await expect.poll(() => workload.stored.size, { timeout: 15_000 }).toBeGreaterThan(goal);
    const { leader } = await client.status();
    if (leader === 0) continue;
    const member = cluster.members[leader - 1]!;
    await member.killed();
    const after = workload.stored.size + 100;
    await expect.poll(() => workload.stored.size, { timeout: 15_000 }).toBeGreaterThan(after);
    await member.start();
  }
  workload.isOver = true;
  await Promise.all(workers);
  await kv.put('end', 0);
  const there = new Set<string>();
  for (let after = ''; ; ) {
    const page = await kv.scan('', { limit: 1000, ...(after !== '' && { after }) });
    for (const { key } of page.items) there.add(key);
    if (!page.more) break;
    after = page.items.at(-1)!.key;
  }
  for (const key of workload.stored) expect(there).toContain(key);
  for (const key of workload.lost) expect(there).not.toContain(key);
  // Sessions outlive an election: nothing needed to be given up.
  expect([workload.unknown.size, workload.lost.size]).toEqual([0, 0]);
  expect(await watcher).toEqual(there);
  await client.close();
}, 60_000);
