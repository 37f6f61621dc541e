/**
 * What users hold: the raw face for machines of their own (`command`, `query`, `batch`, `watch`), the built-in machine's (`kv`), and the
 * cluster's (`status`, `members`, `transfer`, `snapshot`). Each method is one call of the engine.
 */
import type { Configuration, Entry, Member, MemberChange, MemberId } from '@seedraft/core';
import type { ReadMode } from '@seedraft/replica';
import type { MemberStatus } from '@seedraft/wire';
import type { CallOptions, Driver } from './driver.ts';
import type { Answered } from './engine/index.ts';
import { Kv } from './kv.ts';
import {
  type JoinOptions,
  join,
  Patience,
  type ReserveOptions,
  refuseFlawed,
  refuseTaken,
  requestId,
  type Ticket,
  type TicketDesk,
} from './tickets.ts';
import { Watcher } from './watch.ts';

/** A new member as an operator describes it; it joins as a learner unless told otherwise. */
export interface NewMember {
  /** Above every id there ever was; absent: the next one. */
  readonly id?: MemberId;
  readonly name: string;
  readonly peerAddress: string;
  readonly clientAddress: string;
  readonly incarnation?: string;
  readonly role?: 'learner' | 'voter';
  readonly priority?: number;
}

/** Where to ask: `host:port` of one member; absent: whoever the client talks to. */
export interface AddressOptions extends CallOptions {
  readonly address?: string;
}

export class Client {
  readonly #driver: Driver;
  readonly members: Members;

  /** By `connect`. */
  constructor(driver: Driver) {
    this.#driver = driver;
    this.members = new Members(driver);
  }

