/**
 * How members' visible state changes, event by event. A member is looked at in the hooks of its own steps, after the core has stepped; so
 * what stands for an event is what its last look in that event saw.
 */
import type { Persist, Raft } from '@seedraft/core';
import type { MemberView } from '../observer.ts';
import { lastIn, runsFrom } from './log-runs.ts';
import type { Moment } from './message-log.ts';
import type { LogPatch, MemberState, StateChange } from './recording.ts';
import { changed, UNBORN } from './state-at.ts';

type Set = StateChange['set'];

export class StateLog {
  readonly changes: StateChange[] = [];
  readonly #moment: Moment;
  readonly #known = new Map<string, MemberState>();

  constructor(moment: Moment) {
    this.#moment = moment;
  }

  known(name: string): MemberState {
    return this.#known.get(name) ?? UNBORN;
  }

  /** Its core has stepped; `persist`: what it then writes. */
  stepped(member: MemberView, raft: Raft, persist: Persist | null): void {
    const known = this.known(member.name);
    const now = fieldsOf(member, raft);
    const set: Record<string, unknown> = {};
    for (const key of Object.keys(now) as (keyof typeof now)[]) {
      if (now[key] !== known[key]) set[key] = now[key];
    }
    const log = patchOf(known, raft, persist);
    if (log !== null) set.log = log;
    this.#note(member.name, set as Set);
  }

  /** All is new: it booted. */
  booted(member: MemberView, raft: Raft): void {
    const log = { from: 0, runs: runsFrom(raft.log, raft.log.firstIndex) };
    this.#note(member.name, { ...fieldsOf(member, raft), status: 'up', log });
  }

  status(name: string, status: MemberState['status']): void {
    const known = this.#known.get(name);
    if (known !== undefined && known.status !== status) this.#note(name, { status });
  }

  #note(member: string, set: Set): void {
    if (Object.keys(set).length === 0) return;
    const event = Math.max(0, this.#moment.event);
    this.#known.set(member, changed(this.known(member), set));
    this.changes.push({ event, member, set });
  }
}

function fieldsOf(member: MemberView, raft: Raft): Omit<MemberState, 'log'> {
  const named = (id: number) => (id === 0 ? null : `n${id}`);
  return {
    status: member.status,
    role: raft.role,
    term: raft.currentTerm,
    votedFor: named(raft.votedFor),
    leader: named(raft.leader),
    commitIndex: raft.commitIndex,
    lastApplied: raft.lastApplied,
    durableIndex: raft.durableIndex,
    snapshotIndex: raft.snapshot?.lastIncludedIndex ?? 0,
    firstIndex: raft.log.firstIndex,
  };
}

/** Told by the write, so that no step walks the log; a log that then ends elsewhere than the member's is written down whole. */
function patchOf(known: MemberState, { log }: Raft, persist: Persist | null): LogPatch | null {
  const whole = (): LogPatch => ({ from: 0, runs: runsFrom(log, log.firstIndex) });
  if (persist !== null && persist.snapshot !== null) return whole();
  const first = persist?.entries[0]?.index ?? Infinity;
  const cut = persist === null || persist.truncateFrom === 0 ? Infinity : persist.truncateFrom;
  const from = Math.min(first, cut);
  const patch = from === Infinity ? null : { from, runs: runsFrom(log, from) };
  const set = { firstIndex: log.firstIndex, ...(patch !== null && { log: patch }) };
  const { index, term } = lastIn(changed(known, set).log);
  const isEmpty = log.lastIndex < log.firstIndex;
  const agrees = isEmpty ? index === 0 : index === log.lastIndex && term === log.lastTerm;
  return agrees ? patch : whole();
}
