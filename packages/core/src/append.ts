/**
 * What any role does to its own log: append, truncate. Keeps log, configuration stack and durableIndex in step with one another.
 */
import type { Configuration } from './configuration.ts';
import { entrySize } from './log.ts';
import type { Entry, Index } from './message.ts';
import { event } from './outbox.ts';
import type { OutstandingWrite, RaftState } from './state.ts';
import { popConfigurations, pushConfiguration } from './tracker.ts';

const NO_DATA = new Uint8Array(0);

export function appendEntry(raft: RaftState, entry: Entry): void {
  raft.log.append(entry);
  if (raft.appendedFrom === 0) raft.appendedFrom = entry.index;
  if (entry.configuration !== null) pushConfiguration(raft, entry.index, entry.configuration);
}

/** A leader's own new entry, in its term. */
export function appendOwnEntry(
  raft: RaftState,
  kind: Entry['kind'],
  data: Uint8Array,
  checksum: number,
  configuration: Configuration | null,
): Index {
  const index = raft.log.lastIndex + 1;
  const entry: Entry = { index, term: raft.currentTerm, kind, data, checksum, configuration };
  raft.uncommittedBytes += entrySize(entry);
  appendEntry(raft, entry);
  noteHighWater(raft);
  return index;
}

/** F2 RS.L.1, second half: a new leader's empty entry; what it commits, it commits with it. */
export function appendNoop(raft: RaftState): Index {
  return appendOwnEntry(raft, 'noop', NO_DATA, 0, null);
}

export function appendConfiguration(raft: RaftState, configuration: Configuration): Index {
  return appendOwnEntry(raft, 'configuration', NO_DATA, 0, configuration);
}

function noteHighWater(raft: RaftState): void {
  if (raft.aboveHighWater || raft.uncommittedBytes * 4 < raft.config.maxUncommittedBytes * 3)
    return;
  raft.aboveHighWater = true;
  event(raft, { type: 'HighWater', uncommittedBytes: raft.uncommittedBytes });
}

/** Drops every entry at or after `index`. What was durable there stands for nothing any more. */
export function truncateLog(raft: RaftState, index: Index): void {
  raft.log.truncateFrom(index);
  raft.truncatedFrom = index;
  popConfigurations(raft, index);
  capDurable(raft, index - 1);
  event(raft, { type: 'Truncated', fromIndex: index });
}

/**
 * The log changed after `index`: no write issued before may vouch for anything beyond. By seq, not by (index, term): an entry that was
 * overwritten and came back is not durable by its first write.
 */
export function capDurable(raft: RaftState, index: Index): void {
  if (raft.durableIndex > index) raft.durableIndex = index;
  for (let i = 0; i < raft.outstanding.length; i += 1) {
    const write = raft.outstanding[i] as OutstandingWrite;
    if (write.lastIndex > index) raft.outstanding[i] = { ...write, lastIndex: index };
  }
}