  /** The built-in machine's face, in a namespace of its own. Default: the one of `seedraft kv`, and of other systems' protocols. */
  kv(namespace = 'default'): Kv {
    return new Kv(this.#driver, namespace);
  }

  /**
   * Replicate a command of the machine's and return what it answered. Applied exactly once, whatever is lost on the way. Calls that are
   * open together take effect in any order. `apart`: see Ask; only for machines that never show an index, or commands that never meet.
   */
  command(value: unknown, options?: CallOptions & { readonly apart?: string }): Promise<unknown> {
    const apart = options?.apart ?? null;
    return this.#driver.ask({ type: 'command', command: value, apart }, options, answered);
  }

  /** Several commands as one entry: all or none, in order, nothing in between. An answer for each. */
  batch(commands: readonly unknown[], options?: CallOptions): Promise<unknown[]> {
    return this.#driver.ask({ type: 'batch', commands }, options, answered<unknown[]>);
  }

  query(value: unknown, mode: ReadMode = 'linearizable', options?: CallOptions): Promise<unknown> {
    return this.#driver.ask({ type: 'query', mode, query: value }, options, answered);
  }

  /** What the machine lets one watch by `query`. Rejects with WATCH_LOST when changes were missed; leave the loop to end it. */
  watch(query: unknown): Watcher {
    return new Watcher(this.#driver, query);
  }

  status(options: AddressOptions = {}): Promise<MemberStatus> {
    const address = options.address ?? null;
    return this.#driver.ask({ type: 'status', address }, options, answered<MemberStatus>);
  }

  /** To `target`, or to whoever is best; resolves with who leads then. */
  transfer(target: MemberId = 0, options?: CallOptions): Promise<MemberId> {
    const request = { type: 'TransferLeadership', target } as const;
    return this.#driver.ask({ type: 'admin', request, address: null }, options, answered<MemberId>);
  }

  /** Resolves with the index it covers once it is durable. */
  snapshot(options: AddressOptions = {}): Promise<number> {
    const request = { type: 'Snapshot' } as const;
    const ask = { type: 'admin', request, address: options.address ?? null } as const;
    return this.#driver.ask(ask, options, ({ index }) => index);
  }

  /** What a member's log holds from one index to another, committed or not; as much of it as one answer takes. For looking into a log. */
  entries(
    { from, to }: { readonly from: number; readonly to: number },
    options: AddressOptions = {},
  ): Promise<readonly Entry[]> {
    const request = { type: 'Entries', from, to } as const;
    const ask = { type: 'admin', request, address: options.address ?? null } as const;
    return this.#driver.ask(ask, options, answered<readonly Entry[]>);
  }

  /**
   * Takes no more calls, waits for those open, says goodbye. After `within` ms (default: the client's timeout) what is open fails with
   * CLOSED. Watches end at once.
   */
  close(options: { readonly within?: number } = {}): Promise<void> {
    return this.#driver.close(options.within ?? this.#driver.timeout);
  }
}

/** Who is in the cluster. Each change resolves once it is committed; one at a time is possible. */
export class Members {
  readonly #driver: Driver;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  async configuration(options?: CallOptions): Promise<Configuration> {
    return (await this.#status(options)).configuration;
  }

  /**
   * Reserves an id for who will be reached at `peerAddress`: a place as a learner, recorded by the log, that one directory can take (`createNode` with
   * the ticket, `serve --join --id`). An address that has one keeps it, unless `lostDisk`. ADDRESS_IN_USE where a voter runs.
   */
  requestId(peerAddress: string, options: ReserveOptions = {}): Promise<Ticket> {
    const patience = new Patience(options, this.#driver.timeout);
    return requestId(this.#desk(options), peerAddress, options, patience);
  }

  /** Whoever holds these tickets becomes a voter, all of them in one joint change, once each has caught up. Waits for that: LAGGING after its timeout. */
  join(tickets: readonly Pick<Ticket, 'reservedId'>[], options: JoinOptions = {}): Promise<void> {
    const patience = new Patience(options, this.#driver.timeout);
    return join(this.#desk(options), tickets, options, patience);
  }

  /** Ends a joint configuration that was to stay; NOT_JOINT when there is none. */
  leaveJoint(options?: CallOptions): Promise<void> {
    return this.change([], 'explicit', options);
  }

  /**
   * Resolves with its id. ADDRESS_IN_USE where a member is recorded already; INVALID_CHANGE when somebody took the id meanwhile: ask again. The next id is the
   * guard of both: whoever was added since the addresses were looked at has taken it, so of two at once for one address one is refused.
   */
  async add(member: NewMember, options?: CallOptions): Promise<MemberId> {
    refuseFlawed(member);
    const configuration = await this.configuration(options);
    refuseTaken(configuration, member);
    const id = member.id ?? configuration.highestId + 1;
    const { role = 'learner', incarnation = '', priority = 0 } = member;
    const { name, peerAddress, clientAddress } = member;
    const added: Member = { id, incarnation, name, peerAddress, clientAddress, role, priority };
    await this.change([{ type: 'add', member: added }], 'single', options);
    return id;
  }

  /** A learner that caught up becomes a voter; LAGGING while it has not. */
  promote(id: MemberId, options?: CallOptions): Promise<void> {
    return this.change([{ type: 'promote', id }], 'single', options);
  }

  demote(id: MemberId, options?: CallOptions): Promise<void> {
    return this.change([{ type: 'demote', id }], 'single', options);
  }

  remove(id: MemberId, options?: CallOptions): Promise<void> {
    return this.change([{ type: 'remove', id }], 'single', options);
  }

  /** A learner that caught up takes the place of a voter in one joint change: the cluster is never smaller than it was. */
  replace(old: MemberId, learner: MemberId, options?: CallOptions): Promise<void> {
    const changes: MemberChange[] = [
      { type: 'promote', id: learner },
      { type: 'remove', id: old },
    ];
    return this.change(changes, 'joint', options);
  }

  /** Its addresses, name or priority. */
  update(member: Member, options?: CallOptions): Promise<void> {
    return this.change([{ type: 'update', member }], 'single', options);
  }

  /** `explicit`: the joint configuration stays until an empty explicit change leaves it. */
  change(
    changes: readonly MemberChange[],
    mode: 'single' | 'joint' | 'explicit',
    options?: CallOptions,
  ): Promise<void> {
    const request = { type: 'ChangeMembership', changes, mode } as const;
    return this.#driver.ask({ type: 'admin', request, address: null }, options, () => {});
  }

  #status(options?: CallOptions, address: string | null = null): Promise<MemberStatus> {
    return this.#driver.ask({ type: 'status', address }, options, answered<MemberStatus>);
  }

  #desk({ signal }: CallOptions): TicketDesk {
    const optionsOf = (timeout: number) => ({ timeout, ...(signal && { signal }) });
    return {
      status: (within, address) => this.#status(optionsOf(within), address),
      change: (changes, mode, within) => this.change(changes, mode, optionsOf(within)),
    };
  }
}

function answered<T = unknown>({ value }: Answered): T {
  return value as T;
}
