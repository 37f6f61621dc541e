/**
 * What a leader knows about one follower: nextIndex and matchIndex (Figure 2), how it is being fed (probe, replicate, snapshot), and the window
 * of what is in flight. Invariants: matchIndex only grows in a term, unless the follower itself proves that it lost its log; nextIndex > matchIndex.
 */
import type { MemberId } from './configuration.ts';
import type { Index, SnapshotMetadata } from './message.ts';

export type ProgressState = 'probe' | 'replicate' | 'snapshot';

/** Nothing due; a bare round (anchored where it must match); a heartbeat (anchored at nextIndex - 1: it finds losses). */
export type Beat = 'none' | 'round' | 'heartbeat';

export class Progress {
  readonly id: MemberId;
  state: ProgressState = 'probe';
  nextIndex: Index;
  matchIndex: Index = 0;
  /** probe: one message is out; snapshot: a chunk is out, or there is none to send. */
  paused = false;
  beat: Beat = 'none';
  /** The highest round it echoed. */
  ackedRound = 0;
  /** When it was last heard in this term. */
  lastContact: number;
  /** The leader's round when matchIndex last grew: a refusal of a later round proves a lost log. */
  matchRound = 0;
  /** Highest leaderCommit it can have acted upon. */
  commitSent: Index = 0;
  /** As it said itself. */
  lastIndex: Index = 0;

  inflightEnds: Index[] = [];
  inflightSizes: number[] = [];
  inflightHead = 0;
  inflightBytes = 0;

  /** The snapshot being sent; stays the same one until it arrives or becomes unavailable. */
  snapshot: SnapshotMetadata | null = null;
  snapshotOffset = 0;
  snapshotSentAt = 0;

  /** Catch-up rounds of a learner (dissertation 4.2.1). */
  catchUpTarget: Index;
  catchUpStartedAt: number;
  caughtUp = false;

  constructor(id: MemberId, nextIndex: Index, now: number) {
    this.id = id;
    this.nextIndex = nextIndex;
    this.lastContact = now;
    this.catchUpTarget = nextIndex - 1;
    this.catchUpStartedAt = now;
  }

  becomeProbe(nextIndex: Index): void {
    this.state = 'probe';
    this.nextIndex = nextIndex;
    this.paused = false;
    this.snapshot = null;
    this.clearInflight();
  }

  becomeReplicate(nextIndex: Index): void {
    this.state = 'replicate';
    this.nextIndex = nextIndex;
    this.paused = false;
    this.snapshot = null;
    this.clearInflight();
  }

  becomeSnapshot(snapshot: SnapshotMetadata): void {
    this.state = 'snapshot';
    this.paused = false;
    this.snapshot = snapshot;
    this.snapshotOffset = 0;
    this.clearInflight();
  }

  get inflightCount(): number {
    return this.inflightEnds.length - this.inflightHead;
  }

  addInflight(lastIndex: Index, bytes: number): void {
    this.inflightEnds.push(lastIndex);
    this.inflightSizes.push(bytes);
    this.inflightBytes += bytes;
  }

  /** Frees what `matchIndex` covers. */
  freeInflight(matchIndex: Index): void {
    const ends = this.inflightEnds;
    let head = this.inflightHead;
    while (head < ends.length && (ends[head] as Index) <= matchIndex) {
      this.inflightBytes -= this.inflightSizes[head] as number;
      head += 1;
    }
    this.inflightHead = head;
    if (head === ends.length) this.clearInflight();
    else if (head >= 64) this.dropFreed();
  }

  private dropFreed(): void {
    this.inflightEnds.splice(0, this.inflightHead);
    this.inflightSizes.splice(0, this.inflightHead);
    this.inflightHead = 0;
  }

  private clearInflight(): void {
    while (this.inflightEnds.length > 0) {
      this.inflightEnds.pop();
      this.inflightSizes.pop();
    }
    this.inflightHead = 0;
    this.inflightBytes = 0;
  }

  copy(): Progress {
    const copy = Object.assign(new Progress(this.id, this.nextIndex, this.lastContact), this);
    copy.inflightEnds = this.inflightEnds.slice();
    copy.inflightSizes = this.inflightSizes.slice();
    return copy;
  }
}
