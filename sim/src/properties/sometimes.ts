/**
 * The `sometimes` points: rare situations that a campaign must have met, or its silence proves nothing (the vacuity guard in ../vacuity.ts).
 * Each is one sentence; it counts how often the situation occurred. Watching is not judging: nothing here ever fails.
 */
import type { Entry, Index, MemberId, PeerMessage, Persist, Term } from '@seedraft/core';
import type { ClientRequest, ReadMode, RecoveredMember } from '@seedraft/replica';
import type { ClientOperation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import { sameVoters } from './quorum.ts';
import type { Hooks, Step } from './rule.ts';
import type { MemberShadow } from './shadow.ts';

/** Every point, in words. */
export const SOMETIMES = [
  'a leader changed while a joint configuration was in force',
  'a leader changed while a configuration was uncommitted',
  'a candidate lost to another in the same term',
  'a leader stepped down without hearing of a higher term',
  'a vote was refused because the log was behind',
  'an append was refused for a mismatch',
  'a follower truncated its log',
  'a configuration entry was truncated',
  'a configuration changed who votes',
  'a joint configuration was entered',
  'a joint configuration was left',
  'a learner was promoted',
  'a leader removed itself',
  'entries of former terms were committed by a later leader',
  'a snapshot was installed',
  'a snapshot came in several chunks',
  'a member took a snapshot of its own',
  'a crash kept writes under way',
  'a crash lost writes under way',
  'a member restarted with entries to repair',
  'a leader crashed while a write was pending',
  'a disk was lost',
  'a member spoke under another incarnation',
  'a write failed on a full disk',
  'a duplicate was answered from the session table',
  'a command of an expired session was refused',
  'a session expired',
  'a read was served by a follower',
  'a lease read was served',
  'a read was served within two election timeouts of a leader change',
  'an operation ended unknown',
  'a leadership transfer was completed',
  'several commands were proposed as one',
  'a write and a read were asked of a member as one',
  'several commands that came as one were handed on to the leader',
  'a leader was deposed before several commands proposed as one were committed',
] as const;
export type SometimesPoint = (typeof SOMETIMES)[number];

interface Batch {
  readonly term: Term;
  readonly lastIndex: Index;
}

export class Sometimes implements Hooks {
  readonly sends = ['AppendEntriesReply'] as const;
  readonly receives = ['RequestVote', 'InstallSnapshot'] as const;
  readonly #ledger: Ledger;
  readonly #counts: Record<SometimesPoint, number>;
  readonly #recent: number;
  #leader: MemberId = 0;
  /** Where the latest commands that a member proposed as one end, by member. */
  readonly #batches: (Batch | undefined)[] = [];

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#recent = 2 * ledger.world.plan.raft.electionTimeoutMax * 1000;
    const zeros = SOMETIMES.map((point) => [point, 0]);
    this.#counts = Object.fromEntries(zeros) as Record<SometimesPoint, number>;
  }

  counts(): Record<string, number> {
    return { ...this.#counts };
  }

  #note(point: SometimesPoint): void {
    this.#counts[point] += 1;
  }

  onBoot(shadow: MemberShadow, recovered: RecoveredMember): void {
    if (shadow.impostor) this.#note('a member spoke under another incarnation');
    if (recovered.core.repairUntil > 0) this.#note('a member restarted with entries to repair');
    if (shadow.kept > 0) this.#note('a crash kept writes under way');
    if (shadow.lost > 0) this.#note('a crash lost writes under way');
  }

  onCrash(shadow: MemberShadow): void {
    if (shadow.role === 'leader' && shadow.pending.length > 0) {
      this.#note('a leader crashed while a write was pending');
    }
  }

  onWipe(): void {
    this.#note('a disk was lost');
  }

  onTransition(step: Step): void {
    const { shadow, role, term, raft } = step;
    if (shadow.role === 'leader' && role !== 'leader' && term === shadow.term) {
      this.#note('a leader stepped down without hearing of a higher term');
    }
    if (shadow.role === 'leader' && (role !== 'leader' || term !== shadow.term)) {
      const batch = this.#batches[shadow.id];
      if (batch !== undefined && batch.term === shadow.term && batch.lastIndex > step.commit) {
        this.#note('a leader was deposed before several commands proposed as one were committed');
      }
    }
    if (shadow.role === 'candidate' && role === 'follower' && term === shadow.term) {
      this.#note('a candidate lost to another in the same term');
    }
    if (role !== 'leader' || shadow.role === 'leader') return;
    if (this.#leader !== 0 && this.#leader !== shadow.id) {
      if (raft.configuration.outgoing !== null) {
        this.#note('a leader changed while a joint configuration was in force');
      }
      if (raft.configurationIndex > this.#ledger.committed) {
        this.#note('a leader changed while a configuration was uncommitted');
      }
    }
    this.#leader = shadow.id;
  }

  onPersist(step: Step, persist: Persist): void {
    const { shadow } = step;
    const { truncateFrom, snapshot, entries } = persist;
    if (snapshot !== null) this.#note('a snapshot was installed');
    if (truncateFrom > 0 && truncateFrom <= shadow.claimed.lastIndex) {
      this.#note('a follower truncated its log');
      const latest = shadow.configurations.latest;
      if (latest !== undefined && latest.index >= truncateFrom) {
        this.#note('a configuration entry was truncated');
      }
    }
    if (step.role !== 'leader') return;
    if (step.message.type === 'Propose' && entries.length > 1) {
      this.#note('several commands were proposed as one');
      const { index: lastIndex, term } = entries[entries.length - 1] as Entry;
      this.#batches[shadow.id] = { term, lastIndex };
    }
    for (let i = 0; i < entries.length; i++) {
      if ((entries[i] as Entry).kind === 'configuration') this.#changed(step, entries[i] as Entry);
    }
  }

  #changed(step: Step, entry: Entry): void {
    const previous = step.shadow.configurations.latest?.configuration;
    const next = entry.configuration;
    if (previous === undefined || next === null) return;
    if (!sameVoters(previous, next)) this.#note('a configuration changed who votes');
    if (previous.outgoing === null && next.outgoing !== null) {
      this.#note('a joint configuration was entered');
    }
    if (previous.outgoing !== null && next.outgoing === null) {
      this.#note('a joint configuration was left');
    }
    for (const { id, role } of next.members) {
      const before = previous.members.find((member) => member.id === id);
      if (role === 'voter' && before?.role === 'learner') this.#note('a learner was promoted');
    }
    const own = (id: MemberId) => id === step.shadow.id;
    if (!next.members.some(({ id, role }) => own(id) && role !== 'leaving')) {
      this.#note('a leader removed itself');
    }
  }

  onCommit(step: Step): void {
    const { committing } = this.#ledger;
    if (committing === null) return;
    if (step.shadow.claimed.termAt(committing.from) < step.term) {
      this.#note('entries of former terms were committed by a later leader');
    }
  }

  onSend(_step: Step, message: PeerMessage): void {
    if (message.type === 'AppendEntriesReply' && !message.success && message.rejectedIndex > 0) {
      this.#note('an append was refused for a mismatch');
    }
  }

  onReceive(step: Step, message: PeerMessage): void {
    if (message.type === 'InstallSnapshot') {
      if (message.offset > 0) this.#note('a snapshot came in several chunks');
      return;
    }
    if (message.type !== 'RequestVote' || message.term !== step.term || step.vote !== 0) return;
    const { lastIndex, lastTerm } = step.shadow.claimed;
    const { lastLogIndex, lastLogTerm } = message;
    if (lastLogTerm < lastTerm || (lastLogTerm === lastTerm && lastLogIndex < lastIndex)) {
      this.#note('a vote was refused because the log was behind');
    }
  }

  onStep(step: Step): void {
    const { message } = step;
    if (message.type === 'PersistFailed') this.#note('a write failed on a full disk');
    if (message.type === 'Propose' && message.proposals.length > 1) this.#onBatch(step);
    const { replies } = step.effects;
    for (let i = 0; i < replies.length; i++) {
      if (replies[i]?.result.outcome === 'transferred') {
        this.#note('a leadership transfer was completed');
      }
    }
  }

  #onBatch({ effects }: Step): void {
    const handedOn = effects.messages.filter(({ type }) => type === 'ForwardProposal');
    if (handedOn.length > 1) {
      this.#note('several commands that came as one were handed on to the leader');
    }
  }

  onRequests(_shadow: MemberShadow, requests: readonly ClientRequest[]): void {
    const isRead = ({ type }: ClientRequest) => type === 'Query';
    const isWrite = ({ type }: ClientRequest) => type === 'Command' || type === 'Batch';
    if (requests.some(isRead) && requests.some(isWrite)) {
      this.#note('a write and a read were asked of a member as one');
    }
  }

  onSealed(): void {
    this.#note('a member took a snapshot of its own');
  }

  onSession(
    _shadow: MemberShadow,
    _sessionId: number,
    sequence: number,
    kind: 'executed' | 'duplicate' | 'expired',
  ): void {
    if (kind === 'duplicate') this.#note('a duplicate was answered from the session table');
    if (kind !== 'expired') return;
    this.#note(sequence > 0 ? 'a command of an expired session was refused' : 'a session expired');
  }

  onRead(
    shadow: MemberShadow,
    _operation: ClientOperation | null,
    mode: ReadMode,
    _readIndex: Index,
    _appliedIndex: Index,
  ): void {
    if (mode === 'lease') this.#note('a lease read was served');
    if (mode === 'stale') return;
    if (shadow.role !== 'leader') this.#note('a read was served by a follower');
    const { now, leaderChangedAt } = this.#ledger;
    if (now - leaderChangedAt <= this.#recent) {
      this.#note('a read was served within two election timeouts of a leader change');
    }
  }

  onComplete(operation: ClientOperation): void {
    if (operation.outcome === 'info') this.#note('an operation ended unknown');
  }
}
