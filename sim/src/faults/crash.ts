/**
 * A member loses power: everything volatile is gone, unsynced writes are kept, dropped or torn. At a random moment, or when it is at a
 * named site (sites.ts).
 * Recovery it must leave possible: whatever the member said before is covered by what is durable; it restarts from its own disk after
 * `restart`, or when the fault heals.
 */
import { z } from 'zod';
import type { MemberView } from '../observer.ts';
import { duration } from '../scenario/units.ts';
import type { Draw, Fault, FaultWorld } from './fault.ts';
import { isAtSite, SITE_SENTENCES, SITES, type Site } from './sites.ts';
import { names, resolve, target } from './target.ts';

const DISKS = ['kept', 'dropped', 'torn'] as const;

const schema = z.strictObject({
  target: target().default('random'),
  /** What becomes of unsynced data; `drawn` by the weights of the plan. */
  disk: z.enum([...DISKS, 'drawn']).default('drawn'),
  /** Wait for this moment, at most `within`; without it, at once. */
  when: z.enum(SITES).optional(),
  within: duration().default(2_000_000),
  /** Down this long; without it, until the window ends (`for`), or for good. */
  restart: duration().optional(),
});
type Parameters = z.output<typeof schema>;

export const crash: Fault<Parameters> = {
  name: 'crash',
  group: 'process',
  summary:
    'a member loses power, unsynced data kept, dropped or torn; at any moment or at a named site',
  schema,
  subject: 'target',
  variants: [...DISKS, ...SITES],
  draw(draw, variant = draw.pick('variant', [...DISKS, ...SITES])) {
    const disk = DISKS.find((one) => one === variant);
    // A crash while a write is pending is ten times as likely as one at another moment.
    const site =
      SITES.find((one) => one === variant) ??
      (draw.chance('pending', 909_091) ? ('persist-pending' as const) : undefined);
    const rare = site === 'behind-snapshot' || site === 'unapplied';
    const leads = site === 'elected' || site === 'uncommitted' || site === 'joint';
    return {
      target: leads
        ? 'leader'
        : site === 'behind-snapshot'
          ? 'random'
          : draw.pick('target', ['leader', 'follower', 'random', 'random']),
      disk: disk ?? 'drawn',
      ...(site === undefined ? {} : { when: site }),
      // These come by only when other faults have prepared them.
      within: site === 'joint' || rare ? 10_000_000 : 2_000_000,
      restart: draw.pick('restart', [1_000, 50_000, 200_000, 500_000, 1_000_000, 2_000_000]),
    };
  },
  inject(world, parameters, draw) {
    return parameters.when === undefined
      ? crashNow(world, parameters, resolve(world, parameters.target, draw))
      : crashAtSite(world, parameters, parameters.when, draw);
  },
};

function crashNow(world: FaultWorld, parameters: Parameters, targets: readonly MemberView[]) {
  const victims = targets.filter(isRunning);
  if (victims.length === 0) return null;
  for (const victim of victims) lose(world, victim, parameters);
  return {
    sentence: `${names(victims)} ${victims.length > 1 ? 'crash' : 'crashes'}${aftermath(parameters)}`,
    heal: () => {
      for (const victim of victims) restartIfDown(world, victim);
    },
    classes: classesOf(parameters),
  };
}

function crashAtSite(world: FaultWorld, parameters: Parameters, site: Site, draw: Draw) {
  // `leader` and `random` are looked up anew at each step (whoever it is when the moment comes); everybody else is chosen now.
  const word = parameters.target;
  const chosen = word === 'leader' || word === 'random' ? null : resolve(world, word, draw);
  if (chosen?.length === 0) return null;
  let victim: MemberView | null = null;
  const atSite = (): boolean => {
    for (const member of chosen ?? world.members) {
      if (word === 'leader' && !isLeading(world, member) && site !== 'candidate') continue;
      if (!isAtSite(world, member, site)) continue;
      victim = member;
      return true;
    }
    return false;
  };
  world.when(atSite, parameters.within, () => {
    if (victim === null) return;
    lose(world, victim, parameters);
    const sentence = `${victim.name} crashes while ${SITE_SENTENCES[site]}${aftermath(parameters)}`;
    world.report('crash', sentence, [...classesOf(parameters), `crash:${site}`]);
  });
  return {
    sentence: `${chosen === null ? WHOEVER[word] : names(chosen)} will crash when ${SITE_SENTENCES[site]}`,
    heal: () => {
      if (victim !== null) restartIfDown(world, victim);
    },
    classes: [],
  };
}

/** In a Raft cluster several may believe so; elsewhere the protocol says who it is. */
function isLeading(world: FaultWorld, member: MemberView): boolean {
  return member.raft === null ? world.leader() === member : member.raft.role === 'leader';
}

const WHOEVER: Readonly<Record<string, string>> = { leader: 'the leader', random: 'one member' };

function lose(world: FaultWorld, victim: MemberView, parameters: Parameters): void {
  world.crash(victim.id, parameters.disk);
  if (parameters.restart !== undefined) {
    world.after(parameters.restart, () => restartIfDown(world, victim));
  }
}

/** Up or paused: there is something to lose. */
export function isRunning(member: MemberView): boolean {
  return member.status === 'up' || member.status === 'paused';
}

/** Another fault may have restarted or wiped it meanwhile. */
export function restartIfDown(world: FaultWorld, member: MemberView): void {
  if (member.status === 'down') world.restart(member.id);
}

function aftermath(parameters: Parameters): string {
  const disk = parameters.disk === 'drawn' ? '' : `, unsynced data ${parameters.disk}`;
  const back = parameters.restart;
  return `${disk}${back === undefined ? '' : `, back ${back / 1000} ms later`}`;
}

function classesOf(parameters: Parameters): string[] {
  return parameters.disk === 'drawn' ? [] : [`crash:${parameters.disk}`];
}
