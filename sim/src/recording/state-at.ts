/** Any moment of a recording, rebuilt from its changes: a fold, so that whoever scrubs back and forth needs nothing but the recording. */
import { patched } from './log-runs.ts';
import { patchedOwn } from './own-state.ts';
import type { EventNumber, MemberState, Recording, StateChange } from './recording.ts';

/** A member before its first boot. */
export const UNBORN: MemberState = {
  status: 'down',
  role: 'follower',
  term: 0,
  votedFor: null,
  leader: null,
  commitIndex: 0,
  lastApplied: 0,
  durableIndex: 0,
  snapshotIndex: 0,
  firstIndex: 1,
  log: [],
};

/**
 * Every member's state, by name, after event `event` (-1: before the first). Members that have not booted by then are absent. `before`: what
 * the changes given here are added to, for whoever keeps a note on the way.
 */
export function stateAt(
  recording: Pick<Recording, 'states'>,
  event: EventNumber,
  before: ReadonlyMap<string, MemberState> = new Map(),
): ReadonlyMap<string, MemberState> {
  const states = new Map(before);
  for (const change of recording.states) {
    if (change.event > event) break;
    states.set(change.member, changed(states.get(change.member) ?? UNBORN, change.set));
  }
  return states;
}

export function changed(state: MemberState, set: StateChange['set']): MemberState {
  const { log: patch = null, own, ...fields } = set;
  const firstIndex = fields.firstIndex ?? state.firstIndex;
  const isSameLog = patch === null && firstIndex === state.firstIndex;
  const log = isSameLog ? state.log : patched(state.log, patch, firstIndex);
  const shown = own === undefined ? null : { own: patchedOwn(state.own, own) };
  return { ...state, ...fields, log, ...shown };
}
