/**
 * The verdict on a data directory, from what a scan found and from the witness beside it.
 *
 *   intact      the chain is whole from its base to its head, and the head is at or past the witness. A torn tail beyond is cut.
 *   repairable  the newest hard state is proven, but bytes are damaged: whatever of the log is missing comes back from the leader, and until
 *               then the member neither votes nor acknowledges. Also when nothing is missing, so that damage is never passed over.
 *   damaged     the newest hard state is not proven: this id must never vote again.
 *
 * The proof: a group is acknowledged only after a witness of it was written. So the group that the newest witness names, found with that
 * very hash, and linked to everything found after it, bears the newest hard state that this member can have answered for. If one slot is
 * unreadable it may have been the newer one; then only a directory without any other blemish is believed.
 */
import type { SnapshotMetadata } from '@seedraft/core';
import type { RecoveredMember } from '@seedraft/replica';
import { Chain, witnessOf } from './chain.ts';
import { ChunkIndex } from './chunk.ts';
import { Collection, type FoundGroup, type FoundWitness } from './collect.ts';
import { describeDefect, type FoundRecord, type Place, type Scan } from './engine.ts';
import { type FreshDirectory, layOut } from './fresh.ts';
import { isSameDigest } from './integrity.ts';
import { baseKey, groupKey, parseKey } from './keys.ts';
import { ReplayedLog } from './replayed-log.ts';
import type { Resumption } from './resumption.ts';
import { encodeWitness, type Slot, type Witness } from './witness.ts';

export type Verdict =
  /** Nothing is there: bootstrap or join, said explicitly. */
  | { readonly outcome: 'empty' }
  | {
      readonly outcome: 'intact';
      readonly member: RecoveredMember;
      readonly resumption: Resumption;
      /** Set: replace all files by these before going on (and ignore `cut`). */
      readonly rewrite: FreshDirectory | null;
      /** A torn tail, to be cut off before the engine opens the file. */
      readonly cut: Place | null;
      /** To be written and fsynced before the member starts: the newest word may have been lost, or a slot be unreadable. */
      readonly witness: SlotWrite | null;
    }
  | {
      readonly outcome: 'repairable';
      readonly member: RecoveredMember;
      readonly sentence: string;
      readonly resumption: Resumption;
      readonly rewrite: FreshDirectory | null;
      readonly cut: Place | null;
      readonly witness: SlotWrite | null;
    }
  | { readonly outcome: 'damaged'; readonly sentence: string }
  /** Written by a newer version. */
  | { readonly outcome: 'refused'; readonly sentence: string };

export interface SlotWrite {
  readonly slot: Slot;
  readonly bytes: Uint8Array;
}

export function recover(scan: Scan): Verdict {
  if (scan.empty) return { outcome: 'empty' };
  const found = new Collection(scan);
  if (found.newer !== null) {
    const advice = 'Start the version that wrote it; an older one would misread it.';
    return { outcome: 'refused', sentence: `${found.newer}. ${advice}` };
  }
  return new Recovery(scan, found).judge();
}

class Recovery {
  readonly #scan: Scan;
  readonly #found: Collection;

  constructor(scan: Scan, found: Collection) {
    this.#scan = scan;
    this.#found = found;
  }

  judge(): Verdict {
    const [base] = this.#found.bases;
    const [newest] = this.#found.witnesses;
    if (newest === undefined) return this.#damaged('no slot of the witness is readable');
    const { witness } = newest;
    if (base === undefined) return this.#damaged('no base is readable, so the chain has no start');
    if (base.incarnation !== witness.incarnation) {
      return this.#damaged('the witness belongs to another directory than the database');
    }
    const chain = new Chain(base);
    const log = new ReplayedLog(base);
    this.#walk(chain, log);

    const head = chain.nextSeq - 1;
    const isComplete =
      head === this.#found.newestSeq && head >= base.firstSeq && head >= witness.seq;
    if (!this.#agrees(witness)) {
      return this.#damaged(`group ${witness.seq} is not the one that the witness saw`);
    }
    // A slot that cannot be read may have said more than the one that can.
    const isBlemished = this.#found.defects.length > 0 || !isComplete;
    if (this.#found.witnesses.length < 2 && isBlemished) {
      return this.#damaged('one slot of the witness is unreadable and may have been the newer');
    }
    if (isComplete) return this.#whole(newest, chain, log);
    const proven = this.#provenHead(witness);
    if (proven === null) return this.#damaged(this.#missing(head, witness));
    return this.#prefix(newest, chain, log, proven);
  }

