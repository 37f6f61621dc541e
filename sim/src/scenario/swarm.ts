/**
 * Which fault classes a seed switches on, and when they strike. Swarm testing: each class is on with p = 1/2, so that classes which mask
 * each other are often tried apart; 10 % of the seeds are calm, 5 % have everything.
 *
 * Strikes come in episodes with healthy intervals between them: a cluster that never recovers commits nothing, and tests nothing.
 */
import type { Draw, Fault, FaultGroup } from '../faults/fault.ts';
import { classesOf, FAULTS, KNOB_CLASSES, type KnobClass } from '../faults/index.ts';
import type { FaultPlan } from '../plan.ts';
import type { Randomness } from '../random.ts';
import type { SwarmGroup } from './schema.ts';

const HALF = 500_000;

const ENTERING_JOINT: ReadonlySet<string> = new Set(['joint-change', 'interrupt-joint']);

const KNOB_GROUPS: Readonly<Record<KnobClass, SwarmGroup>> = {
  latency: 'network',
  asymmetry: 'network',
  drop: 'network',
  duplicate: 'network',
  reorder: 'network',
  corrupt: 'network',
  truncate: 'network',
  capacity: 'network',
  'clock-offset': 'clock',
  'clock-skew': 'clock',
  'disk-latency': 'disk',
  'tiny-batch': 'raft',
  'tiny-window': 'raft',
  'tiny-snapshot-threshold': 'raft',
  'tiny-entries': 'raft',
  'tight-timeouts': 'raft',
  'no-pre-vote': 'raft',
  'no-check-quorum': 'raft',
  lease: 'raft',
  turns: 'raft',
  'duplicate-submit': 'clients',
  sessionless: 'clients',
  learners: 'cluster',
  unbound: 'cluster',
};

export type Mood = 'calm' | 'swarm' | 'everything';

export function drawMood(draw: Draw): Mood {
  const dice = draw.between('mood', 0, 99);
  return dice < 10 ? 'calm' : dice < 15 ? 'everything' : 'swarm';
}

const ALL = { has: () => true };

/** The classes that are on of those that make sense, knobs and faults, in the registry's order. */
export function drawSwitches(
  draw: Draw,
  mood: Mood,
  groups: readonly SwarmGroup[],
  sensible: { has(name: string): boolean } = ALL,
): string[] {
  if (mood === 'calm') return [];
  // Faults that damage bytes make a run slower and most others rarer, so the whole group is left out of half the seeds.
  const disks = draw.chance('disk faults', HALF);
  const on = (name: string): boolean => mood === 'everything' || draw.chance(`class.${name}`, HALF);
  const classes: string[] = [];
  for (const knob of KNOB_CLASSES) {
    if (groups.includes(KNOB_GROUPS[knob]) && sensible.has(knob) && on(knob)) classes.push(knob);
  }
  for (const fault of FAULTS) {
    if (!groups.includes(fault.group)) continue;
    if (fault.group === 'disk' && mood === 'swarm' && !disks) continue;
    for (const name of classesOf(fault)) if (sensible.has(name) && on(name)) classes.push(name);
  }
  return classes;
}

interface Card {
  readonly fault: Fault;
  readonly variant: string | undefined;
  readonly order: number;
}

/** Everything that is on, each class once, in an order of its own: a class's place does not depend on which others exist. */
function deckOf(draw: Draw, switches: ReadonlySet<string>): Card[] {
  const deck: Card[] = [];
  for (const fault of FAULTS) {
    for (const variant of fault.variants ?? [undefined]) {
      const name = variant === undefined ? fault.name : `${fault.name}:${variant}`;
      if (switches.has(name)) deck.push({ fault, variant, order: draw.uint32(`order.${name}`) });
    }
  }
  return deck.sort((left, right) => left.order - right.order);
}

/** When the first fault may strike, at the earliest: a leader is elected and clients have begun. */
const WARM_UP = 600_000;

/** Strikes over the whole run, ids from `firstId` on. */
export function drawFaults(
  randomness: Randomness,
  mood: Mood,
  switches: ReadonlySet<string>,
  duration: number,
  firstId: number,
): FaultPlan[] {
  const draw = randomness.draw('plan.faults', 0);
  const deck = deckOf(draw, switches);
  const faults: FaultPlan[] = [];
  if (deck.length === 0) return faults;
  let at = WARM_UP + draw.between('warm-up', 0, 1_500_000);
  while (at < duration - 1_000_000) {
    const length = draw.between('episode', 600_000, 2_600_000);
    const strikes = mood === 'everything' ? draw.between('many', 3, 6) : draw.between('few', 2, 4);
    for (let strike = 0; strike < strikes; strike += 1) {
      const card = deck[faults.length % deck.length] as Card;
      const id = firstId + faults.length;
      const start = at + draw.between('start', 0, Math.floor(length / 2));
      faults.push(planStrike(randomness, card, id, start, { end: at + length, duration }));
    }
    at += length + draw.between('healthy', 400_000, 1_600_000);
  }
  const last = lastStrike(draw, deck);
  if (last !== null) {
    const start = duration - draw.between('before the end', 1_000, 200_000);
    const id = firstId + faults.length;
    faults.push(planStrike(randomness, last, id, start, { end: duration, duration }));
  }
  return faults;
}

/** A change of several members is over in a moment, so that few runs would end in the middle of one; whoever is healed then has to end it. */
function lastStrike(draw: Draw, deck: readonly Card[]): Card | null {
  const joint = deck.filter(({ fault }) => ENTERING_JOINT.has(fault.name));
  if (joint.length === 0 || !draw.chance('ends in a change', HALF)) return null;
  return draw.pick('last change', joint);
}

function planStrike(
  randomness: Randomness,
  card: Card,
  id: number,
  start: number,
  until: { readonly end: number; readonly duration: number },
): FaultPlan {
  const draw = randomness.draw('plan.fault', id);
  const at = Math.min(start, until.duration - 1);
  const { fault, variant } = card;
  // One in four outlasts its episode: windows of different episodes overlap, and what lasts longer than clients wait comes about.
  const end = draw.chance('long', 250_000) ? until.duration : Math.min(until.end, until.duration);
  const window = fault.window;
  const drawn = window === undefined ? 0 : draw.between('window', window[0], window[1]);
  return {
    id,
    at,
    duration: Math.max(drawn === 0 ? 0 : 1, Math.min(drawn, end - at)),
    fault: fault.name,
    parameters: fault.draw(randomness.draw('plan.parameters', id), variant),
  };
}

/** Groups whose faults damage what is stored, or stop the disk: their runs go through real bytes. */
export function touchesDisk(faults: readonly FaultPlan[]): boolean {
  const groups = new Map<string, FaultGroup>(FAULTS.map((fault) => [fault.name, fault.group]));
  return faults.some((planned) => groups.get(planned.fault) === 'disk');
}
