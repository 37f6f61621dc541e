/**
 * The registry: every fault there is. `--help`, scenario files, swarm and the vacuity guard read this list, so it cannot drift from them.
 */
import { add } from './add.ts';
import { amnesia } from './amnesia.ts';
import { bitRot } from './bit-rot.ts';
import { campaign } from './campaign.ts';
import { clientStorm } from './client-storm.ts';
import { clientsCut } from './clients-cut.ts';
import { clockDrift } from './clock-drift.ts';
import { clockFreeze } from './clock-freeze.ts';
import { clockStep } from './clock-step.ts';
import { clog } from './clog.ts';
import { concurrentChanges } from './concurrent-changes.ts';
import { crash } from './crash.ts';
import { crashAll } from './crash-all.ts';
import { demote } from './demote.ts';
import { diskError } from './disk-error.ts';
import { diskFull } from './disk-full.ts';
import { diskSlow } from './disk-slow.ts';
import { diskStall } from './disk-stall.ts';
import type { Fault } from './fault.ts';
import { fsyncFailure } from './fsync-failure.ts';
import { hold } from './hold.ts';
import { interruptJoint } from './interrupt-joint.ts';
import { jointChange } from './joint-change.ts';
import { misdirectedWrite } from './misdirected-write.ts';
import { network } from './network.ts';
import { partition } from './partition.ts';
import { pause } from './pause.ts';
import { peerDown } from './peer-down.ts';
import { promote } from './promote.ts';
import { remove } from './remove.ts';
import { replace } from './replace.ts';
import { shortRead } from './short-read.ts';
import { slow } from './slow.ts';
import { snapshot } from './snapshot.ts';
import { staleRead } from './stale-read.ts';
import { swizzle } from './swizzle.ts';
import { transfer } from './transfer.ts';
import { wipe } from './wipe.ts';

/** By group, in the order people read them. */
export const FAULTS: readonly Fault[] = [
  network,
  clog,
  swizzle,
  hold,
  partition,
  crash,
  crashAll,
  pause,
  peerDown,
  slow,
  wipe,
  amnesia,
  campaign,
  clockDrift,
  clockStep,
  clockFreeze,
  diskStall,
  diskSlow,
  diskFull,
  diskError,
  fsyncFailure,
  shortRead,
  bitRot,
  misdirectedWrite,
  staleRead,
  add,
  remove,
  promote,
  demote,
  replace,
  jointChange,
  interruptJoint,
  concurrentChanges,
  transfer,
  snapshot,
  clientsCut,
  clientStorm,
] as readonly Fault[];

const BY_NAME = new Map(FAULTS.map((fault) => [fault.name, fault]));

/** The fault of that name, or null. */
export function faultNamed(name: string): Fault | null {
  return BY_NAME.get(name) ?? null;
}

/** The classes a fault is switched on and counted by. */
export function classesOf(fault: Fault): readonly string[] {
  return fault.variants?.map((variant) => `${fault.name}:${variant}`) ?? [fault.name];
}

/**
 * Conditions that hold for a whole run rather than for a window: drawn into the plan's knobs (draw-plan.ts), counted from the plan
 * (`knobClassesOf`).
 */
export const KNOB_CLASSES = [
  'latency',
  'asymmetry',
  'drop',
  'duplicate',
  'reorder',
  'corrupt',
  'truncate',
  'capacity',
  'clock-offset',
  'clock-skew',
  'disk-latency',
  'tiny-batch',
  'tiny-window',
  'tiny-snapshot-threshold',
  'tiny-entries',
  'tight-timeouts',
  'no-pre-vote',
  'no-check-quorum',
  'lease',
  'duplicate-submit',
  'sessionless',
  'learners',
  'turns',
  'unbound',
] as const;
export type KnobClass = (typeof KNOB_CLASSES)[number];

/** Every class that must have occurred over a campaign of at least 64 seeds (the vacuity guard). */
export const FAULT_CLASSES: readonly string[] = [...FAULTS.flatMap(classesOf), ...KNOB_CLASSES];
