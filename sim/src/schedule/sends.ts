/**
 * A schedule without some of its steps, as if what these sent had never been sent: who delivers it goes too, and messages that were numbered
 * after it move up. Without this no heartbeat could be left out before the one that matters, for steps name messages by their number.
 * What is left is a guess, since a step that goes may change what others send; whoever asks plays it.
 */
import type { MemberMessage } from '@seedraft/replica';
import type { Observer, WorldView } from '../observer.ts';
import type { Plan } from '../plan.ts';
import { run } from '../run.ts';
import { formatStep, type ScheduleStep } from './step.ts';
import { ScheduleWorld, STEP } from './world.ts';

type Carried = Extract<ScheduleStep, { readonly ordinal: number }>;

/** Who sends what: by link and type, the place of the step that sent each message, by its ordinal. */
export type Sends = ReadonlyMap<string, readonly number[]>;

const linkOf = ({ from, to, type }: Carried): string => `${from} ${to} ${type}`;

/** Plays the steps once. */
export function sendsOf(plan: Plan, steps: readonly ScheduleStep[]): Sends {
  const sends = new Map<string, number[]>();
  const watch = (world: WorldView): readonly Observer[] => {
    if (!(world instanceof ScheduleWorld)) return [];
    const onPosted = ({ from, to, type }: MemberMessage): void => {
      const link = `n${from} n${to} ${type}`;
      const senders = sends.get(link) ?? [];
      senders.push(world.now / STEP - 1);
      sends.set(link, senders);
    };
    world.mail = { onPosted, onDropped: () => {} };
    return [];
  };
  run({ ...plan, schedule: steps.map(formatStep) }, { observers: watch });
  return sends;
}

/** Only the steps at these places (ascending). */
export function onlySteps(
  steps: readonly ScheduleStep[],
  places: readonly number[],
  sends: Sends,
): ScheduleStep[] {
  const kept = new Set(places);
  const left: ScheduleStep[] = [];
  for (const place of places) {
    const step = steps[place] as ScheduleStep;
    const moved = 'ordinal' in step ? movedUp(step, sends.get(linkOf(step)) ?? [], kept) : step;
    if (moved !== null) left.push(moved);
  }
  return left;
}

/** Null: nobody sends it any more. */
function movedUp(
  step: Carried,
  senders: readonly number[],
  kept: ReadonlySet<number>,
): Carried | null {
  const isSent = (ordinal: number): boolean => {
    const sender = senders[ordinal];
    // What was sent before the first step is always sent.
    return sender === undefined || sender < 0 || kept.has(sender);
  };
  if (!isSent(step.ordinal)) return null;
  let ordinal = 0;
  for (let other = 0; other < step.ordinal; other += 1) if (isSent(other)) ordinal += 1;
  return { ...step, ordinal };
}
