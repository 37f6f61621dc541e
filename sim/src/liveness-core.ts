/**
 * Who is in the core of the liveness phase (liveness.ts): members, drawn, that hold a quorum of every configuration that may matter. Two excuses
 * let nothing be demanded: damage that the atlas knows of, and a founding that a lost disk stopped. Kept: what was committed is on a disk of the core.
 */
import { type Configuration, changedMember, type Entry, type MemberId } from '@seedraft/core';
import type { MemberMessage } from '@seedraft/replica';
import type { Draw, RaftFaultWorld } from './faults/fault.ts';
import { Violation } from './observer.ts';
import type { Ledger } from './properties/ledger.ts';
import { isQuorum, votersEver } from './properties/quorum.ts';
import type { MemberShadow } from './properties/shadow.ts';

export interface CoreWorld extends RaftFaultWorld {
  /** Draws of the liveness phase, keyed like those of a planned fault. */
  readonly draw: Draw;
  /**
   * Brings a member of the core up: restarts it from its disk if it is down, resumes it if it is paused; no-op if it is up. False: its
   * disk is damaged beyond repair or it is wiped, so it cannot come back under this id.
   */
  revive(id: MemberId): boolean;
  /** What members sent each other that its receiver has not looked at: on the links, or waiting for a member that is busy or paused. */
  messagesUnderWay(): Iterable<MemberMessage>;
}

/** Nothing can be demanded, for a reason in the pristine state. */
export class Excuse extends Error {}

/** Revives them. Throws an Excuse, a Violation of S6 when what was committed is lost, or an Error when the simulator is wrong. */
export function pickCore(world: CoreWorld, ledger: Ledger): MemberId[] {
  return new CorePicker(world, ledger).pick();
}

class CorePicker {
  readonly #world: CoreWorld;
  readonly #ledger: Ledger;
  readonly #core: MemberId[] = [];

  constructor(world: CoreWorld, ledger: Ledger) {
    this.#world = world;
    this.#ledger = ledger;
  }

