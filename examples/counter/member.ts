/** One member of a real cluster of three counters: `node dist/member.mjs 1` (README.md). */
import { createNode } from 'seedraft';
import { Counter } from './counter.ts';

const id = Number(process.argv[2] ?? 1);
const members = [1, 2, 3].map((n) => ({
  id: n,
  address: `127.0.0.1:${7100 + n}`,
  clientAddress: `127.0.0.1:${7200 + n}`,
}));
const own = members.find((member) => member.id === id);
if (own === undefined) throw new Error('say which member this is: 1, 2 or 3');

const node = await createNode({
  ...own,
  peers: members.filter((member) => member !== own),
  data: `data/n${id}`,
  machine: () => new Counter(),
  config: { electionTimeoutMin: 300, electionTimeoutMax: 600, heartbeatInterval: 60 },
});
console.log(`n${id} listens for clients at ${node.clientAddress}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void node.stop());
await node.stopped;
