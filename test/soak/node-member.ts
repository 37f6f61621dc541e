/**
 * One member in a process of its own, to be measured and killed: its options as JSON in argv; a line when it runs, a line when it ends. To a parent
 * that asks over the process's channel it tells its figures.
 */
import { KvMachine } from '@seedraft/kv';
import { type NodeEvent, type NodeMetrics, type NodeOptions, startNode } from '@seedraft/node';
import type { MemberStatus } from '@seedraft/wire';

export type MemberOptions = Omit<NodeOptions, 'machine' | 'log' | 'storage'>;

/** The answer to any message. */
export interface MemberFigures {
  readonly status: MemberStatus;
  readonly metrics: NodeMetrics;
  /** How often each event happened, by its name and what tells it from others of that name. */
  readonly events: Readonly<Record<string, number>>;
}

const options = JSON.parse(process.argv[2] ?? '{}') as MemberOptions;
const events: Record<string, number> = {};
const started = await startNode({
  ...options,
  machine: () => new KvMachine(),
  log: (event) => {
    const name = nameOf(event);
    events[name] = (events[name] ?? 0) + 1;
  },
});
if (!started.ok) {
  console.error(`${started.code}: ${started.sentence}`);
  process.exit(1);
}
const { node } = started;
process.on('SIGTERM', () => void node.stop());
// Its parent is gone, however that came about.
process.on('disconnect', () => process.exit(1));
process.on('message', () => {
  void node.metrics().then((metrics) => {
    process.send?.({ status: node.status(), metrics, events } satisfies MemberFigures);
  });
});
console.log('running');
const { code, sentence } = await node.stopped;
console.log(`${code}: ${sentence}`);
process.exit(code === 'STOPPED' ? 0 : 1);

/** Few different ones, whatever strangers send. */
function nameOf(event: NodeEvent): string {
  switch (event.type) {
    case 'Raft':
      return event.event.type;
    case 'BadFrame':
      return `${event.type} ${event.from} ${event.code}`;
    case 'ConnectionRefused':
      return `${event.type} ${event.from}`;
    case 'PeerRefused':
      return `${event.type} ${event.code}`;
    default:
      return event.type;
  }
}
