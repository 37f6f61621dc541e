/**
 * A member's first state at a boot, from what its store kept (Figure 2: what is persistent survives, what is volatile starts afresh).
 * Invariant: nothing is assumed durable or committed that the store did not say.
 */
import { isVoterIn } from './configuration.ts';
import { assert } from './invariants.ts';
import { Log } from './log.ts';
import type { Entry } from './message.ts';
import type { RaftOptions, Recovered } from './options.ts';
import { resetElectionTimer } from './role.ts';
import { RaftState } from './state.ts';
import { adoptConfiguration } from './tracker.ts';

/** The state a member starts from. */
export function recover(options: RaftOptions): RaftState {
  const { id, config, seed, at, recovered } = options;
  const raft = new RaftState(id, config, seed, at);
  raft.currentTerm = recovered.hardState.term;
  raft.votedFor = recovered.hardState.votedFor;
  raft.durableTerm = raft.currentTerm;
  raft.durableVotedFor = raft.votedFor;
  raft.snapshot = recovered.snapshot;
  raft.repairUntil = recovered.repairUntil;
  raft.log = recoverLog(recovered);
  raft.durableIndex = raft.log.lastIndex;
  raft.commitIndex = Math.max(recovered.snapshot?.lastIncludedIndex ?? 0, recovered.applied);
  raft.deliveredIndex = raft.commitIndex;
  raft.lastApplied = raft.commitIndex;
  assert(raft.commitIndex <= raft.log.lastIndex, 'local', 'recovered less log than was applied');
  recoverConfigurations(raft, recovered);
  // Votes and acknowledgements of the last boot may still back someone's lease; this boot does not know when it began.
  if (config.leaseReads) raft.refuseVotesUntil = at + config.electionTimeoutMax;
  resetElectionTimer(raft);
  raft.outEvents = null;
  return raft;
}

/** Entries over their snapshot. Those that do not reach it, or contradict it, are older than it. */
function recoverLog(recovered: Recovered): Log {
  const { snapshot, entries } = recovered;
  const base = snapshot?.lastIncludedIndex ?? 0;
  const first = entries[0];
  if (first === undefined) return new Log(base, snapshot?.lastIncludedTerm ?? 0);
  const atBase = base === 0 ? undefined : entries[base - first.index];
  const joins = first.index === base + 1 || atBase?.term === snapshot?.lastIncludedTerm;
  if (!joins) {
    assert(first.index <= base, 'local', 'recovered entries leave a gap after the snapshot');
    return new Log(base, snapshot?.lastIncludedTerm ?? 0);
  }
  return joinLog(recovered, first, base);
}

/** The term before the first entry is known at 0 and at the snapshot; elsewhere the first entry itself becomes the base. */
function joinLog(recovered: Recovered, first: Entry, base: number): Log {
  const atStart = first.index === 1;
  const afterSnapshot = first.index === base + 1;
  const log =
    atStart || afterSnapshot
      ? new Log(first.index - 1, atStart ? 0 : (recovered.snapshot?.lastIncludedTerm ?? 0))
      : new Log(first.index, first.term);
  const entries = recovered.entries;
  for (let i = log.lastIndex + 1 - first.index; i < entries.length; i += 1) {
    log.append(entries[i] as Entry);
  }
  return log;
}

/** The configuration at the snapshot (or the bootstrap one), then those in the entries after it. */
function recoverConfigurations(raft: RaftState, recovered: Recovered): void {
  const { snapshot } = recovered;
  raft.configurations = [snapshot?.configuration ?? recovered.configuration];
  raft.configurationIndexes = [snapshot?.configurationIndex ?? 0];
  for (const entry of raft.log.entries) {
    if (entry.configuration === null) continue;
    if (entry.index <= (snapshot?.lastIncludedIndex ?? 0)) continue;
    raft.configurations.push(entry.configuration);
    raft.configurationIndexes.push(entry.index);
  }
  adoptConfiguration(raft);
  raft.electable = raft.configurations.some((known) => isVoterIn(known, raft.id));
}
