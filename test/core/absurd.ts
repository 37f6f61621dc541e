/** Well-typed RPCs that no correct peer would send: wrong terms, gaps, contradictions, strangers. */
import type { Configuration, Entry, PeerMessage, SnapshotMetadata } from '@seedraft/core';
import { type Node, voters, type World } from './world.ts';

const NO_BYTES = new Uint8Array(0);

/** One at random, near enough to the target's own state to get past the first check. */
export function absurd(world: World, target: Node): PeerMessage {
  const raft = target.raft;
  if (raft === null) throw new Error('the target is down');
  const near = (value: number): number => Math.max(0, value + world.pick(7) - 3);
  const any = (): number => near([0, raft.commitIndex, raft.log.lastIndex][world.pick(3)] ?? 0);
  const coin = (): boolean => world.random() < 0.5;
  const rpc = {
    from: 1 + world.pick(5),
    to: target.id,
    term: coin() ? raft.currentTerm : near(raft.currentTerm),
  };
  const round = world.pick(100);
  const snapshot = someSnapshot(any(), near(raft.currentTerm), any());
  switch (world.pick(14)) {
    case 0:
      return {
        ...rpc,
        type: 'RequestVote',
        lastLogIndex: any(),
        lastLogTerm: any(),
        transfer: coin(),
      };
    case 1:
      return { ...rpc, type: 'RequestVoteReply', voteGranted: coin() };
    case 2:
      return { ...rpc, type: 'PreVote', lastLogIndex: any(), lastLogTerm: any() };
    case 3:
      return { ...rpc, type: 'PreVoteReply', voteGranted: coin() };
    case 4:
    case 5: {
      const prevLogIndex = any();
      const prevLogTerm = coin() ? (raft.log.termAt(prevLogIndex) ?? 0) : near(raft.currentTerm);
      const entries = someEntries(world, prevLogIndex, prevLogTerm);
      return {
        ...rpc,
        type: 'AppendEntries',
        prevLogIndex,
        prevLogTerm,
        entries,
        leaderCommit: any(),
        round,
      };
    }
    case 6:
      return {
        ...rpc,
        type: 'AppendEntriesReply',
        success: coin(),
        matchIndex: any(),
        rejectedIndex: any(),
        conflictIndex: any(),
        conflictTerm: any(),
        round,
        lastIndex: any(),
      };
    case 7:
      return {
        ...rpc,
        type: 'InstallSnapshot',
        snapshot,
        offset: world.pick(3),
        length: 0,
        data: NO_BYTES,
        round,
      };
    case 8:
      return {
        ...rpc,
        type: 'InstallSnapshotReply',
        snapshotId: snapshot.id,
        offset: any(),
        installed: coin(),
        matchIndex: any(),
        round,
      };
    case 9:
      return { ...rpc, type: 'TimeoutNow' };
    case 10:
      return { ...rpc, type: 'TimeoutNowReply', reason: 'NOT_READY' };
    case 11:
      return coin()
        ? { ...rpc, type: 'ReadIndex', id: any() }
        : { ...rpc, type: 'ReadIndexReply', id: any(), index: any(), refusal: null };
    case 12:
      return {
        ...rpc,
        type: 'ForwardProposal',
        id: any(),
        data: NO_BYTES,
        checksum: 0,
        hops: world.pick(4),
      };
    default:
      return {
        ...rpc,
        type: 'ForwardProposalReply',
        id: any(),
        outcome: { outcome: 'unknown', index: 1, term: 1 },
      };
  }
}

function someSnapshot(index: number, term: number, configurationIndex: number): SnapshotMetadata {
  const id = `absurd-${index}`;
  const configuration: Configuration = voters(1, 2, 9);
  return {
    id,
    lastIncludedIndex: index,
    lastIncludedTerm: term,
    configuration,
    configurationIndex,
    size: 0,
    checksum: 0,
  };
}

function someEntries(world: World, prevLogIndex: number, prevLogTerm: number): Entry[] {
  const entries: Entry[] = [];
  let term = prevLogTerm;
  let index = prevLogIndex;
  for (let i = world.pick(5); i > 0; i -= 1) {
    index += world.random() < 0.95 ? 1 : 2;
    term += world.random() < 0.8 ? 0 : 1;
    const isConfiguration = world.random() < 0.2;
    entries.push({
      index,
      term,
      kind: isConfiguration ? 'configuration' : 'command',
      data: NO_BYTES,
      checksum: 0,
      configuration: isConfiguration ? voters(1 + world.pick(3), 4) : null,
    });
  }
  return entries;
}
