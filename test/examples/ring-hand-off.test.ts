/**
 * Real members of a ring as the example has them: they come, one is killed, one leaves, one loses the member it asks. Proves over the whole log that each vnode,
 * from its first claim on, had exactly one owner at every index, and that nobody but its owner worked on it or gave it away.
 */
import { once } from 'node:events';
import { type KvChange, type KvRing, watch } from '@seedraft/kv';
import { afterAll, expect, test } from 'vitest';
import { ApiCluster } from '../api/api-cluster.ts';
import { ask } from '../api/http-client.ts';
import { ExamplePrograms } from './example-program.ts';

let cluster: ApiCluster | null = null;
let programs: ExamplePrograms | null = null;
afterAll(() => Promise.all([programs?.stop(), cluster?.stop()]));

interface Vnode {
  readonly owner: string;
  readonly by: string;
  readonly version: number;
}

/** What happened to the ring and to the vnodes, in the order of the log. */
class Ledger {
  /** Nodes of the ring, and whom it gives each vnode. */
  ring: ReadonlyMap<number, string> = new Map();
  nodes: readonly string[] = [];
  readonly vnodes = new Map<number, Vnode>();
  readonly flaws: string[] = [];
  readonly worked = new Map<string, number>();
  handedOver = 0;
  taken = 0;

  onRing({ item }: KvChange): void {
    const { nodes } = item!.value as KvRing;
    this.nodes = nodes.map(({ id }) => id);
    this.ring = new Map(nodes.flatMap(({ id, vnodes }) => vnodes.map((at) => [at, id] as const)));
  }

  onVnode(change: KvChange): void {
    const number = Number(change.key.split('/')[1]);
    const before = this.vnodes.get(number);
    const after = (change.item?.value ?? null) as Vnode | null;
    const flaw = after === null ? 'nobody owns it' : this.#judge(before, after, change.kind);
    if (flaw !== null) this.flaws.push(`${flaw}: ${JSON.stringify({ number, before, after })}`);
    if (after !== null) this.vnodes.set(number, after);
  }

  #judge(before: Vnode | undefined, after: Vnode, kind: string): string | null {
    const { owner, by, version } = after;
    if (kind !== 'cas') return 'changed by no Cas';
    if (version !== (before?.version ?? 0) + 1) return 'not the next version';
    if (before === undefined) return by === owner ? null : 'claimed for somebody else';
    if (owner === before.owner) {
      this.worked.set(by, (this.worked.get(by) ?? 0) + 1);
      return by === owner ? null : 'worked on by who does not own it';
    }
    this.handedOver += 1;
    if (by === before.owner) return null;
    this.taken += 1;
    const isGivenUp = !this.nodes.includes(before.owner);
    return by === owner && isGivenUp ? null : 'taken from who is still in the ring';
  }

  /** Everybody has what the ring gives, and these are all in it. */
  isSettled(...nodes: readonly string[]): boolean {
    const owners = [...this.ring].every(([at, node]) => this.vnodes.get(at)?.owner === node);
    return owners && this.ring.size === 16 && String([...this.nodes].sort()) === String(nodes);
  }

  hasWorked(more: number, ...nodes: readonly string[]): boolean {
    return nodes.every((node) => (this.worked.get(node) ?? 0) >= more);
  }
}

test('the ledger finds what must not happen', () => {
  const change = (after: Vnode | null, kind = 'cas') => {
    const ledger = new Ledger();
    ledger.nodes = ['a', 'b'];
    ledger.vnodes.set(1, { owner: 'a', by: 'a', version: 1 });
    const item = after && { value: after };
    ledger.onVnode({ kind, key: 'vnode/1', item } as unknown as KvChange);
    return ledger.flaws[0];
  };
  expect(change({ owner: 'a', by: 'a', version: 2 })).toBeUndefined();
  expect(change({ owner: 'b', by: 'a', version: 2 })).toBeUndefined();
  expect(change(null, 'delete')).toMatch(/^nobody owns it/);
  expect(change({ owner: 'a', by: 'a', version: 2 }, 'put')).toMatch(/^changed by no Cas/);
  expect(change({ owner: 'a', by: 'a', version: 1 })).toMatch(/^not the next version/);
  expect(change({ owner: 'a', by: 'b', version: 2 })).toMatch(/^worked on by who does not own/);
  expect(change({ owner: 'b', by: 'b', version: 2 })).toMatch(/^taken from who is still in/);
});

test('vnodes move as the ring changes, each owned by one at every index', {
  timeout: 60_000,
}, async () => {
  cluster = await ApiCluster.start('uring');
  const { nodes: world, members } = cluster;
  const [first, second, third] = members.map(({ api }) => api.address) as [string, string, string];
  const ledger = new Ledger();
  const { node } = members[2]!;
  const follow = (namespace: string, prefix: string, heard: (change: KvChange) => void) =>
    node.watch(
      watch(namespace, prefix),
      (_, change) => heard(change as KvChange),
      () => ledger.flaws.push('changes were missed'),
    );
  follow('$uring', '', (change) => ledger.onRing(change));
  follow('default', 'vnode/', (change) => ledger.onVnode(change));

  programs = await ExamplePrograms.of('ring-hand-off', ['member'], ['ws']);
  const a = programs.start('member', 'a', first, third);
  await world.until('a has all', () => ledger.isSettled('a') && ledger.hasWorked(20, 'a'));
  const b = programs.start('member', 'b', second, third);
  const c = programs.start('member', 'c', third);
  await world.until('three share', () => ledger.isSettled('a', 'b', 'c'));
  await world.until('all work', () => ledger.hasWorked(20, 'a', 'b', 'c'));
  expect(ledger.taken).toBe(0);

  b.kill('SIGKILL');
  // Dead is not enough: what it had stays its own until the ring gives it up.
  await once(b, 'exit');
  expect(await ask(second, 'DELETE', '/mring/node/b')).toMatchObject({ status: 200 });
  await world.until('b is replaced', () => ledger.isSettled('a', 'c'));
  expect(ledger.taken).toBeGreaterThan(0);

  // The one that a asks stops to serve, with commands under way.
  await members[0]!.api.stop();
  await programs.said(new RegExp(`^a follows the ring at ${third}$`));
  c.kill('SIGTERM');
  expect(await once(c, 'exit')).toEqual([0, null]);
  await world.until('a has all again', () => ledger.isSettled('a'));
  a.kill('SIGTERM');
  expect(await once(a, 'exit')).toEqual([0, null]);

  expect(ledger.flaws).toEqual([]);
  expect(ledger.vnodes.size).toBe(16);
  // What c was told is done, and what is done it was told.
  const [, said] = await programs.said(/^c worked (\d+) times and holds nothing$/);
  expect(ledger.worked.get('c')).toBe(Number(said));
});
