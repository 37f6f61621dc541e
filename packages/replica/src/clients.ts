/**
 * From a client's request to its one answer: what is refused at the door, what becomes an entry, what is asked of the core, and who waits
 * for what. Each request that is let in is counted out again by exactly one answer.
 */
import { crc32c } from '@seedraft/codec';
import type {
  Entry,
  Proposal,
  ProposalOutcome,
  ReadOutcome,
  RefusalCode,
  Reply,
  SnapshotMetadata,
  TransferOutcome,
} from '@seedraft/core';
import { Capture } from './capture.ts';
import { type CommandRequest, encodeRequest } from './envelope.ts';
import type { Member } from './member.ts';
import type { ReadMode } from './ports.ts';
import { type OpenRead, Reads, WHOLE_STATE } from './reads.ts';
import type { AskedRequest, ClientRefusalCode, ClientReply } from './request.ts';
import { Requests } from './requests.ts';
import type { Snapshots } from './snapshots.ts';
import type { Outcome } from './state.ts';
import { MachineError } from './stopped.ts';

export interface ClientLimits {
  /** Refuse commands above this many bytes of machine state (by `machine.size`). */
  readonly maxStateBytes: number;
  /** Refuse requests above this many open ones (`OVERLOADED`). */
  readonly maxOpenRequests: number;
}

export class Clients {
  readonly #member: Member;
  readonly #snapshots: Snapshots;
  readonly #limits: ClientLimits;
  readonly #proposals = new Requests();
  readonly #reads = new Reads();
  /** Requests to hand over leadership, by the id the core knows them by. */
  readonly #transfers = new Map<number, number>();
  /** Requests for the snapshot under way. */
  #snapshotRequests: number[] = [];
  #open = 0;

  constructor(member: Member, snapshots: Snapshots, limits: ClientLimits) {
    this.#member = member;
    this.#snapshots = snapshots;
    this.#limits = limits;
  }

  /** Requests that came together, in order. Their commands are proposed together: one write, one message to each follower. */
  ask(at: number, asked: readonly AskedRequest[]): void {
    const proposals: Proposal[] = [];
    for (const { requestId, request } of asked) {
      this.#open++;
      const reply = this.#begin(at, requestId, request, proposals);
      if (reply !== null) this.#answer(requestId, reply);
    }
    if (proposals.length > 0) this.#member.put({ type: 'Propose', at, proposals });
  }

  /** The core's terminal outcome of something asked here. */
  onReply(reply: Reply): void {
    if (reply.type === 'ProposalReply') this.#onProposalReply(reply.id, reply.result);
    else if (reply.type === 'ReadReply') this.#onReadReply(reply.id, reply.result);
    else this.#onTransferReply(reply.id, reply.result);
  }

  /** An entry was applied: whoever waited for it is answered. */
  onApplied(entry: Entry, outcome: Outcome): void {
    const answer = this.#proposals.applied(entry, outcome, this.#member.raft.leader);
    if (answer !== null) this.#answer(answer.requestId, answer.reply);
  }

  /** The state was replaced by a snapshot: nobody here will see the results of the entries it stands for. */
  onRestored(): void {
    const skipped = this.#proposals.skipped(this.#member.state.index);
    for (const { requestId, reply } of skipped) this.#answer(requestId, reply);
  }

  /** Everything promised an index that is applied by now. */
  serveReads(): void {
    const { state } = this.#member;
    for (let read = this.#reads.next(state.index); read; read = this.#reads.next(state.index)) {
      this.#answer(read.requestId, this.#serve(read));
    }
  }

