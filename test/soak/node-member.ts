/** One member in a process of its own, to be killed: its options as JSON in argv; a line when it runs, a line when it ends. */
import { KvMachine } from '@seedraft/kv';
import { type NodeOptions, startNode } from '@seedraft/node';

const options = JSON.parse(process.argv[2] ?? '{}') as Omit<NodeOptions, 'machine'>;
const started = await startNode({ ...options, machine: () => new KvMachine() });
if (!started.ok) {
  console.error(`${started.code}: ${started.sentence}`);
  process.exit(1);
}
const { node } = started;
process.on('SIGTERM', () => void node.stop());
console.log('running');
const { code, sentence } = await node.stopped;
console.log(`${code}: ${sentence}`);
process.exit(code === 'STOPPED' ? 0 : 1);
