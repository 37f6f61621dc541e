/**
 * Carries the plan's faults out, each at its time, heals those that last, and counts them. Most are the simulator's own; where real processes
 * need another way (a joiner gets its id from the cluster, so membership goes through the operator) it stands in OWN.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Draw,
  type FaultPlan,
  faultNamed,
  type Injected,
  Randomness,
  resolveTarget,
} from '@seedraft/sim';
import type { ChaosCluster } from './cluster.ts';
import type { ChaosMember } from './member.ts';
import type { ChaosWorld } from './world.ts';

type Parameters = Readonly<Record<string, unknown>>;
type Inject = (world: ChaosWorld, parameters: Parameters, draw: Draw) => Injected | null;

/** Fewer bear no failure, more are slow on one machine: the nemesis' own changes keep between these. */
const FEWEST_VOTERS = 3;
const MOST_VOTERS = 7;

function chosen(world: ChaosWorld, word: unknown, draw: Draw): ChaosMember | null {
  const view = resolveTarget(world, String(word), draw)[0];
  return view === undefined ? null : world.cluster.byId(view.id);
}

const isNamed = (word: unknown): boolean => /^n\d/.test(String(word));

function voters({ leader }: ChaosCluster): number {
  const members = leader?.told?.configuration.members ?? [];
  return members.filter(({ role }) => role === 'voter').length;
}

/** Null while the operator has something else to do, or nobody leads who could be asked. */
function operated(inject: Inject): Inject {
  return (world, parameters, draw) =>
    world.operator.isBusy || world.cluster.leader === null ? null : inject(world, parameters, draw);
}

const changeRole = (what: 'promote' | 'demote'): Inject =>
  operated((world, { target }, draw) => {
    const member = chosen(world, target, draw);
    if (member === null) return null;
    const tooFew = what === 'demote' && voters(world.cluster) <= FEWEST_VOTERS;
    if (tooFew && !isNamed(target)) return null;
    world.operator.change(what, member);
    return { sentence: `the operator ${what}s ${member.name}` };
  });

const OWN: Readonly<Record<string, Inject>> = {
  restart: (world, { target }, draw) => {
    const member = chosen(world, target, draw);
    if (member?.status !== 'up') return null;
    world.cluster.bounce(member);
    return { sentence: `${member.name} is stopped in good order and started again` };
  },
  add: (world, { role }) => {
    if (voters(world.cluster) >= MOST_VOTERS) return null;
    world.operator.add(role === 'learner');
    return { sentence: `a new member joins as a ${String(role)}` };
  },
  remove: (world, { target }, draw) => {
    const member = chosen(world, target, draw);
    if (member === null) return null;
    if (!isNamed(target) && voters(world.cluster) <= FEWEST_VOTERS) return null;
    world.operator.remove(member);
    return { sentence: `the operator removes ${member.name}` };
  },
  replace: (world, { target }, draw) => {
    const member = chosen(world, target, draw);
    if (member === null) return null;
    world.operator.replace(member);
    return { sentence: `the operator replaces ${member.name} by a new member` };
  },
  promote: changeRole('promote'),
  demote: changeRole('demote'),
};

/** They wait for the operator to have time, and for a leader who can be asked. */
const OPERATED: readonly string[] = ['add', 'remove', 'replace', 'promote', 'demote', 'wipe'];
const PATIENCE = 10_000_000;

/** What a planned fault counts as: the names of `--faults`, and of scenario files for the rest. */
export function classOf({ fault, parameters }: FaultPlan): string {
  switch (fault) {
    case 'crash':
    case 'crash-all':
      return 'kill';
    case 'pause':
      return 'stop';
    case 'partition':
      return parameters.direction === 'symmetric' ? 'partition' : 'one-way';
    case 'network':
      return parameters.drop === undefined ? 'delay' : 'drop';
    case 'clog':
    case 'swizzle':
      return 'hold';
    case 'add':
    case 'remove':
    case 'replace':
    case 'promote':
    case 'demote':
      return 'churn';
    default:
      return fault;
  }
}

export class Nemesis {
  /** Injections, by class. */
  readonly counts = new Map<string, number>();
  /** Planned faults that found nobody to strike. */
  missed = 0;
  readonly #world: ChaosWorld;
  readonly #tell: (sentence: string) => void;
  readonly #randomness: Randomness;
  readonly #heals = new Set<() => void>();

  constructor(world: ChaosWorld, tell: (sentence: string) => void) {
    this.#world = world;
    this.#tell = tell;
    this.#randomness = new Randomness(world.plan.root);
    for (const { fault, parameters } of world.plan.faults) {
      this.counts.set(classOf({ fault, parameters } as FaultPlan), 0);
    }
  }

  /** Until the plan's time is over or the signal is aborted. Nothing is healed that has not had its time. */
  async run(signal: AbortSignal): Promise<void> {
    const { plan } = this.#world;
    const faults = [...plan.faults].sort((one, other) => one.at - other.at || one.id - other.id);
    for (const planned of faults) {
      await this.#until(planned.at, signal);
      if (signal.aborted) return;
      await this.#world.cluster.refresh();
      if (OPERATED.includes(planned.fault)) this.#injectWhenFree(planned);
      else this.#inject(planned);
    }
    await this.#until(plan.duration, signal);
  }

  /** Nothing that was to happen later does. */
  stop(): void {
    this.#world.clearTimers();
  }

  /** Whatever still lasts is over, and everybody runs who is a member. */
  heal(): void {
    this.stop();
    for (const heal of this.#heals) heal();
    this.#heals.clear();
    // Some would heal by and by.
    this.stop();
    this.#world.cluster.heal();
  }

  #injectWhenFree(planned: FaultPlan): void {
    const { operator, cluster } = this.#world;
    const isFree = (): boolean => !operator.isBusy && cluster.leader !== null;
    const miss = (): void => {
      this.missed += 1;
    };
    this.#world.when(isFree, PATIENCE, () => this.#inject(planned), miss);
  }

  #inject(planned: FaultPlan): void {
    const { fault, parameters, id, duration } = planned;
    const world = this.#world;
    const draw = this.#randomness.draw('fault', id);
    const own = OWN[fault];
    const injected =
      own === undefined
        ? (faultNamed(fault)?.inject(world, parameters, draw) ?? null)
        : own(world, parameters, draw);
    if (injected === null) {
      this.missed += 1;
      return;
    }
    const name = classOf(planned);
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    this.#tell(injected.sentence);
    const { heal } = injected;
    if (heal === undefined || duration === 0) {
      if (heal !== undefined) this.#heals.add(heal);
      return;
    }
    this.#heals.add(heal);
    world.after(duration, () => {
      if (!this.#heals.delete(heal)) return;
      heal();
      this.#tell(`over: ${injected.sentence}`);
    });
  }

  async #until(micros: number, signal: AbortSignal): Promise<void> {
    const left = (micros - this.#world.now) / 1000;
    if (left > 0) await sleep(left, undefined, { signal }).catch(() => {});
  }
}
