/** Every member's state at the moment, one below the other; what this event changed stands out. */
import type { MemberState } from '@seedraft/sim';
import { lastIndex } from '../model/log-grid.ts';
import type { RunModel } from '../model/run-model.ts';
import type { States } from '../model/state-timeline.ts';
import { roleText, termClass } from './words.ts';

type Column = readonly [
  title: string,
  explained: string,
  of: (state: MemberState) => string | number,
];

const COLUMNS: readonly Column[] = [
  ['role', 'its role, unless it is down, paused or gone', roleText],
  ['term', 'currentTerm', ({ term }) => term],
  ['vote', 'votedFor', ({ votedFor }) => votedFor ?? '·'],
  ['leader', 'whom it takes for the leader', ({ leader }) => leader ?? '·'],
  ['last', 'the index of its last entry', lastIndex],
  ['durable', 'the last entry that it knows to be on its disk', ({ durableIndex }) => durableIndex],
  ['commit', 'commitIndex', ({ commitIndex }) => commitIndex],
  ['applied', 'lastApplied', ({ lastApplied }) => lastApplied],
];

export function Members(props: {
  readonly model: RunModel;
  readonly states: States;
  readonly before: States;
}) {
  const { model, states, before } = props;
  const { about } = model.run.recording.header;
  return (
    <section>
      <h2>Members</h2>
      <table class="members">
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">member</span>
            </th>
            {COLUMNS.map(([title, explained]) => (
              <th key={title} scope="col" title={explained}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {model.run.recording.header.members.map(({ name }) => {
            const [state, was] = [states.get(name), before.get(name)];
            return (
              <tr key={name} class={state === undefined ? 'unborn' : state.status}>
                <th scope="row" class={about.members.includes(name) ? 'named' : ''}>
                  {name}
                </th>
                {COLUMNS.map(([title, , of]) => {
                  const value = state === undefined ? '' : of(state);
                  const isNew = state !== undefined && (was === undefined || of(was) !== value);
                  const hue = title === 'term' && state !== undefined ? termClass(state.term) : '';
                  return (
                    <td key={title} class={`${hue} ${isNew ? 'new' : ''} ${title}`}>
                      {value}
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
