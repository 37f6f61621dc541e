/**
 * A counterexample for people: the moves made again from the first state, each as a step in the words of schedules, with what the member
 * did and what it is then.
 */
import type { Effects, MemberId, Persist } from '@seedraft/core';
import type { ScheduleStep } from '../schedule/step.ts';
import { formatEntries, formatMessage } from '../trace.ts';
import type { Exploration, Found } from './exploration.ts';
import { formatLog } from './logs.ts';
import type { Input, MemberState, Result } from './member-state.ts';
import type { Letter } from './messages.ts';
import type { Move } from './moves.ts';

export interface Line {
  /** A crash comes with its restart. */
  readonly steps: readonly ScheduleStep[];
  /** What came in, if a message did; what the member did. */
  readonly happened: readonly string[];
  /** The member afterwards; empty: it stopped. */
  readonly state: string;
}

export function explainCounterexample(exploration: Exploration, found: Found): Line[] {
  const { members, letters, bounds } = exploration;
  const count = bounds.voters + (bounds.changes > 0 ? 1 : 0);
  const now = Array.from({ length: count }, (_, i) => members.first(i + 1));
  const post = new Post();
  const proposed = { count: 0 };
  return found.moves.map((move) => {
    const before = now[move.member - 1] as MemberState;
    const result = members.step(before, inputOf(move, proposed));
    const line: Line = {
      steps: stepsOf(move, letters.all[move.argument], post),
      happened: happenedIn(move, before, result, letters.all),
      state: result.next === null ? '' : formatState(result.next),
    };
    if (result.next !== null) now[move.member - 1] = result.next;
    for (const number of result.sent) post.send(letters.all[number] as Letter);
    return line;
  });
}

/** Letters on their way, by what a schedule calls them: the how manieth of its type on its link. */
class Post {
  readonly #sent = new Map<string, number>();
  readonly #ordinals = new Map<number, number[]>();

  send({ number, message }: Letter): void {
    const link = `${message.from} ${message.to} ${message.type}`;
    const ordinal = this.#sent.get(link) ?? 0;
    this.#sent.set(link, ordinal + 1);
    this.#ordinals.set(number, [...(this.#ordinals.get(number) ?? []), ordinal]);
  }

  ordinalOf({ number }: Letter, remains: boolean): number {
    const ordinals = this.#ordinals.get(number) ?? [];
    if (!remains) this.#ordinals.set(number, ordinals.slice(1));
    return ordinals[0] ?? 0;
  }
}

function inputOf(move: Move, proposed: { count: number }): Input {
  switch (move.kind) {
    case 'deliver':
    case 'duplicate':
      return { type: 'deliver', letter: move.argument };
    case 'tick':
    case 'persisted':
      return { type: move.kind };
    case 'crash':
      return { type: 'crash', kept: move.argument };
    case 'propose':
      proposed.count += 1;
      return { type: 'propose', ordinal: proposed.count };
    case 'add':
    case 'remove':
      return { type: 'change', subject: move.argument, add: move.kind === 'add' };
  }
}

const name = (id: MemberId): string => `n${id}`;

function stepsOf(move: Move, letter: Letter | undefined, post: Post): ScheduleStep[] {
  const member = name(move.member);
  switch (move.kind) {
    case 'deliver':
    case 'duplicate': {
      const { from, to, type } = (letter as Letter).message;
      const ordinal = post.ordinalOf(letter as Letter, move.kind === 'duplicate');
      return [{ step: move.kind, from: name(from), to: name(to), type, ordinal }];
    }
    case 'crash':
      return [
        { step: 'crash', member, kept: move.argument },
        { step: 'restart', member },
      ];
    case 'add':
    case 'remove':
      return [{ step: move.kind, member, subject: name(move.argument) }];
    case 'tick':
    case 'persisted':
    case 'propose':
      return [{ step: move.kind, member }];
  }
}

function happenedIn(
  move: Move,
  before: MemberState,
  { next, effects, becameLeader, sent }: Result,
  letters: readonly Letter[],
): string[] {
  const happened: string[] = [];
  if (move.kind === 'deliver' || move.kind === 'duplicate') {
    happened.push(formatMessage((letters[move.argument] as Letter).message));
  }
  if (next === null) return [...happened, 'it stops'];
  if (next.term > before.term) happened.push(`enters term ${next.term}`);
  if (becameLeader) happened.push(`becomes leader of term ${next.term}`);
  else if (next.role !== before.role) happened.push(`becomes ${next.role}`);
  if (next.vote !== 0 && (next.vote !== before.vote || next.term !== before.term)) {
    happened.push(`votes for ${next.vote === before.id ? 'itself' : name(next.vote)}`);
  }
  for (const { persist } of effects) if (persist !== null) happened.push(formatWrite(persist));
  if (next.commit > before.commit) happened.push(`commits up to ${next.commit}`);
  happened.push(...refusals(effects));
  const posts = sent.map((number) => (letters[number] as Letter).message);
  for (const message of posts) happened.push(`sends ${formatMessage(message)}`);
  return happened;
}

function refusals(effects: readonly Effects[]): string[] {
  return effects.flatMap(({ replies }) =>
    replies.flatMap(({ type, result }) =>
      result.outcome === 'committed' ? [] : [`${type} ${result.outcome}`],
    ),
  );
}

function formatWrite({ hardState, truncateFrom, entries }: Persist): string {
  const { term, votedFor } = hardState;
  const cut = truncateFrom === 0 ? '' : `, drops from ${truncateFrom}`;
  const appended = entries.length === 0 ? '' : `, appends ${formatEntries(entries)}`;
  return `writes term ${term}, vote ${votedFor === 0 ? 'nobody' : name(votedFor)}${cut}${appended}`;
}

function formatState({ id, role, term, commit, log, disk, pending }: MemberState): string {
  const durable =
    pending.length === 0 ? '' : `, durable ${formatLog(disk.log)} of term ${disk.term}`;
  return `${name(id)} ${role} of term ${term}, log ${formatLog(log)}, commit ${commit}${durable}`;
}
