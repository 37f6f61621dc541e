/**
 * What came of each event: roles, terms, votes, writes, commits, answers, boots and crashes, in the order in which they were seen, in the
 * words of a trace and as fields. Also the faults, from injection to end, and the operations of clients.
 */
import type { Effects, Entry, MemberId, Message, Persist, SnapshotMetadata } from '@seedraft/core';
import type { ReadMode, RecoveredMember } from '@seedraft/replica';
import type { ClientOperation, MemberView, Micros, Observer } from '../observer.ts';
import {
  formatBoot,
  formatCompletion,
  formatEvent,
  formatInput,
  formatOperation,
  formatPersist,
  formatReply,
  formatSnapshot,
} from '../trace.ts';
import { EventNotes } from './event-notes.ts';
import { runsOf } from './log-runs.ts';
import type { Moment } from './message-log.ts';
import type { Deed, EventNumber, LogRun, RecordingHeader } from './recording.ts';
import type { StateLog } from './state-log.ts';

type Persisting = Extract<Deed, { type: 'persist' }> & { durableAt: Micros | null };

interface UnderWay {
  readonly event: EventNumber;
  readonly deed: Persisting;
  isTold: boolean;
}

/** The members whose status a fault may have changed. */
type Everybody = readonly MemberView[];

export class DeedLog extends EventNotes implements Observer {
  liveness: RecordingHeader['liveness'] = null;
  readonly #states: StateLog;
  readonly #everybody: Everybody;
  readonly #writes = new Map<MemberId, UnderWay[]>();

  constructor(moment: Moment, states: StateLog, everybody: Everybody) {
    super(moment);
    this.#states = states;
    this.#everybody = everybody;
  }

  // ----------------------------------------------------------------------------------------------------------- life of members

  onBoot(member: MemberView, { core }: RecoveredMember): void {
    const { name } = member;
    if (member.raft !== null) this.#states.booted(member, member.raft);
    this.#writes.set(member.id, []);
    const { term, votedFor } = core.hardState;
    const line = formatBoot(name, core);
    this.input(line);
    this.did({ type: 'boot', member: name, line, term, votedFor: named(votedFor) });
  }

  onCrash(member: MemberView): void {
    this.#states.status(member.name, 'down');
    this.downs(member.name);
  }

  onWipe({ name }: MemberView): void {
    this.#states.status(name, 'gone');
    this.did({ type: 'wiped', member: name, line: `${name} has lost its disk` });
  }

  // -------------------------------------------------------------------------------------------------------------------- steps

  onStep(member: MemberView, message: Message, effects: Effects): void {
    const { name, raft } = member;
    this.input(formatInput(name, message));
    if (message.type === 'Persisted') this.#answered(member.id, message.seq);
    if (raft === null) return;
    const before = this.#states.known(name);
    this.#states.stepped(member, raft, effects.persist);
    const term = raft.currentTerm;
    if (term > before.term) {
      const line = `${name} moves from term ${before.term} to ${term}`;
      this.did({ type: 'term', member: name, line, term, before: before.term });
    }
    const votedFor = named(raft.votedFor);
    if (votedFor !== null && (votedFor !== before.votedFor || term > before.term)) {
      const line = `${name} votes for ${votedFor === name ? 'itself' : votedFor} in term ${term}`;
      this.did({ type: 'vote', member: name, line, term, votedFor });
    }
    this.#effects(member, effects);
  }

