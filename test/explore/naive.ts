/**
 * The slow obvious twin of sim/src/explore: breadth first over whole states written out as JSON. No symmetry, no hashing, no memory of steps
 * already made, no shortcuts; and each member's clock really runs, with the timeouts that its seed draws.
 */
import {
  defaultConfig,
  type Entry,
  firstConfiguration,
  type PeerMessage,
  type Persist,
  Raft,
} from '@seedraft/core';
import type { Bounds } from '@seedraft/sim';

/** A member as the portrait shows it, whoever keeps it. */
export interface Sitter {
  readonly raft: Raft;
  readonly disk: { readonly term: number; readonly vote: number; readonly log: readonly Entry[] };
  /** What the disk will hold after each write under way. */
  readonly pending: readonly Sitter['disk'][];
}

export interface Scene {
  readonly members: readonly Sitter[];
  readonly messages: readonly PeerMessage[];
  /** Chances spent, by name. */
  readonly spent: Readonly<Record<string, number>>;
}

interface Naive extends Scene {
  readonly clocks: readonly number[];
}

// ---------------------------------------------------------------------------------------------------------------- the walk

const MAX = 1 << 30;
const config = {
  ...defaultConfig,
  electionTimeoutMin: 2,
  electionTimeoutMax: MAX,
  heartbeatInterval: 1,
  preVote: false,
  checkQuorum: false,
};

/** Its first draws are all short, so that no write is ever slow. */
const SEED = findSeed();

function findSeed(): readonly [number, number, number, number] {
  for (let word = 1; ; word += 1) {
    const seed = [word, 2, 3, 4] as const;
    const raft = boot(1, { term: 0, vote: 0, log: [] }, 1, seed);
    let short = true;
    for (let i = 0, last = 0; i < 5 && short; i += 1) {
      short = raft.deadline - last < MAX / 8;
      last = raft.deadline;
      raft.step({ type: 'Tick', at: last });
    }
    if (short) return seed;
  }
}

function boot(
  id: number,
  disk: Sitter['disk'],
  voters: number,
  seed: readonly [number, number, number, number] = SEED,
  at = 0,
): Raft {
  const members = Array.from({ length: voters }, (_, i) => {
    const name = `n${i + 1}`;
    const incarnation = `${i + 1}`;
    const base = { incarnation, name, peerAddress: name, clientAddress: name, priority: 0 };
    return { id: i + 1, role: 'voter', ...base } as const;
  });
  return new Raft({
    id,
    config,
    seed,
    at,
    recovered: {
      hardState: { term: disk.term, votedFor: disk.vote },
      snapshot: null,
      entries: disk.log,
      configuration: firstConfiguration(members),
      applied: 0,
      repairUntil: 0,
    },
  });
}

function write(disk: Sitter['disk'], persist: Persist): Sitter['disk'] {
  const kept = disk.log.filter(
    ({ index }) => persist.truncateFrom === 0 || index < persist.truncateFrom,
  );
  const first = persist.entries[0]?.index ?? Infinity;
  const log = [...kept.filter(({ index }) => index < first), ...persist.entries];
  return { term: persist.hardState.term, vote: persist.hardState.votedFor, log };
}

export interface NaiveOptions {
  readonly bounds: Bounds;
  /** Messages may be lost by a step of its own, and steps that change nothing but the messages are taken too. */
  readonly wasteful: boolean;
  readonly onState: (scene: Scene) => void;
}

/** Visits every state once, and returns how many there are. */
export function walkNaively({ bounds, wasteful, onState }: NaiveOptions): number {
  const disk = { term: 0, vote: 0, log: [] };
  const members = Array.from({ length: bounds.voters }, (_, i) => ({
    raft: boot(i + 1, disk, bounds.voters),
    disk,
    pending: [],
  }));
  const spent = { crashes: 0, entries: 0, heartbeats: 0, duplicates: 0 };
  const first: Naive = { members, messages: [], spent, clocks: members.map(() => 0) };
  const seen = new Set([portrait(first, null)]);
  onState(first);
  let level = [first];
  while (level.length > 0) {
    const next: Naive[] = [];
    for (const state of level) {
      for (const successor of successors(state, bounds, wasteful)) {
        const key = portrait(successor, null);
        if (seen.has(key)) continue;
        seen.add(key);
        onState(successor);
        next.push(successor);
      }
    }
    level = next;
  }
  return seen.size;
}

