/**
 * The core's state without what does not matter, and what matters as numbers. Every field of the core's state is named here with what it is:
 * a field that is not named stops the exploration, since nobody has said yet whether it is a time, a name or a number.
 *
 * Time (see README.md): after every step a member's clock is set back to zero and its timers are wound up anew. The members' own clocks
 * say nothing to one another, and every timeout drawn is the shortest one, which is a draw like any other.
 */
import type { Configuration, MemberId, PeerMessage, Role } from '@seedraft/core';
import type { Hashes } from './hash.ts';
import { encodeConfiguration, type Logs } from './logs.ts';
import { hashText, type Letters } from './messages.ts';
import { type Renaming, rename } from './renaming.ts';

type Fields = Record<string, unknown>;

/** ms. The longest is never reached: no write is ever slow, and no leader loses patience. */
export const TIMES = {
  electionTimeoutMin: 2,
  electionTimeoutMax: 1 << 30,
  heartbeatInterval: 1,
} as const;

/** Fields of time, chance and wording, and what each is set to after every step. */
const RESET: Readonly<Record<string, (role: Role) => unknown>> = {
  now: () => 0,
  electionTimeout: () => TIMES.electionTimeoutMin,
  electionDeadline: (role) => (role === 'leader' ? Infinity : TIMES.electionTimeoutMin),
  heartbeatDeadline: (role) => (role === 'leader' ? TIMES.heartbeatInterval : Infinity),
  drawOrdinal: () => 0,
  leaderlessTimeouts: () => 0,
  lastLeaderContact: () => -Infinity,
  refuseVotesUntil: () => -Infinity,
  diskCheckAt: () => -Infinity,
  roundStartedAt: () => [],
  leaseStart: () => -Infinity,
  nextPreferenceAt: () => 0,
  preferenceBackoff: () => 1,
  readRetryAt: () => Infinity,
  roleReason: () => '',
};

const RESET_OF_PROGRESS: Readonly<Record<string, unknown>> = {
  lastContact: 0,
  snapshotSentAt: 0,
  // Only promotions ask how a learner catches up, and nobody is promoted here.
  catchUpTarget: 0,
  catchUpStartedAt: 0,
  caughtUp: false,
};

/** Built with, or a function of the log and the configuration that stand beside it. */
const DERIVED: ReadonlySet<string> = new Set([
  'config',
  'seed',
  'nextRequest',
  'configurations',
  'incomingVoters',
  'outgoingVoters',
  'incomingSlots',
  'outgoingSlots',
  'proposalsHead',
]);

/** Never in use here: no snapshots, reads, forwarding or transfers are asked for. */
const UNUSED: ReadonlySet<string> = new Set([
  'snapshot',
  'incoming',
  'transfer',
  'pendingReads',
  'forwardSeen',
  'forwardedReads',
  'forwardedProposals',
]);

const NUMBERS: ReadonlySet<string> = new Set([
  'currentTerm',
  'configurationIndexes',
  'commitIndex',
  'lastApplied',
  'deliveredIndex',
  'electable',
  'durableTerm',
  'durableIndex',
  'diskFull',
  'stopped',
  'repairUntil',
  'echoedRound',
  'matchedIndex',
  'termStartIndex',
  'round',
  'confirmedRound',
  'leaseSurrendered',
  'uncommittedBytes',
  'aboveHighWater',
  'snapshotRequested',
  'compactedBytes',
  'forwardTerm',
  'forwardLeader',
  'readRequest',
]);

const NAMES: ReadonlySet<string> = new Set(['votedFor', 'leader', 'durableVotedFor', 'id']);

const ROLES: readonly Role[] = ['follower', 'pre-candidate', 'candidate', 'leader'];

/** The state with its clocks set back, for `Raft.restore`. */
export function setBack(state: unknown): unknown {
  const fields: Fields = { ...(state as Fields) };
  const role = fields.role as Role;
  for (const [field, value] of Object.entries(RESET)) fields[field] = value(role);
  fields.outstanding = (fields.outstanding as Fields[]).map((write) => ({ ...write, issuedAt: 0 }));
  fields.peers = (fields.peers as Fields[]).map((peer) => ({ ...peer, ...RESET_OF_PROGRESS }));
  return fields;
}

/** What matters of a state that was set back, under each renaming, as numbers. */
export class Canonical {
  readonly #logs: Logs;
  readonly #letters: Letters;

  constructor(logs: Logs, letters: Letters) {
    this.#logs = logs;
    this.#letters = letters;
  }

  encode(state: unknown, renaming: Renaming, position: number): number[] {
    const fields = state as Fields;
    const words: number[] = [];
    for (const field of Object.keys(fields)) {
      if (field in RESET || DERIVED.has(field)) continue;
      const value = fields[field];
      if (NUMBERS.has(field)) pushNumbers(words, value);
      else if (NAMES.has(field)) words.push(rename(renaming, value as MemberId));
      else if (UNUSED.has(field)) assertUnused(field, value);
      else this.#encodeRecord(words, field, fields, renaming, position);
    }
    return words;
  }