  pick(): MemberId[] {
    const { draw } = this.#world;
    const candidates = this.#ledger.shadows.filter(
      ({ wiped, impostor, view }) => !wiped && !impostor && view.status !== 'gone',
    );
    const known = this.#configurationsThatMatter(candidates);
    const configurations = [...known, ...this.#promotable(known, candidates)];
    const order = draw.shuffle('core', candidates);
    const missing = () => configurations.find((one) => !isQuorum(one, (id) => this.#counts(id)));
    for (const shadow of order) {
      const lacking = missing();
      if (lacking === undefined) break;
      const wanted = configurations.some(
        (one) => !isQuorum(one, (id) => this.#counts(id)) && votersEver(one).includes(shadow.id),
      );
      if (wanted) this.#admit(shadow);
    }
    const lacking = missing();
    if (lacking !== undefined) this.#excuse(lacking);
    // Some more, so that catching up and half the cluster being well are met too.
    const latest = configurations[0] as Configuration;
    for (const shadow of order) {
      const known = latest.members.some(({ id }) => id === shadow.id);
      if (!known || this.#core.includes(shadow.id)) continue;
      if (draw.chance(`also ${shadow.id}`, 300_000)) this.#admit(shadow);
    }
    this.#gatherFounders();
    this.#core.sort((one, other) => one - other);
    this.#checkIntact();
    return this.#core;
  }

  /**
   * A first member that has not been founded has to hear every other one. If one of them lost its disk before, the cluster is to be begun
   * anew: nothing was promised by anybody, and nothing is demanded.
   */
  #gatherFounders(): void {
    const world = this.#world;
    const unfounded = this.#core.filter((id) => world.member(id).replica?.founding != null);
    if (unfounded.length === 0) return;
    for (let id = 1; id <= world.plan.members.length; id += 1) {
      if (this.#core.includes(id)) continue;
      if (!world.revive(id)) {
        const lost = this.#ledger.name(id);
        throw new Excuse(
          `${this.#ledger.names(unfounded)} cannot be founded without ${lost}, whose disk is lost`,
        );
      }
      this.#core.push(id);
    }
  }

  /**
   * The one excuse of a founded cluster: too many voters of a configuration are on damaged or lost disks. The atlas permits no damage
   * that would cost the quorum of a configuration in force; but one may come into force after the damage (a caught-up learner is promoted by its leader, a
   * change was in flight), and nobody foresees that. Whoever is not impaired must have come up: that it did not is our own fault.
   */
  #excuse(lacking: Configuration): never {
    const { impaired } = this.#world;
    const left = votersEver(lacking).filter((id) => !impaired.includes(id));
    const sentence = `no quorum of ${this.#ledger.describe(lacking)} is left with its disk: only ${this.#ledger.names(left)} could vote`;
    if (!isQuorum(lacking, (id) => left.includes(id))) throw new Excuse(sentence);
    throw new Error(`liveness phase: ${this.#ledger.names(left)} are whole and were not revived`);
  }

  /**
   * The latest committed configuration, and every later one in a log of a member that can still spread it, or on its way to a log: its leader may
   * have crashed before it had it itself (swarm seed 51651).
   */
  #configurationsThatMatter(candidates: readonly MemberShadow[]): Configuration[] {
    const committed = this.#ledger.latestConfiguration;
    if (committed === undefined) throw new Error('liveness phase: no configuration was ever known');
    const found = [committed.configuration];
    for (const { configurations } of candidates) {
      for (const { configuration } of configurations.above(committed.index)) {
        if (!found.includes(configuration)) found.push(configuration);
      }
    }
    for (const { configuration, index } of this.#entriesUnderWay()) {
      if (configuration === null || index <= committed.index) continue;
      if (!found.includes(configuration)) found.push(configuration);
    }
    return found;
  }

  /** Those that their receiver may still append. */
  *#entriesUnderWay(): Generator<Entry> {
    for (const message of this.#world.messagesUnderWay()) {
      if (message.type !== 'AppendEntries') continue;
      const durableTerm = this.#ledger.shadowOf(message.to)?.durableTerm ?? 0;
      if (message.term >= durableTerm) yield* message.entries;
    }
  }

  /**
   * With autoPromote a leader may make a voter of any learner that was well until now, and then needs it (swarm seed 5421): whoever can be
   * revived is in the core, and the others count as voters that are missing.
   */
  #promotable(
    known: readonly Configuration[],
    candidates: readonly MemberShadow[],
  ): Configuration[] {
    if (!this.#world.plan.raft.autoPromote) return [];
    const isLearner = (id: MemberId): boolean =>
      known.some(({ members }) => members.some((one) => one.id === id && one.role === 'learner'));
    for (const shadow of candidates) if (isLearner(shadow.id)) this.#admit(shadow);
    const promoted = known.map(({ members, outgoing, autoLeave, highestId }) => ({
      members: members.map((member) =>
        member.role === 'learner' && !this.#core.includes(member.id)
          ? changedMember(member, { role: 'voter' })
          : member,
      ),
      outgoing,
      autoLeave,
      highestId,
    }));
    return promoted.filter(
      ({ members }, at) => !members.every((member, place) => member === known[at]?.members[place]),
    );
  }

  #admit(shadow: MemberShadow): void {
    if (this.#core.includes(shadow.id)) return;
    if (this.#world.revive(shadow.id)) this.#core.push(shadow.id);
  }

  /** In the core and able to vote: not while its disk is damaged, or entries it once acknowledged are missing. */
  #counts(id: MemberId): boolean {
    return this.#core.includes(id) && !this.#world.impaired.includes(id);
  }

  /** Every quorum of intact disks meets the one that committed an entry, so the last committed one must be on a disk of the core. */
  #checkIntact(): void {
    const index = this.#ledger.committed;
    const last = this.#ledger.canonical[index];
    if (last === undefined || last === null) return;
    const holder = this.#core.find((id) => {
      const shadow = this.#ledger.shadowOf(id);
      return shadow !== undefined && this.#ledger.contains(shadow.durable, index, last.entry.term);
    });
    if (holder !== undefined) return;
    const core = this.#ledger.names(this.#core);
    throw new Violation(
      'S6',
      `entry ${index}@${last.entry.term} was committed, and is on no disk of ${core}, who are a quorum`,
    );
  }
}
