/**
 * What happened, in lines for people: `n1->n2 AppendEntries term=3 prev=11@2 entries=12@3..14@3 commit=11`, index@term always. Written only
 * when asked for, between two event numbers: a run is replayed to be read, so that runs that nobody reads cost nothing.
 */
import type {
  Effects,
  Entry,
  Event,
  MemberId,
  Message,
  Persist,
  Reply,
  SnapshotMetadata,
} from '@seedraft/core';
import type { ClientRequest, MemberMessage, RecoveredMember } from '@seedraft/replica';
import { endpointName, type Flight, LINK_TYPES, type Link, type Loss } from './link.ts';
import type { NetworkTrace } from './network.ts';
import type { ClientOperation, MemberView, Micros, Observer } from './observer.ts';
import type { World } from './world.ts';

/** Events [from, to) are traced. */
export interface TraceRange {
  readonly from: number;
  readonly to: number;
}

export class Trace implements Observer, NetworkTrace {
  readonly lines: string[] = [];
  readonly #world: Pick<World, 'choices' | 'now'>;
  readonly #range: TraceRange;

  constructor(world: Pick<World, 'choices' | 'now'>, range: TraceRange) {
    this.#world = world;
    this.#range = range;
  }

  get #on(): boolean {
    const { events } = this.#world.choices;
    // The first event is number 0, and it is counted when it begins.
    return events > this.#range.from && events <= this.#range.to;
  }

  #say(text: string): void {
    this.lines.push(`#${this.#world.choices.events - 1} t=${seconds(this.#world.now)} ${text}`);
  }

  onBoot(member: MemberView, { core, incarnation }: RecoveredMember): void {
    if (!this.#on) return;
    this.#say(`${formatBoot(member.name, core)} incarnation=${incarnation.slice(0, 8)}`);
  }
  onCrash(member: MemberView): void {
    if (this.#on) this.#say(`${member.name} is down`);
  }
  onWipe(member: MemberView): void {
    if (this.#on) this.#say(`${member.name} has lost its disk`);
  }

  onStep(member: MemberView, message: Message, effects: Effects): void {
    if (!this.#on) return;
    this.#say(`${formatInput(member.name, message)} at=${message.at}`);
    for (const event of effects.events) {
      const line = formatEvent(member.name, event);
      if (line !== null) this.#say(`  ${line}`);
    }
    if (effects.persist !== null) this.#say(`  ${formatPersist(member.name, effects.persist)}`);
    const { commits, replies } = effects;
    if (commits.length > 0) this.#say(`  ${member.name} commits ${formatEntries(commits)}`);
    for (const reply of replies) this.#say(`  ${member.name} ${formatReply(reply)}`);
  }

  onRequests(member: MemberView, requests: readonly ClientRequest[]): void {
    if (!this.#on || requests.length === 1) return;
    this.#say(`${member.name} is asked as one: ${requests.map(({ type }) => type).join(', ')}`);
  }

  onDurable(member: MemberView, seq: number): void {
    if (this.#on) this.#say(`  ${member.name} seq=${seq} is durable`);
  }
  onRestore(member: MemberView, snapshot: SnapshotMetadata): void {
    if (this.#on) this.#say(`  ${member.name} restores ${formatSnapshot(snapshot)}`);
  }
  onInvoke(operation: ClientOperation): void {
    if (this.#on) this.#say(`${formatOperation(operation)} invoked`);
  }
  onComplete(operation: ClientOperation): void {
    if (this.#on) this.#say(formatCompletion(operation));
  }
  onFault(fault: string, phase: 'inject' | 'heal', sentence: string): void {
    if (this.#on) this.#say(`${phase} ${fault}: ${sentence}`);
  }
  onLiveness(core: readonly MemberId[]): void {
    if (this.#on) this.#say(`liveness phase with ${core.map((id) => `n${id}`).join(', ')}`);
  }

  onSend(flight: Flight, arrival: Micros): void {
    if (this.#on) this.#say(`  ${formatFlight(flight)} arrives t=${seconds(arrival)}`);
  }
  onLost(flight: Flight, loss: Loss): void {
    if (this.#on) this.#say(`  ${formatFlight(flight)} is lost: ${loss}`);
  }
}

/** 2104233 -> 2.104233. */
export function seconds(micros: Micros): string {
  return (micros / 1e6).toFixed(6);
}

/** `n1->n2 RequestVote term=4 last=11@3`. */
export function formatMessage(message: MemberMessage): string {
  return `n${message.from}->n${message.to} ${message.type} ${formatContent(message)}`;
}

/** What it says, without who says it to whom: `term=4 last=11@3`. */
export function formatContent(message: MemberMessage): string {
  return `term=${message.term}${formatFields(message)}`;
}

function formatFields(message: MemberMessage): string {
  switch (message.type) {
    case 'RequestVote':
      return ` last=${message.lastLogIndex}@${message.lastLogTerm}${message.transfer ? ' transfer' : ''}`;
    case 'PreVote':
      return ` last=${message.lastLogIndex}@${message.lastLogTerm}`;
    case 'RequestVoteReply':
    case 'PreVoteReply':
      return message.voteGranted ? ' granted' : ' refused';
    case 'AppendEntries': {
      const { prevLogIndex, prevLogTerm, entries, leaderCommit, round } = message;
      return ` prev=${prevLogIndex}@${prevLogTerm} entries=${formatEntries(entries)} commit=${leaderCommit} round=${round}`;
    }
    case 'AppendEntriesReply': {
      const { matchIndex, rejectedIndex, conflictIndex, conflictTerm, round } = message;
      return message.success
        ? ` match=${matchIndex} round=${round}`
        : ` rejected=${rejectedIndex} conflict=${conflictIndex}@${conflictTerm} round=${round}`;
    }
    case 'InstallSnapshot': {
      const { snapshot, offset, length } = message;
      return ` snapshot=${formatSnapshot(snapshot)} bytes=${offset}..${offset + length}`;
    }
    case 'InstallSnapshotReply':
      return ` offset=${message.offset}${message.installed ? ' installed' : ''} match=${message.matchIndex}`;
    case 'TimeoutNowReply':
      return ` reason=${message.reason}`;
    case 'ReadIndex':
      return ` id=${message.id}`;
    case 'ReadIndexReply':
      return ` id=${message.id} index=${message.index}`;
    case 'ForwardProposal':
      return ` id=${message.id} hops=${message.hops}`;
    case 'ForwardProposalReply':
      return ` id=${message.id} ${message.outcome.outcome}`;
    case 'Meet':
      return ` held=${message.held.slice(0, 8) || 'nothing'}${message.asks ? ' asks' : ''}`;
    case 'TimeoutNow':
      return '';
  }
}

/** `12@3..14@3`, `12@3`, or `none`. */
export function formatEntries(entries: readonly Entry[]): string {
  const first = entries[0];
  const last = entries[entries.length - 1];
  if (first === undefined || last === undefined) return 'none';
  const start = `${first.index}@${first.term}`;
  return entries.length === 1 ? start : `${start}..${last.index}@${last.term}`;
}

/** `n1 boots term=3 vote=n2 log=1@1..7@3`. */
export function formatBoot(name: string, core: RecoveredMember['core']): string {
  const { hardState, entries, snapshot, repairUntil } = core;
  const base = snapshot === null ? '' : ` snapshot=${formatSnapshot(snapshot)}`;
  const repair = repairUntil === 0 ? '' : ` repairUntil=${repairUntil}`;
  return `${name} boots term=${hardState.term} vote=${vote(hardState.votedFor)} log=${formatEntries(entries)}${base}${repair}`;
}

/** Null: nothing that people follow a run by. */
export function formatEvent(name: string, event: Event): string | null {
  if (event.type === 'BecameRole') {
    return `${name} becomes ${event.role} in term ${event.term}: ${event.reason}`;
  }
  if (event.type !== 'ConfigurationInForce') return null;
  const members = event.configuration.members.map(({ id, role }) => `n${id}:${role}`);
  return `${name} configuration at ${event.index}: ${members.join(' ')}`;
}

export function formatSnapshot(snapshot: SnapshotMetadata): string {
  return `${snapshot.lastIncludedIndex}@${snapshot.lastIncludedTerm}`;
}

export function formatPersist(name: string, write: Persist): string {
  const { hardState, truncateFrom, entries, snapshot, seq } = write;
  const cut = truncateFrom === 0 ? '' : ` truncate=${truncateFrom}..`;
  const base = snapshot === null ? '' : ` snapshot=${formatSnapshot(snapshot)}`;
  return `${name} persist seq=${seq} term=${hardState.term} vote=${vote(hardState.votedFor)}${base}${cut} entries=${formatEntries(entries)}`;
}

export function formatInput(name: string, message: Message): string {
  switch (message.type) {
    case 'Receive':
      return formatMessage(message.rpc);
    case 'Persisted':
      return `${name} Persisted seq=${message.seq}`;
    case 'PersistFailed':
      return `${name} PersistFailed seq=${message.seq} ${message.code}`;
    case 'Propose':
      return `${name} Propose ${message.proposals.length}`;
    case 'Read':
      return `${name} Read id=${message.id} ${message.mode}`;
    case 'ChangeMembership':
      return `${name} ChangeMembership ${message.mode} ${JSON.stringify(message.changes)}`;
    case 'TransferLeadership':
      return `${name} TransferLeadership to=${vote(message.target)}`;
    case 'Applied':
      return `${name} Applied ${message.index}`;
    default:
      return `${name} ${message.type}`;
  }
}

export function formatReply(reply: Reply): string {
  const { result } = reply;
  const detail = 'code' in result ? ` ${result.code}` : 'index' in result ? ` ${result.index}` : '';
  return `${reply.type} id=${reply.id} ${result.outcome}${detail}`;
}

export function formatOperation(operation: ClientOperation): string {
  const { client, f, input, id, sessionId, sequence } = operation;
  const session = sessionId > 0 ? ` session=${sessionId}/${sequence}` : '';
  return `c${client} ${f} ${JSON.stringify(input)} (operation ${id}${session})`;
}

export function formatCompletion(operation: ClientOperation): string {
  const output = operation.outcome === 'ok' ? ` = ${JSON.stringify(operation.output)}` : '';
  const place = operation.index > 0 ? ` at ${operation.index}` : '';
  return `${formatOperation(operation)} ${operation.outcome}${output}${place}`;
}

function formatFlight(flight: Flight): string {
  const link = flight.link as Link;
  const copy = flight.copy ? ' (copy)' : '';
  const type = LINK_TYPES[flight.type];
  return `${endpointName(link.from)}->${endpointName(link.to)} ${type}#${flight.ordinal}${copy}`;
}

function vote(id: MemberId): string {
  return id === 0 ? 'nobody' : `n${id}`;
}
