/**
 * The configuration in force: the latest in the log, committed or not (dissertation 4.1), kept as a stack of (index, configuration).
 * Appending pushes, truncation pops, compaction folds into the base, a snapshot replaces it. Also what a quorum of it agrees on.
 * Invariant: `peers`, voters and slots are always those of the top of the stack.
 */
import { type Configuration, incomingVoters, isVoterIn, type MemberId } from './configuration.ts';
import type { Index } from './message.ts';
import { event } from './outbox.ts';
import { Progress } from './progress.ts';
import { hasMajority, quorumScratch, quorumValue } from './quorum.ts';
import { type RaftState, SELF } from './state.ts';

export function configurationInForce(raft: RaftState): Configuration {
  return raft.configurations[raft.configurations.length - 1] as Configuration;
}

export function configurationIndexInForce(raft: RaftState): Index {
  return raft.configurationIndexes[raft.configurationIndexes.length - 1] as Index;
}

/** The position in the stack of the configuration that holds at `index`. */
function positionAt(raft: RaftState, index: Index): number {
  let position = raft.configurationIndexes.length - 1;
  while (position > 0 && (raft.configurationIndexes[position] as Index) > index) position -= 1;
  return position;
}

/** The configuration at `index` and the index of its entry: what a snapshot taken there must carry. */
export function configurationAt(
  raft: RaftState,
  index: Index,
): { readonly index: Index; readonly configuration: Configuration } {
  const position = positionAt(raft, index);
  return {
    index: raft.configurationIndexes[position] as Index,
    configuration: raft.configurations[position] as Configuration,
  };
}

export function pushConfiguration(
  raft: RaftState,
  index: Index,
  configuration: Configuration,
): void {
  raft.configurationIndexes.push(index);
  raft.configurations.push(configuration);
  adoptConfiguration(raft);
}

/** The log was truncated from `fromIndex` on: an overwritten configuration was never in force. */
export function popConfigurations(raft: RaftState, fromIndex: Index): void {
  const before = raft.configurationIndexes.length;
  while (configurationIndexInForce(raft) >= fromIndex && raft.configurationIndexes.length > 1) {
    raft.configurationIndexes.pop();
    raft.configurations.pop();
  }
  if (raft.configurationIndexes.length !== before) adoptConfiguration(raft);
}

/** Compaction up to `index`: of all configurations up to there, only the last can still matter. */
export function foldConfigurations(raft: RaftState, index: Index): void {
  const position = positionAt(raft, index);
  raft.configurationIndexes.splice(0, position);
  raft.configurations.splice(0, position);
}

export function resetConfigurations(
  raft: RaftState,
  index: Index,
  configuration: Configuration,
): void {
  raft.configurationIndexes = [index];
  raft.configurations = [configuration];
  adoptConfiguration(raft);
}

/** Recomputes what is derived from the top of the stack. Progress of members that stay is kept. */
export function adoptConfiguration(raft: RaftState): void {
  const configuration = configurationInForce(raft);
  raft.incomingVoters = incomingVoters(configuration);
  raft.outgoingVoters = configuration.outgoing ?? [];
  refreshElectable(raft);
  if (raft.role === 'leader') adoptPeers(raft);
  event(raft, {
    type: 'ConfigurationInForce',
    index: configurationIndexInForce(raft),
    configuration,
  });
}

/** A leader's progress list follows the configuration. */
export function adoptPeers(raft: RaftState): void {
  const known = raft.peers;
  raft.peers = configurationInForce(raft)
    .members.filter((member) => member.id !== raft.id)
    .map(
      (member) =>
        known.find((progress) => progress.id === member.id) ??
        new Progress(member.id, raft.log.lastIndex + 1, raft.now),
    );
  raft.incomingSlots = raft.incomingVoters.map((id) => slotOf(raft, id));
  raft.outgoingSlots = raft.outgoingVoters.map((id) => slotOf(raft, id));
}

/** A voter that is no member (only a damaged configuration has one) gets a slot past the end: it never answers. */
function slotOf(raft: RaftState, id: MemberId): number {
  if (id === raft.id) return SELF;
  const slot = raft.peers.findIndex((progress) => progress.id === id);
  return slot === -1 ? raft.peers.length : slot;
}

/** A voter in any configuration that may be the committed one may campaign (dissertation 4.2.2): else {1,2} -> {2} can deadlock. */
export function refreshElectable(raft: RaftState): void {
  const first = positionAt(raft, raft.commitIndex);
  raft.electable = raft.configurations.some(
    (configuration, position) => position >= first && isVoterIn(configuration, raft.id),
  );
}

/** Does this member count in the configuration in force? */
export function isVoterInForce(raft: RaftState): boolean {
  return raft.incomingVoters.includes(raft.id) || raft.outgoingVoters.includes(raft.id);
}

export function findProgress(raft: RaftState, id: MemberId): Progress | null {
  const peers = raft.peers;
  for (let i = 0; i < peers.length; i += 1) {
    const progress = peers[i] as Progress;
    if (progress.id === id) return progress;
  }
  return null;
}

/** Have majorities of every half granted? */
export function isQuorumGranted(raft: RaftState, granted: readonly MemberId[]): boolean {
  return (
    raft.incomingVoters.length > 0 &&
    hasMajority(raft.incomingVoters, granted) &&
    hasMajority(raft.outgoingVoters, granted)
  );
}

/** What is measured over the voters: how far they match, which round they echoed, when they were last heard. */
export type Measure = 'matchIndex' | 'ackedRound' | 'lastContact';

/** The largest value that a majority of each half reaches. */
export function quorumOf(raft: RaftState, measure: Measure): number {
  const incoming = quorumOfHalf(raft, raft.incomingSlots, measure);
  if (raft.outgoingSlots.length === 0) return incoming;
  return Math.min(incoming, quorumOfHalf(raft, raft.outgoingSlots, measure));
}

function quorumOfHalf(raft: RaftState, slots: readonly number[], measure: Measure): number {
  const scratch = quorumScratch();
  for (let i = 0; i < slots.length; i += 1) {
    const slot = slots[i] as number;
    if (slot === SELF) scratch[i] = ownValue(raft, measure);
    else
      scratch[i] = slot < raft.peers.length ? peerValue(raft.peers[slot] as Progress, measure) : 0;
  }
  return quorumValue(slots.length);
}

/** A leader counts its own entries only once they are durable here, like anyone's. */
function ownValue(raft: RaftState, measure: Measure): number {
  if (measure === 'matchIndex') return raft.durableIndex;
  return measure === 'ackedRound' ? raft.round : raft.now;
}

function peerValue(progress: Progress, measure: Measure): number {
  if (measure === 'matchIndex') return progress.matchIndex;
  return measure === 'ackedRound' ? progress.ackedRound : progress.lastContact;
}