  #effects({ id, name }: MemberView, { events, persist, commits, replies }: Effects): void {
    for (const event of events) {
      const line = formatEvent(name, event);
      if (line === null) continue;
      if (event.type === 'BecameRole') {
        const { role, term, reason } = event;
        this.did({ type: 'role', member: name, line, role, term, reason });
      } else if (event.type === 'ConfigurationInForce') {
        this.did({ type: 'configuration', member: name, line, index: event.index });
      }
    }
    if (persist !== null) this.#persists(id, name, persist);
    if (commits.length > 0) this.#moved('commit', name, runsOf(commits));
    for (const reply of replies) {
      const { result } = reply;
      const index = 'index' in result ? result.index : 0;
      const line = `${name} ${formatReply(reply)}`;
      this.did({ type: 'reply', member: name, line, outcome: result.outcome, index });
    }
  }

  #persists(id: MemberId, name: string, persist: Persist): void {
    const { seq, hardState, truncateFrom, entries, snapshot } = persist;
    const deed: Persisting = {
      type: 'persist',
      member: name,
      line: formatPersist(name, persist),
      seq,
      term: hardState.term,
      votedFor: named(hardState.votedFor),
      truncateFrom,
      entries: runsOf(entries),
      snapshotIndex: snapshot?.lastIncludedIndex ?? 0,
      durableAt: null,
    };
    this.did(deed);
    this.#writesOf(id).push({ event: this.moment.event, deed, isTold: false });
  }

  /** A completion stands for all writes up to it. */
  #answered(id: MemberId, seq: number): void {
    for (const write of this.#writesOf(id)) {
      if (write.deed.seq > seq || write.isTold) continue;
      write.isTold = true;
      this.follows(write.event);
    }
  }

  onDurable({ id }: MemberView, seq: number): void {
    for (const { deed } of this.#writesOf(id)) {
      if (deed.seq <= seq) deed.durableAt ??= this.moment.now;
    }
  }

  onApply({ name }: MemberView, entry: Entry): void {
    this.#moved('apply', name, runsOf([entry]));
  }

  onRestore({ name }: MemberView, snapshot: SnapshotMetadata): void {
    const { lastIncludedIndex: index, lastIncludedTerm: term } = snapshot;
    const line = `${name} restores ${formatSnapshot(snapshot)}`;
    this.did({ type: 'restore', member: name, line, index, term });
  }

  onRead(
    { name }: MemberView,
    operation: ClientOperation | null,
    mode: ReadMode,
    readIndex: number,
    appliedIndex: number,
  ): void {
    const whose = operation === null ? '' : ` of operation ${operation.id}`;
    const line = `${name} serves the ${mode} read${whose}: read index ${readIndex}, applied ${appliedIndex}`;
    this.did({ type: 'read', member: name, line, operation: operation?.id ?? null, readIndex });
  }

  // --------------------------------------------------------------------------------------------------------- clients and faults

  onComplete(operation: ClientOperation): void {
    const { id, client } = operation;
    const line = formatCompletion(operation);
    this.did({ type: 'complete', member: null, line: clip(line), operation: id });
    this.input(`c${client} has its answer`);
  }

  /** Called by the operations' log, which knows to which event an invocation belongs. */
  invoked(event: EventNumber, operation: ClientOperation): void {
    const line = clip(`${formatOperation(operation)} invoked`);
    this.at(event).push({ type: 'invoke', member: null, line, operation: operation.id });
  }

  onFault(fault: string, phase: 'inject' | 'heal', sentence: string): void {
    this.#look();
    this.input(sentence);
    this.did({ type: 'fault', member: null, line: sentence, fault, phase });
  }

  onLiveness(core: readonly MemberId[]): void {
    this.#look();
    const { event, now } = this.moment;
    this.liveness = { at: now, event: event + 1, core: core.map((id) => `n${id}`) };
  }

  // ------------------------------------------------------------------------------------------------------------------ writing

  /** Faults pause and resume. */
  #look(): void {
    for (const { name, status } of this.#everybody) this.#states.status(name, status);
  }

  /** Entries are committed and applied one after another: neighbours are one deed. */
  #moved(type: 'commit' | 'apply', member: string, entries: readonly LogRun[]): void {
    const deeds = this.at(Math.max(0, this.moment.event));
    const last = deeds.at(-1);
    const joins = last !== undefined && last.type === type && last.member === member;
    const all = joined(joins ? last.entries : [], entries);
    const verb = type === 'commit' ? 'commits' : 'applies';
    const deed: Deed = { type, member, line: `${member} ${verb} ${formatRuns(all)}`, entries: all };
    if (joins) deeds[deeds.length - 1] = deed;
    else deeds.push(deed);
  }

  #writesOf(id: MemberId): UnderWay[] {
    const writes = this.#writes.get(id) ?? [];
    this.#writes.set(id, writes);
    return writes;
  }
}

/** `7@3..9@3`. */
export function formatRuns(runs: readonly LogRun[]): string {
  const [first, last] = [runs[0], runs.at(-1)];
  if (first === undefined || last === undefined) return 'none';
  const start = `${first.first}@${first.term}`;
  return first.first === last.last ? start : `${start}..${last.last}@${last.term}`;
}

function joined(runs: readonly LogRun[], more: readonly LogRun[]): readonly LogRun[] {
  const [last, next] = [runs.at(-1), more[0]];
  if (last === undefined || next === undefined) return [...runs, ...more];
  if (last.term !== next.term || last.last + 1 !== next.first) return [...runs, ...more];
  return [...runs.slice(0, -1), { ...last, last: next.last }, ...more.slice(1)];
}

function named(id: MemberId): string | null {
  return id === 0 ? null : `n${id}`;
}

function clip(line: string): string {
  return line.length <= 200 ? line : `${line.slice(0, 197)}...`;
}
