/**
 * Liveness mode, at the end of a run: a random core that holds a quorum of every configuration that may matter is healed, everybody
 * else fails for good, and within a stated bound the core must be a working cluster again (L1..L7).
 *
 * This file decides what is demanded; the world only carries out (`LivenessWorld`). Demands follow from the
 * paper's timing requirement (5.6): inside the core broadcast time is far below the election timeout, so there is no bad luck. Who
 * is in the core, and when nobody can be, is liveness-core.ts's to say. Outsiders fail in ways that leave no honest doubt who leads: down as they
 * were, cut off, deaf, or mute towards everybody; half-deaf ones only where PreVote and CheckQuorum are on, since Raft without them promises nothing there.
 */
import type { Index, MemberId, Raft } from '@seedraft/core';
import { type CoreWorld, Excuse, pickCore } from './liveness-core.ts';
import { type ClientOperation, type MemberView, type Micros, Violation } from './observer.ts';
import type { Ledger } from './properties/ledger.ts';
import { type RuleDefinition, seconds } from './properties/rule.ts';
import type { MemberShadow } from './properties/shadow.ts';
import { bearable, type Calm } from './timing.ts';

/** What the engine does for the liveness phase. Everything is synchronous: `runUntil` is the event loop. */
export interface LivenessWorld extends CoreWorld {
  /**
   * Ends the safety phase: no planned fault is injected or healed from here on, what faults scheduled (`after`, `when`, restarts, rejoins,
   * retried operators' requests) and operators' requests that nobody has read yet are dropped, clients invoke nothing more (their open operations still end). Members keep their state:
   * whoever is down stays down, whoever is paused or slow stays so, links stay as they are.
   */
  freezeFaults(): void;
  /**
   * Heals the core for good. Links between its members, and between them and the clients: no block, no clog (clogged messages flush), no
   * drop, duplicate, reordering, corruption or capacity limit, latency uniform in [latency / 2, latency]. Its members: not slow, clock
   * within `drift` of true time (no freeze, no further step), turns of at most `latency`, disk working (no stall, not full, no scheduled
   * error) with every operation taking at most `latency`. What damage already did to their bytes stays.
   */
  healCore(core: readonly MemberId[], calm: Calm): void;
  /**
   * A write by a client of its own, first sent to `first`, following leader hints among the core, retried when refused or unanswered (a
   * heartbeat apart). It enters the history like any other. Its `outcome` leaves 'open' when its client knows; it is never given up
   * before that.
   */
  submitFresh(core: readonly MemberId[], first: MemberId): ClientOperation;
  /**
   * Linearizable reads of these keys, one after the other, by a client like that of `submitFresh`: they enter the history, and the rules
   * judge what they saw. Returns how many are unanswered, asked at any time.
   */
  readBack(core: readonly MemberId[], first: MemberId, keys: readonly string[]): () => number;
  /** The keys that the workload's writes went to. */
  writtenKeys(): readonly string[];
  /** Requests this member was handed since its boot and has not answered. */
  unanswered(id: MemberId): number;
  /** Runs events until the predicate holds (asked after each event, true at once counts) or `within` has passed; says which. */
  runUntil(predicate: () => boolean, within: Micros): boolean;
}

/** How the phase ended when nothing was violated. */
export type LivenessVerdict =
  | {
      readonly outcome: 'live';
      readonly core: readonly MemberId[];
      /** What each demand had to be met within, in the plan's longest election timeouts. */
      readonly bound: number;
      readonly checks: Readonly<Record<string, number>>;
    }
  | { readonly outcome: 'inconclusive'; readonly reason: string };

export const LIVENESS_RULES: readonly RuleDefinition[] = [
  {
    id: 'L1',
    name: 'The core converges',
    definition: 'Within the bound the healed core has one leader that all its members follow.',
    antecedent: 'liveness phases',
    catches: ['IN-THE-WAY', 'M34'],
  },
  {
    id: 'L2',
    name: 'The core makes progress',
    definition:
      'Within the bound the healed core acknowledges a fresh write, and answers a linearizable read of every key (of 64 at most).',
    antecedent: 'liveness phases',
    catches: ['M12', 'M35', 'WINDOW'],
  },
  {
    id: 'L3',
    name: 'The core keeps its leader',
    definition: 'A healed core in working order keeps its leader for ten election timeouts.',
    antecedent: 'liveness phases',
    catches: ['M34'],
  },
  {
    id: 'L4',
    name: 'No joint configuration lasts',
    definition: 'Within the bound the healed core leaves a joint configuration.',
    antecedent: 'liveness phases that began with a joint configuration in some log of the core',
    catches: ['M35'],
  },
  {
    id: 'L5',
    name: 'Followers catch up',
    definition:
      'Within the bound every member of the core has applied what its leader committed, and has no entries left to repair.',
    antecedent: 'liveness phases in which a member of the core had fallen behind',
    catches: ['M12'],
  },
  {
    id: 'L6',
    name: 'No livelock on a half-deaf member',
    definition:
      'A member that hears nobody, or that nobody hears, does not keep the healed core from any of this.',
    antecedent: 'liveness phases with a running half-deaf member outside the core',
    catches: ['M34'],
  },
  {
    id: 'L7',
    name: 'Every request ends',
    definition:
      'Within the bound every member of the core has answered every request that it was handed since it started.',
    antecedent: 'requests open at a member of the core when it was healed, or handed to it since',
    catches: ['SWALLOW', 'BATCH-INDEX', 'BATCH-END'],
  },
];

