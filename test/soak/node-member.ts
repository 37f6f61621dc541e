/**
 * One member in a process of its own, to be measured and killed: its options as JSON in argv; a line when it runs, a line when it ends. To a parent
 * that asks over the process's channel it tells its figures.
 */
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { type ApiLimits, MemberDoor, openApi, type ProtocolName } from '@seedraft/api';
import { type NodeEvent, type NodeMetrics, type NodeOptions, startNode } from '@seedraft/node';
import type { MemberStatus } from '@seedraft/wire';
import { CountingMachine } from './counting-machine.ts';

export type MemberOptions = Omit<NodeOptions, 'machine' | 'log' | 'storage'> & {
  /** Other systems' protocols, and the port of each. */
  readonly apis?: Readonly<Partial<Record<ProtocolName, number>>>;
  readonly apiLimits?: Partial<ApiLimits>;
};

/** The answer to any message. */
export interface MemberFigures {
  readonly status: MemberStatus;
  readonly metrics: NodeMetrics;
  /** How often each event happened, by its name and what tells it from others of that name. */
  readonly events: Readonly<Record<string, number>>;
  /** How often each key was written that is to be written once. */
  readonly writes: CountingMachine['writes'];
  /** That it has open; 0 where the system does not say. */
  readonly sockets: number;
}

const { apis = {}, apiLimits, ...options } = JSON.parse(process.argv[2] ?? '{}') as MemberOptions;
const machine = new CountingMachine();
const events: Record<string, number> = {};
const started = await startNode({
  ...options,
  machine,
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
const door = new MemberDoor(node);
for (const [protocol, port] of Object.entries(apis)) {
  const listen = { host: '127.0.0.1', port };
  const limits = apiLimits ?? {};
  await openApi({ protocol: protocol as ProtocolName, listen, door, limits });
}
process.on('SIGTERM', () => void node.stop());
// Its parent is gone, however that came about.
process.on('disconnect', () => process.exit(1));
process.on('message', () => {
  void node.metrics().then((metrics) => {
    const { writes } = machine;
    const figures = { status: node.status(), metrics, events, writes, sockets: openSockets() };
    process.send?.(figures satisfies MemberFigures);
  });
});
console.log('running');
const { code, sentence } = await node.stopped;
console.log(`${code}: ${sentence}`);
process.exit(code === 'STOPPED' ? 0 : 1);

/** A connection that was left and never closed shows nowhere else. */
function openSockets(): number {
  const open = '/proc/self/fd';
  if (!existsSync(open)) return 0;
  return readdirSync(open).filter((each) => {
    try {
      return readlinkSync(path.join(open, each)).startsWith('socket:');
    } catch {
      // The one that this listing was read by.
      return false;
    }
  }).length;
}

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
