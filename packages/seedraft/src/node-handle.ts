/**
 * A member in the hands of the program it runs in: what a client may ask of the cluster, asked of this very member, and what it is. Whoever leads: commands and
 * reads go through the leader by the core, changes of members and transfers over one connection to it. Kept: a refusal is thrown as a client
 * would be told it (SeedraftError), and a promise that resolves is about something committed.
 */
import { type DoorRequest, MemberDoor } from '@seedraft/api';
import {
  type ConnectOptions,
  type JoinOptions,
  join,
  Patience,
  type ReserveOptions,
  requestId,
  SeedraftError,
  type Ticket,
  type TicketDesk,
} from '@seedraft/client';
import type { Member, MemberChange, MemberId } from '@seedraft/core';
import type { RunningNode } from '@seedraft/node';
import { type ClientReply, type ReadMode, type StateMachine, sentence } from '@seedraft/replica';
import type { Apis } from './serve/apis.ts';
import { askStatus, leaderAsker } from './serve/ask-leader.ts';

const PATIENCE_MS = 10_000;

export class NodeHandle implements RunningNode {
  readonly id: MemberId;
  readonly clusterId: string;
  readonly stopped: RunningNode['stopped'];
  /** The replicated one: to look at. Only what the log applies may change it. */
  readonly stateMachine: StateMachine;
  /** Where other systems' protocols are spoken, `host:port`, by protocol. */
  readonly apis: Apis['addresses'];
  readonly #node: RunningNode;
  readonly #apis: Apis;
  readonly #door: MemberDoor;
  readonly #credentials: Pick<ConnectOptions, 'token' | 'tls'>;

  /** `credentials`: its own at the others, with the admin role. */
  constructor(
    node: RunningNode,
    stateMachine: StateMachine,
    apis: Apis,
    credentials: Pick<ConnectOptions, 'token' | 'tls'>,
  ) {
    this.#node = node;
    this.id = node.id;
    this.clusterId = node.clusterId;
    this.stopped = node.stopped;
    this.stateMachine = stateMachine;
    this.apis = apis.addresses;
    this.#apis = apis;
    // Also where it ends by itself.
    void node.stopped.then(() => apis.stop());
    this.#credentials = credentials;
    const askLeader = leaderAsker(() => node.status(), credentials);
    this.#door = new MemberDoor(node, { askLeader, within: PATIENCE_MS });
  }

  // ------------------------------------------------------------------------------------------------------------- what it is like

  get isLeader(): boolean {
    return this.status().role === 'leader';
  }

  /** 0: nobody it knows of. */
  get leaderId(): MemberId {
    return this.status().leader;
  }

  /** All members, itself included, in the latest configuration it knows. */
  get peers(): readonly Member[] {
    return this.status().configuration.members;
  }

  get clusterSize(): number {
    return this.peers.length;
  }

  // ------------------------------------------------------------------------------------------------------- what it may be asked

