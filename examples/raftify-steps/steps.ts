/** raftify's quick guide, its five steps, as one program: `node dist/steps.mjs` (README.md). Step 1 is hash-store.ts. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createNode, raftifyConfig } from 'seedraft';
import { connect } from 'seedraft/client';
import { HashStore, SetEntry } from './hash-store.ts';

const [folder = 'data', firstPort = '7300'] = process.argv.slice(2);
const { options } = raftifyConfig({ tickInterval: 50, electionTick: 10, heartbeatTick: 3 });
const member = (n: number) => ({
  address: `127.0.0.1:${Number(firstPort) + 2 * n}`,
  clientAddress: `127.0.0.1:${Number(firstPort) + 2 * n + 1}`,
  data: `${folder}/n${n}`,
  machine: () => new HashStore(),
  ...options,
});

// Step 2: bootstrap a cluster of one. It runs from here on; `stopped` resolves when it ends.
const one = await createNode({ id: 1, ...member(1) });
await one.propose(new SetEntry('made by', 'the first member').encode());
console.log('2. bootstrapped:', one.clusterSize, 'member');

// Step 3: ids for two more, recorded by the log; each starts as a learner, and both become voters by one change.
const tickets = [await one.requestId(member(2).address), await one.requestId(member(3).address)];
const [two, three] = await Promise.all([
  createNode({ ticket: tickets[0]!, ...member(2) }),
  createNode({ ticket: tickets[1]!, ...member(3) }),
]);
await two.join(tickets);
console.log('3. joined as', two.id, 'and', three.id);

// Step 4: from outside, by a client ...
const client = await connect({ endpoints: [three.clientAddress] });
await client.command(new SetEntry('asked by', 'a client').encode());
await client.members.change([{ type: 'demote', id: 3 }], 'explicit');
await client.members.leaveJoint();
await client.members.join([tickets[1]!]);
const { members } = await client.members.configuration();
console.log('4. peers:', members.map(({ id, role }) => `${id} ${role}`).join(', '));
console.log('   snapshot up to', await client.snapshot(), 'in term', (await client.status()).term);

// ... and from inside, by the member's own handle, whoever leads.
await three.propose(new SetEntry('asked by', 'the third member').encode());
const store = three.stateMachine as HashStore;
console.log('   read here:', store.get('asked by'), '/ everywhere:', await two.query('made by'));
await two.campaign();
console.log('   leader:', two.isLeader ? two.id : two.leaderId);
await three.leave();
console.log('   left:', (await three.stopped).code);

// Step 5: look into a directory while it is in use, and into a member.
const command = fileURLToPath(new URL('../bin/seedraft.js', import.meta.resolve('seedraft')));
for (const words of [
  ['persisted', member(1).data],
  ['node', two.clientAddress],
  ['entries', two.clientAddress],
]) {
  const { stdout } = await promisify(execFile)(process.execPath, [command, 'debug', ...words]);
  console.log(`5. debug ${words.join(' ')}\n${stdout}`);
}

await client.close();
await Promise.all([one.stop(), two.stop()]);