  /** From the base as far as one group continues the other. */
  #walk(chain: Chain, log: ReplayedLog): void {
    for (;;) {
      const next = this.#found.groups.get(chain.nextSeq);
      if (next === undefined) return;
      const refusal = chain.refusal(next.group);
      if (refusal !== null) {
        const key = groupKey(next.group.seq);
        const record = this.#scan.records.find((candidate) => candidate.key === key)!;
        const { file, offset } = record;
        this.#found.defects.push({ file, offset, reason: `${key} ${refusal}`, kind: 'damage' });
        return;
      }
      chain.append(next.group, next.hash);
      log.apply(next.group.steps);
    }
  }

  /** False when the group that the witness names is there but is another one. */
  #agrees(witness: Witness): boolean {
    const named = this.#found.groups.get(witness.seq);
    return named === undefined || isSameDigest(witness.hash, named.hash);
  }

  /** The newest group, when it is linked to the one the witness names; null when that cannot be shown. */
  #provenHead(witness: Witness): FoundGroup | null {
    let proven = this.#found.groups.get(witness.seq);
    if (proven === undefined) return null;
    for (let seq = witness.seq + 1; seq <= this.#found.newestSeq; seq++) {
      const next = this.#found.groups.get(seq);
      if (next === undefined || !isSameDigest(next.group.previous, proven.hash)) return null;
      proven = next;
    }
    return proven;
  }

  /** Every group is there. The snapshot may not be, and bytes that nothing needs may be damaged. */
  #whole(newest: FoundWitness, chain: Chain, log: ReplayedLog): Verdict {
    const chunks = this.#chunksOf(log.snapshot);
    const isAttached = log.floor <= (log.snapshot?.lastIncludedIndex ?? 0);
    const isDamaged = this.#found.defects.some((defect) => defect.kind === 'damage');
    if (chunks === null || !isAttached) {
      // From index 1 the log stands without its snapshot.
      const isComplete = log.floor === 0;
      const repairUntil = isComplete ? chain.repairUntil : chain.lastIndex;
      return this.#rewritten(newest, chain, log, { isComplete, repairUntil, chunks: null });
    }
    if (isDamaged) {
      const { repairUntil } = chain;
      return this.#rewritten(newest, chain, log, { isComplete: true, repairUntil, chunks });
    }
    const member = memberOf(chain, log);
    const { cut } = this.#scan;
    if (this.#scan.rewrite) {
      const rewrite = this.#layOut(chain, log, chain.repairUntil, chunks);
      const { resumption } = rewrite;
      return { outcome: 'intact', member, resumption, rewrite, cut: null, witness: null };
    }
    // Into the other slot, so that this write too spares the newest word.
    const witness = { slot: other(newest.slot), bytes: encodeWitness(witnessOf(chain)) };
    const resumption = this.#resume(newest.slot, chain, log.snapshot, chunks);
    const asItIs = { member, resumption, rewrite: null, cut, witness };
    if (chain.repairUntil === 0) return { outcome: 'intact', ...asItIs };
    const sentence = `a repair up to index ${chain.repairUntil} was under way and goes on`;
    return { outcome: 'repairable', sentence, ...asItIs };
  }

  /** Groups are missing in the middle: what comes before them is a log like any lagging follower's, the hard state is the newest. */
  #prefix(newest: FoundWitness, chain: Chain, log: ReplayedLog, { group }: FoundGroup): Verdict {
    const chunks = this.#chunksOf(log.snapshot);
    const isAttached = log.floor <= (log.snapshot?.lastIncludedIndex ?? 0);
    const repairUntil = Math.max(group.lastIndex, group.repairUntil, newest.witness.lastIndex);
    const kept = isAttached ? chunks : null;
    const fate = { isComplete: kept === null && log.floor === 0, repairUntil, chunks: kept };
    return this.#rewritten(newest, chain, log, { ...fate, hardState: group.hardState });
  }

  /**
   * The directory laid out afresh. Without `chunks` the snapshot is given up, and with it every entry unless the log begins at 1; the
   * configuration of that snapshot then stands in for the bootstrap one until the repair is over.
   */
  #rewritten(
    newest: FoundWitness,
    chain: Chain,
    log: ReplayedLog,
    fate: {
      readonly isComplete: boolean;
      readonly repairUntil: number;
      readonly chunks: ChunkIndex | null;
      readonly hardState?: RecoveredMember['core']['hardState'];
    },
  ): Verdict {
    const before = log.snapshot;
    if (fate.chunks === null) {
      log.snapshot = null;
      if (!fate.isComplete) {
        log.entries.length = 0;
        log.floor = 0;
      }
    }
    discardSuperseded(log);
    const configuration =
      fate.isComplete || log.snapshot !== null || before === null
        ? chain.base.configuration
        : before.configuration;
    const hardState = fate.hardState ?? chain.hardState;
    const firstSeq = Math.max(this.#found.newestSeq, newest.witness.seq) + 1;
    const rewrite = layOut({
      ...this.#state(chain, log, fate.repairUntil, fate.chunks ?? new ChunkIndex()),
      configuration,
      hardState,
      firstSeq,
    });
    const { resumption } = rewrite;
    const member = {
      incarnation: chain.base.incarnation,
      core: { ...memberOf(resumption.chain, log).core, configuration },
    };
    const last = log.floor + log.entries.length;
    const loss =
      fate.repairUntil === 0
        ? 'nothing of the log is missing'
        : `hard state term ${hardState.term} is proven, the log is known up to ${last} of ${fate.repairUntil}`;
    const sentence = `${this.#defects()}; ${loss}`;
    return {
      outcome: 'repairable',
      member,
      sentence,
      resumption,
      rewrite,
      cut: null,
      witness: null,
    };
  }

  #layOut(chain: Chain, log: ReplayedLog, repairUntil: number, chunks: ChunkIndex): FreshDirectory {
    return layOut(this.#state(chain, log, repairUntil, chunks));
  }

  #state(chain: Chain, log: ReplayedLog, repairUntil: number, chunks: ChunkIndex) {
    const id = log.snapshot?.id;
    const chunkRecords = id === undefined ? [] : this.#recordsOf(id);
    return {
      incarnation: chain.base.incarnation,
      configuration: chain.base.configuration,
      hardState: chain.hardState,
      snapshot: log.snapshot,
      floor: log.floor,
      entries: log.entries,
      repairUntil,
      firstSeq: chain.nextSeq,
      previous: chain.previous,
      chunkRecords,
      chunks,
    };
  }

  #resume(
    nextSlot: Slot,
    chain: Chain,
    snapshot: SnapshotMetadata | null,
    chunks: ChunkIndex,
  ): Resumption {
    const snapshots = new Map<string, ChunkIndex>();
    const needed = new Set<string>();
    if (snapshot !== null) {
      snapshots.set(snapshot.id, chunks);
      for (const record of this.#recordsOf(snapshot.id)) needed.add(record.key);
    }
    needed.add(baseKey(chain.base.firstSeq));
    const garbage: string[] = [];
    for (const { key } of this.#scan.records) {
      const parsed = parseKey(key);
      const isLiveGroup = parsed?.kind === 'group' && parsed.seq >= chain.base.firstSeq;
      if (!isLiveGroup && !needed.has(key)) garbage.push(key);
    }
    return { chain, snapshots, garbage, nextSlot };
  }

  /** Null when bytes of the snapshot are missing or wrong; an empty index when there is no snapshot. */
  #chunksOf(snapshot: SnapshotMetadata | null): ChunkIndex | null {
    if (snapshot === null) return new ChunkIndex();
    const index = this.#found.snapshots.get(snapshot.id)?.index ?? new ChunkIndex();
    if (index.isWhole(snapshot)) return index;
    const { file } = this.#scan.records[0] ?? { file: 'the database' };
    const reason = `snapshot ${snapshot.id} is intact only up to byte ${index.size} of ${snapshot.size}`;
    this.#found.defects.push({ file, offset: 0, reason, kind: 'damage' });
    return null;
  }

  #recordsOf(id: string): readonly FoundRecord[] {
    return this.#found.snapshots.get(id)?.records ?? [];
  }

  #missing(head: number, witness: Witness): string {
    const { term, votedFor } = witness.hardState;
    return (
      `the chain is known up to group ${head}, but group ${witness.seq} was durable ` +
      `(term ${term}, vote ${votedFor}, last index ${witness.lastIndex}): groups ${head + 1} and after are missing`
    );
  }

  #defects(): string {
    const { defects } = this.#found;
    if (defects.length === 0) return 'no file is visibly damaged, yet records are missing';
    const more = defects.length > 3 ? ` (and ${defects.length - 3} more)` : '';
    return defects.slice(0, 3).map(describeDefect).join('; ') + more;
  }

  #damaged(what: string): Verdict {
    const advice = 'This id may have voted what is now unknown: rejoin as a new member.';
    return { outcome: 'damaged', sentence: `${this.#defects()}; ${what}. ${advice}` };
  }
}

const other = (slot: Slot): Slot => (slot === 0 ? 1 : 0);

function memberOf(chain: Chain, log: ReplayedLog): RecoveredMember {
  const applied = log.snapshot?.lastIncludedIndex ?? 0;
  const last = log.floor + log.entries.length;
  return {
    incarnation: chain.base.incarnation,
    core: {
      hardState: chain.hardState,
      snapshot: log.snapshot,
      // A log that ends before its snapshot does not attach to it.
      entries: last < applied ? [] : log.entries,
      configuration: chain.base.configuration,
      applied,
      repairUntil: chain.repairUntil,
    },
  };
}

/**
 * A proven prefix may end before the snapshot, or (what replaced it is missing) contradict it: then the snapshot stands for all of it, and
 * the log goes on after it, here as in the core.
 */
function discardSuperseded(log: ReplayedLog): void {
  const { snapshot, floor, entries } = log;
  if (snapshot === null) return;
  const { lastIncludedIndex, lastIncludedTerm } = snapshot;
  const joins = floor === lastIncludedIndex;
  const atBase = entries[lastIncludedIndex - floor - 1];
  if (joins || atBase?.term === lastIncludedTerm) return;
  entries.length = 0;
  log.floor = lastIncludedIndex;
}