/** Elections succeed with at least even odds once the network is well, so fifty tries failing is no bad luck. */
const ELECTIONS = 50;
/** L3's span, in longest election timeouts. */
const TENURE = 10;
/** Keys read back at most. */
const SAMPLE = 64;

/** Runs the phase. Throws a Violation of L1..L7, of S6 when what was committed is lost, or an Error when the simulator is wrong. */
export function runLiveness(world: LivenessWorld, ledger: Ledger): LivenessVerdict {
  try {
    return new LivenessPhase(world, ledger).run();
  } catch (thrown) {
    if (thrown instanceof Excuse) return { outcome: 'inconclusive', reason: thrown.message };
    throw thrown;
  }
}

class LivenessPhase {
  readonly #world: LivenessWorld;
  readonly #ledger: Ledger;
  #core: MemberId[] = [];
  /** Running outsiders that are deaf or mute. */
  #halfDeaf: MemberView[] = [];
  readonly #timeout: Micros;
  #latency: Micros = 0;
  readonly #checks: Record<string, number> = { L1: 1, L2: 1, L3: 1, L4: 0, L5: 0, L6: 0, L7: 0 };

  constructor(world: LivenessWorld, ledger: Ledger) {
    this.#world = world;
    this.#ledger = ledger;
    this.#timeout = world.plan.raft.electionTimeoutMax * 1000;
  }

