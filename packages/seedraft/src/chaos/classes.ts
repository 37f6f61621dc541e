/**
 * What `--faults` can name: the nemesis that is drawn from a seed. Each class draws faults in the words of scenario files, so that a drawn
 * plan reads like a written one. When they strike is drawn too; what they do to a cluster in real time is not repeatable.
 */
import { type Draw, expandSeed, type FaultPlan, faultNamed, Randomness } from '@seedraft/sim';

interface Drawn {
  readonly fault: string;
  /** In the plan's form: microseconds, ppm. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Microseconds; 0: it heals itself. */
  readonly duration: number;
}

interface ChaosClass {
  readonly summary: string;
  readonly draw: (draw: Draw) => Drawn;
}

const WHO = ['leader', 'leader', 'follower', 'random', 'random'] as const;
const SHAPES = [
  'isolate-leader',
  'isolate-leader',
  'split',
  'half',
  'isolate',
  'minority-third',
  'majorities-ring',
  'bridge',
  'random-pair',
] as const;

const shaped = (draw: Draw, direction: 'symmetric' | 'inbound' | 'outbound'): Drawn => ({
  fault: 'partition',
  parameters: { shape: draw.pick('shape', SHAPES), direction, clients: false },
  duration: draw.between('window', 400_000, 4_000_000),
});

const plain = (fault: string, draw: Draw): Drawn => {
  const { window: [shortest, longest] = [0, 0], draw: parametersOf } = faultNamed(fault)!;
  return {
    fault,
    parameters: parametersOf(draw),
    duration: draw.between('window', shortest, longest),
  };
};

export const CHAOS_CLASSES = {
  kill: {
    summary: 'kill -9, and a start some time later',
    draw: (draw) => ({
      fault: 'crash',
      parameters: {
        target: draw.pick('target', WHO),
        disk: 'kept',
        restart: 1000 * draw.between('restart', 50, 2000),
      },
      duration: 0,
    }),
  },
  stop: { summary: 'SIGSTOP, and SIGCONT later', draw: (draw) => plain('pause', draw) },
  restart: {
    summary: 'an orderly stop and a start',
    draw: (draw) => ({
      fault: 'restart',
      parameters: { target: draw.pick('target', WHO) },
      duration: 0,
    }),
  },
  wipe: {
    summary: 'a data directory is gone; a new member joins in its place',
    draw: (draw) => plain('wipe', draw),
  },
  transfer: {
    summary: 'leadership is handed over on request',
    draw: () => ({ fault: 'transfer', parameters: { to: 'follower' }, duration: 0 }),
  },
  churn: {
    summary: 'members join, leave and are replaced',
    draw: (draw) =>
      draw.pick<Drawn>('change', [
        { fault: 'replace', parameters: { target: 'follower', with: 'new' }, duration: 0 },
        { fault: 'replace', parameters: { target: 'leader', with: 'new' }, duration: 0 },
        { fault: 'add', parameters: { with: 'new', role: 'voter' }, duration: 0 },
        { fault: 'remove', parameters: { target: 'follower' }, duration: 0 },
        { fault: 'remove', parameters: { target: 'leader' }, duration: 0 },
      ]),
  },
  partition: {
    summary: 'members do not hear each other, in eight shapes',
    draw: (draw) => shaped(draw, 'symmetric'),
  },
  'one-way': {
    summary: 'the same, in one direction',
    draw: (draw) => shaped(draw, draw.pick('direction', ['inbound', 'outbound'])),
  },
  delay: {
    summary: 'what members say arrives later',
    draw: (draw) => {
      const mean = draw.pick('mean', [5_000, 20_000, 50_000, 100_000]);
      const latency = { distribution: 'uniform', minimum: mean, mean };
      return {
        fault: 'network',
        parameters: { latency },
        duration: draw.between('window', 500_000, 4_000_000),
      };
    },
  },
  drop: {
    summary: 'connections break, and what was under way on them is lost',
    draw: (draw) => ({
      fault: 'network',
      parameters: { drop: draw.pick('drop', [5_000, 20_000, 100_000]) },
      duration: draw.between('window', 500_000, 4_000_000),
    }),
  },
  hold: {
    summary: 'what members say waits, then arrives all together',
    draw: (draw) => plain(draw.pick('which', ['hold', 'clog', 'swizzle']), draw),
  },
} as const satisfies Readonly<Record<string, ChaosClass>>;

export type ChaosClassName = keyof typeof CHAOS_CLASSES;
export const CHAOS_CLASS_NAMES = Object.keys(CHAOS_CLASSES) as ChaosClassName[];

/** No fault in the first of these, so that the cluster stands, nor so late that nobody sees what comes of it. Microseconds. */
const QUIET_BEGINNING = 500_000;
const QUIET_END = 500_000;

/** The same for the same seed, classes, length and pace. `every`: microseconds between two faults, on average. */
export function drawSchedule(
  seed: string,
  classes: readonly ChaosClassName[],
  duration: number,
  every: number,
): FaultPlan[] {
  const randomness = new Randomness(expandSeed(seed));
  const faults: FaultPlan[] = [];
  let at = Math.min(QUIET_BEGINNING, duration);
  for (let id = 0; ; id += 1) {
    const draw = randomness.draw('chaos', id);
    at += draw.between('gap', Math.ceil(every / 2), Math.ceil(every * 1.5));
    if (at > duration - QUIET_END) return faults;
    // Each class has its turn, and then chance decides: a short run must not miss one that was asked for.
    const name = id < classes.length ? classes[id]! : draw.pick('class', classes);
    const { fault, parameters, duration: span } = CHAOS_CLASSES[name].draw(draw);
    faults.push({ id, at, duration: span, fault, parameters });
  }
}
