/** What a running member says: pino's JSON lines for machines, or the same as text for people; each event of the node becomes one sentence. */
import type { NodeEvent } from '@seedraft/node';
import pc from 'picocolors';
import { type Logger, pino } from 'pino';
import { FloodGate } from './flood-gate.ts';
import type { ServeSettings } from './settings.ts';

export type { Logger };

/** Text a person reads in a terminal: time, level, who, what. */
function textLine(line: string): string {
  const { time, level, name, msg } = JSON.parse(line) as Record<string, string | number>;
  const clock = new Date(Number(time)).toISOString().slice(11, 23);
  // `cluster up` says whose line it is.
  const who = process.connected ? '' : `${name} `;
  return `${pc.dim(clock)} ${LEVEL_MARKS[String(level)] ?? level} ${who}${msg}\n`;
}

const LEVEL_MARKS: Readonly<Record<string, string>> = {
  debug: pc.dim('debug'),
  info: pc.cyan('info '),
  warn: pc.yellow('warn '),
  error: pc.red('error'),
};

export function createLogger(
  name: string,
  settings: Pick<ServeSettings, 'log-level' | 'log-format'>,
): Logger {
  const options = {
    name,
    level: settings['log-level'],
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (settings['log-format'] === 'json') return pino(options, process.stderr);
  return pino(options, { write: (line: string) => process.stderr.write(textLine(line)) });
}

/** What strangers can cause, and nobody else would often. */
const OF_STRANGERS: ReadonlySet<NodeEvent['type']> = new Set([
  'BadFrame',
  'ConnectionRefused',
  'PeerRefused',
]);

/** Writes the events of one member. */
export function eventWriter(logger: Logger): (event: NodeEvent) => void {
  const gate = new FloodGate();
  return (event) => {
    const { level, ...fields } = event;
    if (!OF_STRANGERS.has(event.type)) {
      logger[level](fields, describeEvent(event));
      return;
    }
    const withheld = gate.admit(event.type, performance.now());
    if (withheld === null) return;
    const sentence = describeEvent(event);
    if (withheld === 0) logger[level](fields, sentence);
    else
      logger[level]({ ...fields, withheld }, `${sentence} (and ${withheld} more like it before)`);
  };
}

/** One sentence, without who says it. */
export function describeEvent(event: NodeEvent): string {
  switch (event.type) {
    case 'Started':
      return `started as member ${event.id} of ${event.clusterId}; members at ${event.peerAddress}, clients at ${event.clientAddress || 'no port'}`;
    case 'StorageWarning':
      return event.sentence;
    case 'Raft':
      return describeRaft(event.event);
    case 'PeerConnected':
      return `connected with member ${event.id} at ${event.address}`;
    case 'PeerDisconnected':
      return `lost member ${event.id} at ${event.address}: ${event.reason}`;
    case 'PeerRefused':
      return event.by === 'us'
        ? `refused ${event.id === 0 ? 'a stranger' : `member ${event.id}`} at ${event.address}: ${event.sentence}`
        : `was refused by ${event.address}: ${event.sentence}`;
    case 'PeerSlow':
      return `cut member ${event.id} off: it does not read (${event.waitingBytes} bytes waited)`;
    case 'BadFrame':
      return `closed a ${event.from}'s connection from ${event.address}: ${event.reason} (${event.code})`;
    case 'ConnectionRefused':
      return `refused a ${event.from}'s connection from ${event.address}: ${event.reason}`;
    case 'ClientConnected':
      return `client ${event.client} connected from ${event.address}`;
    case 'ClientDisconnected':
      return `client ${event.client} at ${event.address} is gone: ${event.reason}`;
    case 'Founding':
      return event.sentence;
    case 'Founded':
      return 'met all first members: the cluster is founded';
    case 'Joining':
      return `joining: ${event.step}`;
    case 'Stopping':
      return `stopping: ${event.step}`;
    case 'Stopped':
      return `stopped (${event.code}): ${event.sentence}${event.report === '' ? '' : ` Details: ${event.report}`}`;
  }
}

type RaftEvent = Extract<NodeEvent, { type: 'Raft' }>['event'];

function describeRaft(event: RaftEvent): string {
  switch (event.type) {
    case 'BecameRole':
      return `is ${event.role} in term ${event.term} (${event.reason})`;
    case 'LeaderKnown':
      return `follows member ${event.leader}, leader of term ${event.term}`;
    case 'ConfigurationInForce': {
      const { members, outgoing } = event.configuration;
      const who = members.map(({ id, role }) => (role === 'voter' ? `${id}` : `${id} (${role})`));
      return `members as of entry ${event.index}: ${who.join(', ')}${outgoing === null ? '' : `; leaving ${outgoing.join(', ')}`}`;
    }
    case 'Truncated':
      return `drops its uncommitted entries from ${event.fromIndex} on: another leader's take their place`;
    case 'SnapshotInstalled':
      return `has a snapshot up to entry ${event.snapshot.lastIncludedIndex} from its leader`;
    case 'SnapshotNeeded':
      return `needs a snapshot (${event.reason})`;
    case 'HighWater':
      return `refuses writes for now: ${event.uncommittedBytes} bytes are not committed yet`;
    case 'LowWater':
      return 'takes writes again';
  }
}