function successors(state: Naive, bounds: Bounds, wasteful: boolean): Naive[] {
  const found: Naive[] = [];
  const { members, messages, spent } = state;
  const before = portrait({ ...state, messages: [], spent: {} }, null);
  const push = (next: Naive, sent: number): void => {
    const idle = sent === 0 && portrait({ ...next, messages: [], spent: {} }, null) === before;
    if (wasteful || !idle) found.push(next);
  };
  messages.forEach((message, at) => {
    const rest = messages.filter((_, i) => i !== at);
    const place = message.to - 1;
    const arrive = (from: Naive): void => {
      const clock = from.clocks[place] as number;
      const { next, sent } = step(from, place, { type: 'Receive', rpc: message, at: clock });
      push(next, sent);
    };
    arrive({ ...state, messages: rest });
    if (wasteful) found.push({ ...state, messages: rest });
    if ((spent.duplicates as number) < bounds.duplicates) arrive(spend(state, 'duplicates'));
  });
  members.forEach((member, place) => {
    const clock = state.clocks[place] as number;
    const { raft } = member;
    const leads = raft.role === 'leader';
    if (leads && (spent.entries as number) < bounds.entries) {
      const id = (spent.entries as number) + 1;
      const proposals = [{ id, data: Uint8Array.of(id), checksum: 0 }];
      const { next, sent } = step(spend(state, 'entries'), place, {
        type: 'Propose',
        proposals,
        at: clock,
      });
      push(next, sent);
    }
    const mayTick = leads
      ? (spent.heartbeats as number) < bounds.heartbeats
      : raft.currentTerm < bounds.terms;
    if (mayTick) {
      const at = Math.max(clock, raft.deadline);
      const from = leads ? spend(state, 'heartbeats') : state;
      const { next, sent } = step(from, place, { type: 'Tick', at });
      push(next, sent);
    }
    if (member.pending.length > 0) {
      const [disk = member.disk, ...pending] = member.pending;
      const seq = stateOf(raft).issuedSeq - pending.length;
      const from = { ...state, members: replaced(members, place, { raft, disk, pending }) };
      const { next, sent } = step(from, place, { type: 'Persisted', seq, at: clock });
      push(next, sent);
    }
    if ((spent.crashes as number) < bounds.crashes) {
      for (const disk of [member.disk, ...member.pending]) {
        const again = boot(place + 1, disk, bounds.voters, SEED, clock);
        const reborn = replaced(members, place, { raft: again, disk, pending: [] });
        push({ ...spend(state, 'crashes'), members: reborn }, 0);
      }
    }
  });
  return found;
}

function step(
  state: Naive,
  place: number,
  message: Parameters<Raft['step']>[0],
): { next: Naive; sent: number } {
  const member = state.members[place] as Sitter;
  const raft = Raft.restore(stateOf(member.raft));
  let pending = member.pending;
  const messages = [...state.messages];
  for (let input: typeof message | null = message; input !== null; ) {
    const effects = raft.step(input);
    messages.push(...effects.messages);
    if (effects.persist !== null) {
      pending = [...pending, write(pending.at(-1) ?? member.disk, effects.persist)];
    }
    const last = effects.commits.at(-1);
    input = last === undefined ? null : { type: 'Applied', index: last.index, at: message.at };
  }
  const members = replaced(state.members, place, { raft, disk: member.disk, pending });
  const next = { ...state, members, messages, clocks: replaced(state.clocks, place, message.at) };
  return { next, sent: messages.length - state.messages.length };
}

function replaced<T>(list: readonly T[], place: number, item: T): T[] {
  return list.map((old, i) => (i === place ? item : old));
}

function spend(state: Naive, chance: string): Naive {
  return { ...state, spent: { ...state.spent, [chance]: (state.spent[chance] as number) + 1 } };
}

// ------------------------------------------------------------------------------------------------------------ the portrait

const TIMES: ReadonlySet<string> = new Set(
  'now electionTimeout electionDeadline drawOrdinal leaderlessTimeouts lastLeaderContact refuseVotesUntil heartbeatDeadline diskCheckAt nextPreferenceAt preferenceBackoff leaseStart roleReason lastContact catchUpTarget catchUpStartedAt caughtUp snapshotSentAt issuedAt readRetryAt config seed nextRequest roundStartedAt'.split(
    ' ',
  ),
);
/** Numbers that only count what happened at this member: shown by how far they are from the last answered write. */
const SEQS: ReadonlySet<string> = new Set(['seq', 'issuedSeq', 'persistedSeq']);
const IDS: ReadonlySet<string> = new Set(
  'id votedFor leader durableVotedFor votesGranted incomingVoters outgoingVoters from to vote'.split(
    ' ',
  ),
);
/** Positions in lists that are sorted by name: they say nothing that the lists do not. */
const SLOTS: ReadonlySet<string> = new Set(['incomingSlots', 'outgoingSlots']);

