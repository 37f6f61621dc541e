/**
 * A log is repaired by heartbeats alone: in an idle cluster nothing else is sent. Watched here, since liveness mode would not show it: it writes.
 */
import { readFileSync } from 'node:fs';
import { type MemberView, type Observer, run, scenarioToPlan } from '@seedraft/sim';
import { parseScenario } from 'seedraft';
import { expect, it } from 'vitest';

const FILE = new URL('../../scenarios/disks/repair-in-silence.yaml', import.meta.url);
/** In about one seed of four the flipped bit costs entries and leaves the hard state proven; so many seeds are tried for three of them. */
const SEEDS = 40;
const REPAIRS = 3;
/** In microseconds of the run: nobody asks for anything from the first to the last. */
const SILENCE = [4_000_000, 8_000_000] as const;

it('ends without a single new command', () => {
  const loaded = parseScenario(readFileSync(FILE, 'utf8'));
  if (!loaded.ok) throw new Error(loaded.problems[0]?.message);
  const took: number[] = [];
  for (let seed = 1; seed <= SEEDS && took.length < REPAIRS; seed += 1) {
    let since = 0;
    const plan = { ...scenarioToPlan(loaded.scenario, `${seed}`), liveness: false };
    const result = run(plan, {
      observers: (world): Observer[] => [
        {
          onBoot(_member, { core }) {
            if (core.repairUntil > 0) since = world.now;
          },
          onStep(member: MemberView, message) {
            if (message.type === 'Propose') expect(inSilence(world.now)).toBe(false);
            if (since === 0 || member.raft?.repairUntil !== 0 || !member.metDamage) return;
            took.push(world.now - since);
            since = 0;
          },
        },
      ],
    });
    expect(result).toMatchObject({ verdict: 'pass', sentence: null });
    expect(since, `seed ${seed}: its log was never repaired`).toBe(0);
  }
  expect(took.length).toBe(REPAIRS);
  // Its successor was elected meanwhile.
  for (const micros of took) expect(micros).toBeLessThan(1_000_000);
});

function inSilence(now: number): boolean {
  return now >= SILENCE[0] && now < SILENCE[1];
}
