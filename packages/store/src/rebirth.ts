/**
 * Directories of members that begin, or go on, under a new cluster id, by an operator's word alone: from a backup, or as the only one left of
 * a cluster that lost its majority for good. No vote and no acknowledgement of the old cluster binds them, because nobody of it can reach
 * them any more: the cluster id in every handshake keeps them apart.
 */
import { crc32c, hash64 } from '@seedraft/codec';
import type {
  Configuration,
  Entry,
  HardState,
  Index,
  Member,
  MemberId,
  SnapshotMetadata,
} from '@seedraft/core';
import type { RecoveredMember } from '@seedraft/replica';
import type { BackupAbout } from './backup.ts';
import { ChunkIndex } from './chunk.ts';
import type { Put } from './engine.ts';
import { type FreshDirectory, layOut } from './fresh.ts';
import type { Resumption } from './resumption.ts';

/** The snapshot with which every member of a restored cluster begins: the same on all of them, whoever makes it. */
export function restoredSnapshot(
  { index, term }: BackupAbout,
  { size, checksum }: ChunkIndex,
  configuration: Configuration,
): SnapshotMetadata {
  return {
    id: `${index}-${term}-restored-${checksum.toString(16)}`,
    lastIncludedIndex: index,
    lastIncludedTerm: term,
    configuration,
    // It came into force with the snapshot itself: no entry of the new cluster's log says so, and none of the old one's counts.
    configurationIndex: index,
    size,
    checksum,
  };
}

/** A member whose whole history is that snapshot. Its term is the snapshot's, in which nobody ever votes: candidates begin above. */
export function layOutRestored(
  incarnation: string,
  snapshot: SnapshotMetadata,
  chunks: ChunkIndex,
  chunkRecords: readonly Put[],
): FreshDirectory {
  return layOut({
    incarnation,
    configuration: snapshot.configuration,
    hardState: { term: snapshot.lastIncludedTerm, votedFor: 0 },
    snapshot,
    floor: snapshot.lastIncludedIndex,
    entries: [],
    repairUntil: 0,
    firstSeq: 1,
    previous: hash64(incarnation),
    chunkRecords,
    chunks,
  });
}

/** What becomes of a member that is made the only one. */
export interface Forcing {
  readonly hardState: HardState;
  /** The last of them makes this member the only voter. */
  readonly entries: readonly Entry[];
  readonly configuration: Configuration;
  readonly previously: Configuration;
  /** The last index known to have been committed; what follows may have been. */
  readonly committed: Index;
  /** Of its log as it was. */
  readonly lastIndex: Index;
  /** Above lastIndex: entries up to there were durable here once, and are lost. */
  readonly lostUntil: Index;
}

/** Null: it never held anything, so nothing says who it is, and there is nothing to save. */
export function forcing(id: MemberId, { core, incarnation }: RecoveredMember): Forcing | null {
  const { hardState, snapshot, entries, repairUntil } = core;
  const known = [core.configuration, snapshot?.configuration, ...entries.map(configurationOf)];
  const named = known.filter((one) => one !== null && one !== undefined);
  const previously = named.at(-1)!;
  const own = namedIn(named, id);
  if (own === null) return null;
  const { name, peerAddress, clientAddress, priority } = own;
  const member: Member = {
    ...{ id, incarnation, name, peerAddress, clientAddress },
    role: 'voter',
    priority,
  };
  const { highestId } = previously;
  const configuration = { members: [member], outgoing: null, autoLeave: false, highestId };
  const committed = snapshot?.lastIncludedIndex ?? 0;
  const lastIndex = Math.max(committed, entries.at(-1)?.index ?? 0);
  const term = hardState.term + 1;
  const data = new Uint8Array(0);
  const index = lastIndex + 1;
  const kind = 'configuration';
  const last: Entry = { index, term, kind, data, checksum: crc32c(data), configuration };
  return {
    hardState: { term, votedFor: 0 },
    entries: [...entries, last],
    configuration,
    previously,
    committed,
    lastIndex,
    lostUntil: repairUntil,
  };
}

const configurationOf = ({ configuration }: Entry): Configuration | null => configuration;

/** As it was last named. */
function namedIn(configurations: readonly Configuration[], id: MemberId): Member | null {
  for (let at = configurations.length - 1; at >= 0; at--) {
    const member = configurations[at]!.members.find((one) => one.id === id);
    if (member !== undefined) return member;
  }
  return null;
}

/** The directory of the member that goes on alone: the log as it was and one entry more, never one entry less. */
export function layOutForced(
  { core, incarnation }: RecoveredMember,
  { chain, snapshots }: Resumption,
  { hardState, entries }: Forcing,
  chunkRecords: readonly Put[],
): FreshDirectory {
  const { snapshot, configuration } = core;
  return layOut({
    incarnation,
    configuration,
    hardState,
    snapshot,
    floor: entries[0]!.index - 1,
    entries,
    // Nobody is left who could bring back what is missing.
    repairUntil: 0,
    firstSeq: chain.nextSeq,
    previous: chain.previous,
    chunkRecords,
    chunks: (snapshot === null ? undefined : snapshots.get(snapshot.id)) ?? new ChunkIndex(),
  });
}