  run(): LivenessVerdict {
    const world = this.#world;
    world.freezeFaults();
    this.#core = pickCore(world, this.#ledger);
    this.#failOthers();
    world.healCore(this.#core, this.#calm());
    for (const id of this.#core) this.#checks.L7 = (this.#checks.L7 ?? 0) + world.unanswered(id);
    const bound = this.#bound();
    const within = `${Math.ceil(bound / this.#timeout)} election timeouts`;
    this.#demand(
      'L1',
      bound,
      () => this.#leader() !== null,
      () => `has no leader after ${within}`,
    );
    const fresh = world.submitFresh(this.#core, world.draw.pick('first asked', this.#core));
    const acknowledged = () => fresh.outcome === 'ok';
    this.#demand(
      'L2',
      bound,
      acknowledged,
      () => `has not acknowledged a fresh write after ${within}`,
    );
    this.#readBack(bound);
    this.#leaveJoint(bound, within);
    this.#catchUp(bound, within);
    this.#keepLeader(bound);
    this.#answerAll(bound, within);
    const checks = this.#checks;
    return { outcome: 'live', core: this.#core, bound: Math.ceil(bound / this.#timeout), checks };
  }

  #calm(): Calm {
    const calm = bearable(this.#world.plan.raft);
    if (calm === null) {
      throw new Excuse(
        'between the heartbeat and the shortest election timeout lies one millisecond, as much as reading a clock in whole ones takes: no leader can stay',
      );
    }
    this.#latency = calm.latency;
    return calm;
  }

  /** Whether members that cannot win may not depose those that do. */
  get #isStable(): boolean {
    const { preVote, checkQuorum } = this.#world.plan.raft;
    return preVote && checkQuorum;
  }

  #failOthers(): void {
    const world = this.#world;
    const shapes = this.#isStable ? (['cut off', 'deaf', 'mute'] as const) : (['cut off'] as const);
    for (const view of world.members) {
      if (this.#core.includes(view.id) || view.replica === null) continue;
      const shape = world.draw.pick(`outsider ${view.id}`, shapes);
      if (shape !== 'cut off') this.#halfDeaf.push(view);
      for (const other of world.members) {
        if (other.id === view.id) continue;
        if (shape !== 'mute') world.block(other.id, view.id);
        if (shape !== 'deaf') world.block(view.id, other.id);
      }
    }
    if (this.#halfDeaf.length > 0) this.#checks.L6 = 1;
  }

  // ------------------------------------------------------------------------------------------------------------ what is demanded

  /**
   * Time for the elections, and for the slowest catching up: one entry or chunk a message, one message at a time, each a few
   * latencies (request, write, reply, and as much again for a lost race).
   */
  #bound(): Micros {
    const { heartbeatInterval, snapshotChunkBytes } = this.#world.plan.raft;
    let last = this.#ledger.committed;
    let behind = 0;
    let bytes = 0;
    const shadows = this.#core.map((id) => this.#ledger.shadowOf(id) as MemberShadow);
    for (const { claimed } of shadows) last = Math.max(last, claimed.lastIndex);
    for (const { claimed, applied, view, configurations } of shadows) {
      behind = Math.max(behind, last - claimed.lastIndex, last - applied);
      bytes = Math.max(bytes, view.raft?.snapshot?.size ?? 0);
      if (configurations.latest?.configuration.outgoing != null) this.#checks.L4 = 1;
    }
    if (behind > 0) this.#checks.L5 = 1;
    const messages = 2 * behind + 2 * Math.ceil(bytes / Math.max(1, snapshotChunkBytes)) + 20;
    return ELECTIONS * this.#timeout + 40 * heartbeatInterval * 1000 + messages * 8 * this.#latency;
  }

  /** The leader that every member of the core in its configuration follows, or null. */
  #leader(): MemberView | null {
    for (const id of this.#core) {
      const view = this.#world.member(id);
      const { raft } = view;
      if (raft === null || raft.role !== 'leader') continue;
      if (this.#followers(raft).every((follower) => follows(follower, raft))) return view;
    }
    return null;
  }

  /**
   * Members of the core that this leader replicates to. One whose damaged disk comes to light only now stops and may be lost: it was never
   * counted on, so the core must do without it.
   */
  #followers(leader: Raft): MemberView[] {
    return leader.configuration.members
      .filter(({ id }) => id !== leader.id && this.#core.includes(id))
      .map(({ id }) => this.#world.member(id))
      .filter(({ id, replica }) => replica !== null || !this.#world.impaired.includes(id));
  }

  /** What was acknowledged before must be there: the rules compare what the reads see with it. A read takes two round trips at most, and its answer. */
  #readBack(bound: Micros): void {
    const { draw } = this.#world;
    const keys = draw.shuffle('keys', this.#world.writtenKeys()).slice(0, SAMPLE);
    const left = this.#world.readBack(this.#core, draw.pick('first read', this.#core), keys);
    this.#checks.L7 = (this.#checks.L7 ?? 0) + keys.length;
    const within = bound + keys.length * 8 * this.#latency;
    const span = `${Math.ceil(within / this.#timeout)} election timeouts`;
    this.#demand(
      'L2',
      within,
      () => left() === 0,
      () => `has left ${left()} of ${keys.length} reads unanswered after ${span}`,
    );
  }

  /** A request ends when its entry is applied or superseded, its read confirmed, or its member no longer leads: all of it is over by now. */
  #answerAll(bound: Micros, within: string): void {
    const silent = (): MemberId[] => this.#core.filter((id) => this.#world.unanswered(id) > 0);
    this.#demand(
      'L7',
      bound,
      () => silent().length === 0,
      () => {
        const open = silent().map((id) => `${this.#ledger.name(id)} ${this.#world.unanswered(id)}`);
        return `owes its clients answers after ${within}: ${open.join(', ')}`;
      },
    );
  }

