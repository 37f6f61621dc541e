/** A run in a few sentences, each with its moment: faults, who came and went, who led. */
import type { Deed } from '@seedraft/sim';
import type { Position, RunModel } from './run-model.ts';

export interface StoryLine {
  readonly position: Position;
  readonly text: string;
}

export function storyOf({ events }: RunModel): readonly StoryLine[] {
  return events.flatMap(({ did, time }, position) =>
    did.flatMap((deed) => {
      const text = sentenceOf(deed, time === 0);
      return text === null ? [] : [{ position, text }];
    }),
  );
}

function sentenceOf(deed: Deed, isStart: boolean): string | null {
  switch (deed.type) {
    case 'fault':
      return deed.phase === 'heal' ? deed.line.replace(/^(over: )?/, 'over: ') : deed.line;
    case 'down':
      return `${deed.member} goes down; what it had in memory alone is lost`;
    case 'wiped':
      return `${deed.member} loses its disk`;
    case 'boot':
      return isStart ? null : `${deed.member} starts from its disk in term ${deed.term}`;
    case 'start':
      return isStart ? null : deed.line;
    case 'role':
      return deed.role === 'leader'
        ? `${deed.member} becomes leader in term ${deed.term}: ${deed.reason}`
        : null;
    default:
      return null;
  }
}