  #encodeRecord(
    words: number[],
    field: string,
    fields: Fields,
    renaming: Renaming,
    position: number,
  ): void {
    const seq = fields.persistedSeq as number;
    switch (field) {
      case 'role':
        words.push(ROLES.indexOf(fields.role as Role));
        return;
      case 'log': {
        const { entries } = fields.log as { entries: Parameters<Logs['appendAll']>[1] };
        pushHash(words, this.#logs.appendAll(this.#logs.empty, entries).hashes, position);
        const { configurations } = fields as { configurations: Configuration[] };
        words.push(...encodeConfiguration(configurations.at(-1) as Configuration, renaming));
        return;
      }
      case 'issuedSeq':
        words.push((fields.issuedSeq as number) - seq);
        return;
      case 'persistedSeq':
        return;
      case 'votesGranted': {
        const votes = (fields.votesGranted as MemberId[]).map((id) => rename(renaming, id));
        words.push(votes.length, ...votes.sort((a, b) => a - b));
        return;
      }
      case 'outstanding':
        pushOutstanding(words, fields.outstanding as Fields[], seq, renaming);
        return;
      case 'held':
        this.#encodeHeld(words, fields.held as Fields[], seq, position);
        return;
      case 'peers':
        pushPeers(words, fields.peers as Fields[], renaming);
        return;
      case 'proposals':
        for (const open of (fields.proposals as Fields[]).slice(fields.proposalsHead as number)) {
          words.push(-1, open.id as number, open.index as number, open.term as number);
        }
        return;
      default:
        throw new Error(`The core's field ${field} is new: explore/canonical.ts must name it.`);
    }
  }

  /**
   * What one step holds back for several members leaves together: its order is that of names, and means nothing. Acknowledgements keep
   * their places, because one may cover the next.
   */
  #encodeHeld(words: number[], held: readonly Fields[], seq: number, position: number): void {
    let run: number[][] = [];
    const flush = (): void => {
      run.sort(
        (a, b) => (a[2] as number) - (b[2] as number) || (a[3] as number) - (b[3] as number),
      );
      for (const item of run) words.push(...item);
      run = [];
    };
    for (const item of held) {
      const message = item.message as PeerMessage;
      const { hashes } = this.#letters.of(message);
      const encoded = [(item.seq as number) - seq, item.term as number];
      pushHash(encoded, hashes, position);
      if (run.length > 0 && run[0]?.[0] !== encoded[0]) flush();
      if (message.type === 'AppendEntriesReply') flush();
      run.push(encoded);
      if (message.type === 'AppendEntriesReply') flush();
    }
    flush();
    words.push(held.length);
  }
}

function pushNumbers(words: number[], value: unknown): void {
  if (typeof value === 'number') words.push(value);
  else if (typeof value === 'boolean') words.push(value ? 1 : 0);
  else words.push((value as number[]).length, ...(value as number[]));
}

function pushHash(words: number[], hashes: Hashes, position: number): void {
  words.push(hashes[2 * position] as number, hashes[2 * position + 1] as number);
}

function assertUnused(field: string, value: unknown): void {
  if (value === null || (Array.isArray(value) && value.length === 0)) return;
  throw new Error(`The core uses ${field}, which exploration leaves out of the state.`);
}

function pushOutstanding(
  words: number[],
  outstanding: readonly Fields[],
  seq: number,
  renaming: Renaming,
): void {
  words.push(outstanding.length);
  for (const write of outstanding) {
    words.push((write.seq as number) - seq, write.term as number, write.lastIndex as number);
    words.push(rename(renaming, write.votedFor as MemberId));
  }
}

function pushPeers(words: number[], peers: readonly Fields[], renaming: Renaming): void {
  const encoded = peers.map((peer) => {
    const one: number[] = [rename(renaming, peer.id as MemberId)];
    for (const field of Object.keys(peer)) {
      if (field === 'id' || field === 'inflightHead' || field in RESET_OF_PROGRESS) continue;
      const value = peer[field];
      if (typeof value === 'string') one.push(hashText(value));
      else if (field === 'snapshot') assertUnused(field, value);
      else if (Array.isArray(value)) pushNumbers(one, value.slice(peer.inflightHead as number));
      else if (typeof value === 'number' || typeof value === 'boolean') pushNumbers(one, value);
      else
        throw new Error(`The core's Progress.${field} is new: explore/canonical.ts must name it.`);
    }
    return one;
  });
  encoded.sort((a, b) => (a[0] as number) - (b[0] as number));
  words.push(encoded.length);
  for (const one of encoded) words.push(...one);
}