  /** What the machine answered, once this member has applied it. Applied exactly once if it is answered. */
  async propose(command: unknown): Promise<unknown> {
    return (await this.#ask({ type: 'Command', command })).value;
  }

  async query(query: unknown, mode: ReadMode = 'linearizable'): Promise<unknown> {
    return (await this.#ask({ type: 'Query', mode, query })).value;
  }

  /** Resolves once it is committed. */
  async changeMembership(
    changes: readonly MemberChange[],
    mode: 'single' | 'joint' | 'explicit' = 'single',
  ): Promise<void> {
    await this.#ask({ type: 'ChangeMembership', changes, mode });
  }

  /** As the client's `members.requestId`. */
  requestId(peerAddress: string, options: ReserveOptions = {}): Promise<Ticket> {
    const patience = new Patience(options, PATIENCE_MS);
    return requestId(this.#desk(), peerAddress, options, patience);
  }

  /** As the client's `members.join`. */
  join(tickets: readonly Pick<Ticket, 'reservedId'>[], options: JoinOptions = {}): Promise<void> {
    return join(this.#desk(), tickets, options, new Patience(options, PATIENCE_MS));
  }

  /** Ends a joint configuration that was to stay. */
  leaveJoint(): Promise<void> {
    return this.changeMembership([], 'explicit');
  }

  /** To `target`, or to whoever is best; resolves with who leads then. */
  async transferLeader(target: MemberId = 0): Promise<MemberId> {
    return (await this.#ask({ type: 'TransferLeadership', target })).value as MemberId;
  }

  /** Leadership comes here in an orderly way, from who has it. */
  async campaign(): Promise<void> {
    if (this.isLeader) return;
    await this.transferLeader(this.id);
    // The one that handed over may have heard of this term before this member counted its votes.
    const patience = new Patience({}, PATIENCE_MS);
    await patience.until(() => Promise.resolve(this.isLeader || undefined));
  }

  /** Leadership goes from here, if it is here. */
  async demote(): Promise<void> {
    if (this.isLeader) await this.transferLeader();
  }

  /** Removes this member for good. When the others tell it, it stops by itself (`stopped`: MEMBER_REMOVED). */
  leave(): Promise<void> {
    return this.changeMembership([{ type: 'remove', id: this.id }]);
  }

  /** Resolves with the index it covers once it is durable. */
  async snapshot(): Promise<number> {
    return (await this.#ask({ type: 'Snapshot' })).index;
  }

  async #ask(request: DoorRequest): Promise<Extract<ClientReply, { type: 'Ok' }>> {
    return told(await this.#door.ask(request));
  }

  #desk(): TicketDesk {
    return {
      status: (within, address) =>
        address === undefined || address === this.clientAddress
          ? Promise.resolve(this.status())
          : askStatus(address, this.clusterId, this.#credentials, within),
      change: (changes, mode) => this.changeMembership(changes, mode),
    };
  }

  // ------------------------------------------------------------------------------------------------------ the member underneath

  get peerAddress(): string {
    return this.#node.peerAddress;
  }

  get clientAddress(): string {
    return this.#node.clientAddress;
  }

  status(): ReturnType<RunningNode['status']> {
    return this.#node.status();
  }

  request(...asked: Parameters<RunningNode['request']>): ReturnType<RunningNode['request']> {
    return this.#node.request(...asked);
  }

  backup(): ReturnType<RunningNode['backup']> {
    return this.#node.backup();
  }

  onChange(...change: Parameters<RunningNode['onChange']>): () => void {
    return this.#node.onChange(...change);
  }

  watch(...watch: Parameters<RunningNode['watch']>): ReturnType<RunningNode['watch']> {
    return this.#node.watch(...watch);
  }

  metrics(): ReturnType<RunningNode['metrics']> {
    return this.#node.metrics();
  }

  takePart(isPart: boolean): void {
    this.#node.takePart(isPart);
  }

  accept(...accepted: Parameters<RunningNode['accept']>): void {
    this.#node.accept(...accepted);
  }

  reloadTls(material: Parameters<RunningNode['reloadTls']>[0]): void {
    this.#node.reloadTls(material);
  }

  /** What is open is answered, at all its ports. */
  async stop(): Promise<void> {
    await this.#apis.stop();
    await this.#node.stop();
  }
}

function told(reply: ClientReply): Extract<ClientReply, { type: 'Ok' }> {
  switch (reply.type) {
    case 'Ok':
      return reply;
    case 'Refused':
      throw new SeedraftError(reply.code, `${reply.code}: ${sentence(reply.code)}`, 'not applied');
    case 'Unknown':
      throw new SeedraftError(
        'UNKNOWN_OUTCOME',
        'UNKNOWN_OUTCOME: nobody answered in time; it may have taken effect, or may yet: read to find out.',
        'unknown',
      );
  }
}