/** All of a state but its clocks, as text; under the renaming, or (null) under its own names. */
export function portrait(scene: Scene, renaming: readonly number[] | null): string {
  const name = (id: number): number => renaming?.[id] ?? id;
  const members = scene.members.map((sitter) =>
    remembered(sitter.raft, renaming, () => {
      const { raft, disk, pending } = sitter;
      const state = stateOf(raft);
      const shown = { ...state, proposals: null, proposalsHead: 0, peers: state.peers.map(freed) };
      return show({ state: shown, disk, pending }, name, state.persistedSeq, '');
    }),
  );
  const messages = scene.messages
    .map((message) => remembered(message, renaming, () => show(message, name, 0, '')))
    .sort();
  return [...members.sort(), ...messages, show(scene.spent, name, 0, '')].join('\n');
}

/** Cores and messages are never changed once they are part of a state, and many states share them. */
const texts = new WeakMap<object, Map<string, string>>();
const states = new WeakMap<Raft, RaftState>();

interface RaftState {
  readonly issuedSeq: number;
  readonly persistedSeq: number;
  readonly peers: readonly Feed[];
}

function stateOf(raft: Raft): RaftState {
  const known = states.get(raft) ?? (raft.state() as RaftState);
  states.set(raft, known);
  return known;
}

function remembered(of: object, renaming: readonly number[] | null, write: () => string): string {
  const known = texts.get(of) ?? new Map<string, string>();
  texts.set(of, known);
  const key = String(renaming);
  const text = known.get(key) ?? write();
  known.set(key, text);
  return text;
}

interface Feed {
  readonly inflightEnds: readonly number[];
  readonly inflightSizes: readonly number[];
  readonly inflightHead: number;
}

/** What is no longer in flight is only not yet thrown away. */
function freed(feed: Feed): Feed {
  const { inflightEnds, inflightSizes, inflightHead } = feed;
  return {
    ...feed,
    inflightEnds: inflightEnds.slice(inflightHead),
    inflightSizes: inflightSizes.slice(inflightHead),
    inflightHead: 0,
  };
}

function show(value: unknown, name: (id: number) => number, seq: number, field: string): string {
  if (typeof value === 'number') {
    if (IDS.has(field)) return String(name(value));
    return String(SEQS.has(field) ? value - seq : value);
  }
  if (value instanceof Uint8Array) return `<${value.join()}>`;
  if (Array.isArray(value)) {
    const shown = value.map((item) => show(item, name, seq, field));
    const unordered = IDS.has(field) || field === 'peers' || field === 'members';
    // Held for several members by one step: in the order of names.
    if (unordered || field === 'held') shown.sort();
    return `[${shown.join()}]`;
  }
  if (value === null || typeof value !== 'object') return String(value);
  const record = value as Record<string, unknown>;
  return `{${fieldsOf(record)
    .map((key) => `${key}:${show(record[key], name, seq, isEntryId(key, record) ? '' : key)}`)
    .join()}}`;
}

/** Those that are shown, by name. Records of one kind have the same fields. */
function fieldsOf(record: Record<string, unknown>): readonly string[] {
  const all = Object.keys(record);
  const kind = all.join();
  const known =
    fields.get(kind) ??
    all
      .filter((key) => !TIMES.has(key) && !SLOTS.has(key))
      .filter((key) => !('peerAddress' in record) || key === 'id' || key === 'role')
      .sort();
  fields.set(kind, known);
  return known;
}
const fields = new Map<string, readonly string[]>();

/** A proposal's id names no member. */
function isEntryId(key: string, record: Record<string, unknown>): boolean {
  return key === 'id' && 'origin' in record;
}

/** The least portrait under every renaming of 1..voters. */
export function leastPortrait(scene: Scene, voters: number): string {
  const portraits = permutations(voters).map((renaming) => portrait(scene, [0, ...renaming]));
  return portraits.sort()[0] as string;
}

function permutations(count: number): number[][] {
  if (count === 0) return [[]];
  return permutations(count - 1).flatMap((shorter) =>
    Array.from({ length: count }, (_, at) => [
      ...shorter.slice(0, at),
      count,
      ...shorter.slice(at),
    ]),
  );
}