  #leaveJoint(bound: Micros, within: string): void {
    const left = (): boolean => {
      const raft = this.#leader()?.raft ?? null;
      if (raft === null) return false;
      return raft.configuration.outgoing === null && raft.commitIndex >= raft.configurationIndex;
    };
    this.#insist(
      'L4',
      () => this.#leaves(bound, left),
      () => `is still in a joint configuration after ${within}`,
    );
  }

  /**
   * Nobody promised to leave an explicit one by itself: the operator does. One may come into force late, on its way to a log or asked for again
   * by an operator whose leader was deposed (swarm seed 70877).
   */
  #leaves(bound: Micros, left: () => boolean): boolean {
    const world = this.#world;
    let asked: Index = 0;
    const isNewlyExplicit = (): boolean => {
      const raft = this.#leader()?.raft ?? null;
      if (raft === null || raft.configurationIndex === asked) return false;
      return raft.configuration.outgoing !== null && !raft.configuration.autoLeave;
    };
    while (world.runUntil(() => left() || isNewlyExplicit(), bound)) {
      if (left()) return true;
      asked = this.#leader()?.raft?.configurationIndex ?? 0;
      world.changeMembership([], 'explicit');
    }
    return false;
  }

  #catchUp(bound: Micros, within: string): void {
    const target = this.#leader()?.raft?.commitIndex ?? this.#ledger.committed;
    const behind = (): MemberView[] => {
      const raft = this.#leader()?.raft ?? null;
      if (raft === null) return [];
      const all = [this.#world.member(raft.id), ...this.#followers(raft)];
      return all.filter((view) => isBehind(view, target, raft));
    };
    const caughtUp = () => this.#leader() !== null && behind().length === 0;
    this.#demand('L5', bound, caughtUp, () => {
      const names = behind().map(
        ({ name, replica, raft }) =>
          `${name} at ${replica?.appliedIndex ?? 0}${(raft?.repairUntil ?? 0) > 0 ? ', repairing' : ''}`,
      );
      return `has members that have not applied ${target} after ${within}: ${names.join(', ')}`;
    });
  }

  #keepLeader(bound: Micros): void {
    if (this.#holds(() => this.#keptFor(bound))) return;
    const before = this.#halfDeaf;
    if (before.length > 0) {
      this.#cut(before);
      if (this.#keptFor(bound)) throw this.#livelock(before, 'does not keep its leader');
    }
    throw this.#violation('L3', `does not keep its leader for ${TENURE} election timeouts`);
  }

  #keptFor(bound: Micros): boolean {
    if (!this.#world.runUntil(() => this.#leader() !== null, bound)) return false;
    const raft = this.#leader()?.raft as Raft;
    const term = raft.currentTerm;
    const lost = () => raft.role !== 'leader' || raft.currentTerm !== term;
    return !this.#world.runUntil(lost, TENURE * this.#timeout);
  }

  #demand(rule: string, bound: Micros, met: () => boolean, failing: () => string): void {
    this.#insist(rule, () => this.#world.runUntil(met, bound), failing);
  }

  /** Holds the core to a demand, which lets the world run on; if it fails, finds out whether a half-deaf outsider is why. */
  #insist(rule: string, demanded: () => boolean, failing: () => string): void {
    if (this.#holds(demanded)) return;
    const sentence = failing();
    const before = this.#halfDeaf;
    if (before.length > 0) {
      this.#cut(before);
      if (demanded()) throw this.#livelock(before, sentence);
    }
    throw this.#violation(rule, sentence);
  }

  /** If need be once removed servers are off: they may depose leaders for ever where nothing keeps them from it (dissertation 4.2.3; swarm seed 16794). */
  #holds(demanded: () => boolean): boolean {
    do {
      if (demanded()) return true;
    } while (!this.#isStable && this.#stopRemoved());
    return false;
  }

  /** Switches off members of the core that the committed configuration no longer has, as an operator would; false: there are none. */
  #stopRemoved(): boolean {
    const members = this.#ledger.latestConfiguration?.configuration.members ?? [];
    const removed = this.#core.filter((id) => !members.some((member) => member.id === id));
    if (removed.length === 0) return false;
    for (const id of removed) {
      this.#world.crash(id, 'kept');
      this.#core.splice(this.#core.indexOf(id), 1);
    }
    return true;
  }

  #cut(outsiders: readonly MemberView[]): void {
    for (const { id } of outsiders) {
      for (const other of this.#world.members) {
        if (other.id === id) continue;
        this.#world.block(other.id, id);
        this.#world.block(id, other.id);
      }
    }
    this.#halfDeaf = this.#halfDeaf.filter((view) => !outsiders.includes(view));
  }

  #livelock(outsiders: readonly MemberView[], sentence: string): Violation {
    const names = outsiders.map(({ name }) => name).join(', ');
    return this.#violation('L6', `${sentence}, but does once ${names}, half-deaf, is cut off`);
  }

  #violation(rule: string, sentence: string): Violation {
    const states = this.#core.map((id) => describe(this.#world.member(id)));
    const core = `the healed core {${this.#ledger.names(this.#core)}}`;
    const at = seconds(this.#world.now);
    return new Violation(rule, `${core} ${sentence} (at ${at}: ${states.join('; ')})`);
  }
}

function follows({ raft }: MemberView, leader: Raft): boolean {
  return raft !== null && raft.leader === leader.id && raft.currentTerm === leader.currentTerm;
}

/** A repair beyond the leader's log ends with entries that are not there yet: nobody can demand it now. */
function isBehind({ replica, raft }: MemberView, target: number, leader: Raft): boolean {
  if (replica === null || raft === null || replica.appliedIndex < target) return true;
  return raft.repairUntil > 0 && raft.repairUntil <= leader.log.lastIndex;
}

function describe({ name, raft, status }: MemberView): string {
  if (raft === null) return `${name} ${status}`;
  const { role, currentTerm, commitIndex, log } = raft;
  return `${name} ${role} in term ${currentTerm}, log to ${log.lastIndex}@${log.lastTerm}, commit ${commitIndex}`;
}
