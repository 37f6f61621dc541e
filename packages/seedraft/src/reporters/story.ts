/**
 * What led to a failure, in plain English: faults with their targets, who came and went, who led. Watches a run (an observer changes
 * nothing), keeps only the last lines.
 */
import type { Observer, WorldView } from '@seedraft/sim';

export interface Story {
  readonly observers: (world: WorldView) => readonly Observer[];
  /** Oldest first. */
  lines(): readonly string[];
}

const KEPT = 14;

export function recordStory(): Story {
  const kept: string[] = [];
  const observers = (world: WorldView): readonly Observer[] => {
    const tell = (sentence: string): void => {
      kept.push(`t=${(world.now / 1e6).toFixed(3)} s  ${sentence}`);
      if (kept.length > KEPT) kept.shift();
    };
    const name = (id: number): string => world.member(id).name;
    return [
      {
        onFault: (_fault, phase, sentence) =>
          tell(phase === 'heal' ? `healed: ${sentence}` : sentence),
        onCrash: (member) => tell(`${member.name} goes down; what it had in memory alone is lost`),
        onWipe: (member) => tell(`${member.name} loses its disk`),
        onBoot: (member, recovered) => {
          if (world.now === 0) return;
          const { hardState, repairUntil } = recovered.core;
          const repair = repairUntil > 0 ? `, with entries missing up to ${repairUntil}` : '';
          tell(`${member.name} starts from its disk in term ${hardState.term}${repair}`);
        },
        onLiveness: (core) => tell(`liveness phase: only ${core.map(name).join(', ')} are healed`),
        onStep: (member, _message, effects) => {
          for (const event of effects.events) {
            if (
              event.type === 'BecameRole' &&
              (event.role === 'leader' || member.raft?.role === 'leader')
            ) {
              tell(`${member.name} becomes ${event.role} in term ${event.term}: ${event.reason}`);
            }
          }
        },
      },
    ];
  };
  return { observers, lines: () => [...kept] };
}
