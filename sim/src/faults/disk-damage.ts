/**
 * What faults on stored bytes share: choose a victim that the atlas allows, damage it, and see that the damage is met: by a crash and a
 * restart (recovery reads everything back with the production code), or by starting the member again after it has stopped itself.
 */
import { z } from 'zod';
import { DISK_FAULT_SENTENCES, type DiskFault } from '../disk/disk.ts';
import type { MemberView } from '../observer.ts';
import { duration } from '../scenario/units.ts';
import { isRunning, restartIfDown } from './crash.ts';
import type { Draw, FaultWorld, Injected } from './fault.ts';
import { resolve, target } from './target.ts';

/** Parameters of damage at rest. */
export const damageSchema = z.strictObject({
  target: target().default('random'),
  /** Time for the damage to happen before the crash: what is done to the next write needs a write. */
  settle: duration().default(0),
  /** Crash and come back after this long, so that recovery meets the damage; without it, it lies in wait. */
  restart: duration().optional(),
});
export type DamageParameters = z.output<typeof damageSchema>;

/** `settle`: how long, at most, the damage may take to happen. */
export function drawDamage(draw: Draw, settle: number): DamageParameters {
  const restart = draw.between('restart', 10_000, 1_500_000);
  return {
    target: draw.pick('target', ['leader', 'follower', 'random', 'random']),
    settle: settle === 0 ? 0 : draw.between('settle', 1_000, settle),
    ...(draw.chance('at rest', 200_000) ? {} : { restart }),
  };
}

/** Damage at rest, on the first of the targets (or, for `random`, of all) where there is something to damage. */
export function injectDamage(
  world: FaultWorld,
  draw: Draw,
  parameters: DamageParameters,
  kind: keyof typeof DISK_FAULT_SENTENCES,
): Injected | null {
  const victim = firstHit(world, draw, parameters.target, { kind });
  if (victim === null) return null;
  const { restart, settle } = parameters;
  const damage = DISK_FAULT_SENTENCES[kind](victim.name);
  if (restart === undefined) return { sentence: damage };
  const crash = (): void => {
    if (isRunning(victim)) world.crash(victim.id, 'kept');
    world.after(restart, () => restartIfDown(world, victim));
  };
  if (settle === 0) crash();
  else world.after(settle, crash);
  const back = `crashes and is back ${restart / 1000} ms later`;
  return {
    sentence: `${damage}; ${settle === 0 ? 'it' : `${settle / 1000} ms later it`} ${back}`,
  };
}

/** A fault that makes the member stop itself when it next uses its disk; somebody starts it again. */
export function injectStop(
  world: FaultWorld,
  draw: Draw,
  parameters: { readonly target: string; readonly restart: number },
  fault: DiskFault,
  tell: (victim: MemberView) => Injected,
): Injected | null {
  const victim = firstHit(world, draw, parameters.target, fault);
  if (victim === null) return null;
  // A read error may wait long for a read; a member that never stops needs nobody to start it.
  world.when(
    () => victim.status === 'down',
    10_000_000,
    () => world.after(parameters.restart, () => restartIfDown(world, victim)),
  );
  return tell(victim);
}

function firstHit(
  world: FaultWorld,
  draw: Draw,
  word: string,
  fault: DiskFault,
): MemberView | null {
  const candidates =
    word === 'random' ? draw.shuffle('target', world.current) : resolve(world, word, draw);
  return candidates.find((member) => world.disk(member.id, fault)) ?? null;
}