  /**
   * No leader is known, and only a leader brings entries beyond commitIndex. One may never come (this member may be removed, or cut off for
   * good), so whoever waits for such an entry is answered now.
   */
  forsake(): void {
    if (this.#open === 0) return;
    const { commitIndex } = this.#member.raft;
    for (const { requestId } of this.#reads.beyond(commitIndex)) {
      this.#answer(requestId, this.#refusal('NO_LEADER'));
    }
    for (const { requestId, reply } of this.#proposals.beyond(commitIndex)) {
      this.#answer(requestId, reply);
    }
  }

  onSnapshotTaken(snapshot: SnapshotMetadata): void {
    const requests = this.#snapshotRequests;
    this.#snapshotRequests = [];
    for (const requestId of requests) this.#answer(requestId, takenReply(snapshot));
  }

  /** The one under way was given up. */
  onSnapshotFailed(code: RefusalCode): void {
    const requests = this.#snapshotRequests;
    this.#snapshotRequests = [];
    for (const requestId of requests) this.#answer(requestId, this.#refusal(code));
  }

  /** The answer, if there is one at once; null: somebody in here remembers the request. */
  #begin(
    at: number,
    requestId: number,
    request: AskedRequest['request'],
    proposals: Proposal[],
  ): ClientReply | null {
    if (this.#open > this.#limits.maxOpenRequests) return this.#refusal('OVERLOADED');
    switch (request.type) {
      case 'Query':
        return this.#query(at, requestId, request.mode, request.query);
      case 'Capture':
        return this.#query(at, requestId, request.mode, WHOLE_STATE);
      case 'ChangeMembership': {
        const { changes, mode } = request;
        const id = this.#member.nextId();
        this.#proposals.open(id, requestId, -1);
        this.#member.put({ type: 'ChangeMembership', at, id, changes, mode });
        return null;
      }
      case 'TransferLeadership': {
        const id = this.#member.nextId();
        this.#transfers.set(id, requestId);
        this.#member.put({ type: 'TransferLeadership', at, id, target: request.target });
        return null;
      }
      case 'Snapshot':
        return this.#takeSnapshot(requestId);
      default:
        return this.#propose(at, requestId, request, proposals);
    }
  }

  #propose(
    at: number,
    requestId: number,
    request: CommandRequest,
    proposals: Proposal[],
  ): ClientReply | null {
    const { state, config, isLeader } = this.#member;
    const data = encodeRequest(request, state.time.stamp(at));
    if (data === null) return this.#refusal('BAD_REQUEST');
    const isCommand = request.type === 'Command' || request.type === 'Batch';
    if (isCommand && state.size > this.#limits.maxStateBytes) return this.#refusal('STATE_LIMIT');
    const id = this.#member.nextId();
    const checksum = crc32c(data);
    this.#proposals.open(id, requestId, config.forwardProposals && !isLeader ? checksum : -1);
    proposals.push({ id, data, checksum });
    return null;
  }

  #query(at: number, requestId: number, mode: ReadMode, query: unknown): ClientReply | null {
    if (mode === 'stale') {
      if (!this.#snapshots.hasLoaded) return this.#refusal('NOT_READY');
      return this.#serve({ requestId, mode, query, readIndex: 0 });
    }
    const id = this.#member.nextId();
    this.#reads.ask(id, requestId, mode, query);
    this.#member.put({ type: 'Read', at, id, mode: mode === 'lease' ? 'lease' : 'readIndex' });
    return null;
  }

  #serve({ requestId, mode, readIndex, query }: OpenRead): ClientReply {
    const { state, tracer, config } = this.#member;
    const isWhole = query === WHOLE_STATE;
    // There is nothing that could be put back.
    if (isWhole && state.index === 0) return this.#refusal('NOT_READY');
    tracer?.onRead?.(requestId, mode, readIndex, state.index);
    try {
      const value = isWhole ? new Capture(state, config.snapshotChunkBytes) : state.query(query);
      return { type: 'Ok', index: state.index, value };
    } catch (thrown) {
      // A promise is the machine's mistake and stops the member; a throw may be the query's, and it changed nothing.
      if (thrown instanceof MachineError) throw thrown;
      return this.#refusal('MACHINE_ERROR');
    }
  }

  #takeSnapshot(requestId: number): ClientReply | null {
    const snapshots = this.#snapshots;
    if (!snapshots.isTaking) {
      const { index } = this.#member.state;
      if (!snapshots.isReady || index === 0) return this.#refusal('NOT_READY');
      if (snapshots.base?.lastIncludedIndex === index) return takenReply(snapshots.base);
      snapshots.take();
    }
    this.#snapshotRequests.push(requestId);
    return null;
  }

  #onProposalReply(id: number, result: ProposalOutcome): void {
    const { raft, state } = this.#member;
    const { commitIndex, leader } = raft;
    const answer = this.#proposals.decided(id, result, state.index, commitIndex, leader);
    if (answer !== null) this.#answer(answer.requestId, answer.reply);
  }

  #onReadReply(id: number, result: ReadOutcome): void {
    const read = this.#reads.take(id);
    if (result.outcome === 'rejected') {
      this.#answer(read.requestId, this.#refusal(result.code, result.leader));
    } else {
      read.readIndex = result.index;
      this.#reads.wait(read);
      this.serveReads();
    }
  }

  #onTransferReply(id: number, result: TransferOutcome): void {
    const requestId = this.#transfers.get(id)!;
    this.#transfers.delete(id);
    const { commitIndex } = this.#member.raft;
    this.#answer(
      requestId,
      result.outcome === 'rejected'
        ? this.#refusal(result.code, result.leader)
        : { type: 'Ok', index: commitIndex, value: result.to },
    );
  }

  #refusal(code: ClientRefusalCode, leader = this.#member.raft.leader): ClientReply {
    return { type: 'Refused', code, leader };
  }

  /** The only way out. */
  #answer(requestId: number, reply: ClientReply): void {
    this.#open--;
    this.#member.transport.reply(requestId, reply);
  }
}

function takenReply(snapshot: SnapshotMetadata): ClientReply {
  return { type: 'Ok', index: snapshot.lastIncludedIndex, value: snapshot.id };
}
