/**
 * One member with the simplest honest driver around its core: a disk on which writes complete in order, one `persisted` step each, and of
 * which a crash keeps a prefix; a state machine that applies at once. A member's next state depends on nothing but its own state and the
 * input, so that each (state, input) is stepped by the core once, however many states of the cluster it occurs in.
 */
import {
  type Configuration,
  defaultConfig,
  EMPTY_CONFIGURATION,
  type Entry,
  InvariantError,
  type MemberId,
  type Message,
  type PeerMessage,
  type Persist,
  Raft,
  type RaftConfig,
  type Term,
} from '@seedraft/core';
import { Violation } from '../observer.ts';
import { unhandledError } from '../properties/s22-bounds.ts';
import type { Bounds } from './bounds.ts';
import { Canonical, setBack, TIMES } from './canonical.ts';
import { hashesOf } from './hash.ts';
import { entriesOf, type LogNode, type Logs, upTo } from './logs.ts';
import { judgeDurable, judgeStep } from './member-rules.ts';
import {
  configurationOf,
  type Disk,
  type Doing,
  type Input,
  isAcknowledgement,
  type MemberState,
  type Result,
  type Write,
} from './member-state.ts';
import type { Letters } from './messages.ts';
import { type Renaming, rename } from './renaming.ts';

type Draft = Omit<MemberState, 'number' | 'hashes' | 'results'>;

const SEED = [1, 2, 3, 4] as const;

export class Members {
  readonly all: MemberState[] = [];
  readonly bootstrap: Configuration;
  readonly #config: RaftConfig;
  readonly #renamings: readonly Renaming[];
  readonly #logs: Logs;
  readonly #letters: Letters;
  readonly #canonical: Canonical;
  readonly #known = new Map<string, MemberState>();
  readonly #voters: number;
  /** Steps that the core really made. */
  coreSteps = 0;

  constructor(
    bounds: Bounds,
    bootstrap: Configuration,
    renamings: readonly Renaming[],
    logs: Logs,
    letters: Letters,
  ) {
    this.bootstrap = bootstrap;
    this.#voters = bounds.voters;
    this.#config = { ...defaultConfig, ...TIMES, preVote: bounds.preVote, checkQuorum: false };
    this.#renamings = renamings;
    this.#logs = logs;
    this.#letters = letters;
    this.#canonical = new Canonical(logs, letters);
  }

  /** A member over an empty disk. */
  first(id: MemberId): MemberState {
    return this.#boot(id, { term: 0, vote: 0, log: this.#logs.empty }, 0, 0);
  }

  /** What the input makes of the member; remembered. */
  step(member: MemberState, input: Input): Result {
    const code = codeOf(input);
    const known = member.results.get(code);
    if (known !== undefined) return known;
    const result = this.#step(member, input);
    member.results.set(code, result);
    return result;
  }

  #step(member: MemberState, input: Input): Result {
    if (input.type === 'crash') return this.#crash(member, input.kept);
    const violations: Violation[] = [];
    let { disk, pending } = member;
    const message = this.#messageOf(member, input);
    if (input.type === 'persisted') {
      const write = pending[0] as Write;
      collect(violations, () => judgeDurable(member, write));
      disk = { term: write.term, vote: write.vote, log: write.log };
      pending = pending.slice(1);
    }
    const raft = member.raft.fork();
    const done: Doing[] = [];
    const run = (entering: Message): void => {
      this.coreSteps += 1;
      const effects = raft.step(entering);
      if (effects.persist !== null)
        pending = [...pending, this.#writeOf(member.log, pending, disk, effects.persist)];
      const log = pending.at(-1)?.log ?? disk.log;
      const { bootstrap } = this;
      done.push({ before: member, message: entering, effects, raft, disk, log, bootstrap });
      const last = effects.commits.at(-1);
      if (last !== undefined) run({ type: 'Applied', index: last.index, at: entering.at });
    };
    try {
      run(message);
    } catch (error) {
      violations.push(violationOf(member.id, error));
      return this.#stopped(member, violations);
    }
    for (const doing of done) judgeStep(doing, (rule) => collect(violations, rule));
    return this.#finish(member, message, { disk, pending, raft, done, violations });
  }

  #finish(
    member: MemberState,
    message: Message,
    step: {
      readonly disk: Disk;
      readonly pending: readonly Write[];
      readonly raft: Raft;
      readonly done: readonly Doing[];
      readonly violations: Violation[];
    },
  ): Result {
    const { disk, pending, raft, done, violations } = step;
    const sent: number[] = [];
    let { ackedTerm, ackedIndex } = member;
    for (const { effects } of done) {
      for (const rpc of effects.messages) {
        sent.push(this.#letters.of(rpc).number);
        if (!isAcknowledgement(rpc)) continue;
        if (rpc.term !== ackedTerm || rpc.matchIndex > ackedIndex) ackedIndex = rpc.matchIndex;
        ackedTerm = rpc.term;
      }
    }
    // No step of a later term asks what was acknowledged in this one, and no disk goes back to it.
    if (ackedTerm < disk.term) ackedTerm = ackedIndex = 0;
    const next = this.#intern({
      id: member.id,
      raft,
      disk,
      pending,
      log: pending.at(-1)?.log ?? disk.log,
      role: raft.role,
      term: raft.currentTerm,
      vote: raft.votedFor,
      commit: raft.commitIndex,
      granted: grantedAfter(member, message, raft),
      ackedTerm,
      ackedIndex,
    });
    const wasLeader = member.role === 'leader' && member.term === next.term;
    return {
      next,
      sent,
      effects: done.map(({ effects }) => effects),
      becameLeader: next.role === 'leader' && !wasLeader,
      granting: grantedIn(message, next.term),
      configurationBefore: configurationOf(member.log, this.bootstrap),
      violations,
      idle: next === member && sent.length === 0 && violations.length === 0,
    };
  }

  #stopped(member: MemberState, violations: readonly Violation[]): Result {
    const configurationBefore = configurationOf(member.log, this.bootstrap);
    const base = { sent: [], effects: [], becameLeader: false, granting: 0, idle: false };
    return { ...base, next: null, configurationBefore, violations };
  }

  /** Crash and restart: while a member is down nobody can tell it from one that is slow. */
  #crash(member: MemberState, kept: number): Result {
    const violations: Violation[] = [];
    let disk = member.disk;
    for (const write of member.pending.slice(0, kept)) {
      const before = { ...member, disk };
      collect(violations, () => judgeDurable(before, write));
      disk = { term: write.term, vote: write.vote, log: write.log };
    }
    const acked = member.ackedTerm < disk.term ? [0, 0] : [member.ackedTerm, member.ackedIndex];
    const next = this.#boot(member.id, disk, acked[0] as number, acked[1] as number);
    const configurationBefore = configurationOf(member.log, this.bootstrap);
    const base = { sent: [], effects: [], becameLeader: false, granting: 0, configurationBefore };
    return { ...base, next, violations, idle: next === member && violations.length === 0 };
  }

  #boot(id: MemberId, disk: Disk, ackedTerm: Term, ackedIndex: number): MemberState {
    const raft = new Raft({
      id,
      config: this.#config,
      seed: SEED,
      at: 0,
      recovered: {
        hardState: { term: disk.term, votedFor: disk.vote },
        snapshot: null,
        entries: entriesOf(disk.log),
        configuration: id > this.#voters ? EMPTY_CONFIGURATION : this.bootstrap,
        applied: 0,
        repairUntil: 0,
      },
    });
    const { role, currentTerm: term, votedFor: vote, commitIndex: commit } = raft;
    const state = { id, raft, disk, pending: [], log: disk.log, role, term, vote, commit };
    return this.#intern({ ...state, granted: [], ackedTerm, ackedIndex });
  }

  #messageOf(member: MemberState, input: Exclude<Input, { type: 'crash' }>): Message {
    switch (input.type) {
      case 'deliver': {
        const { message } = this.#letters.all[input.letter] as { message: PeerMessage };
        return { type: 'Receive', rpc: message, at: 0 };
      }
      case 'tick':
        return { type: 'Tick', at: member.raft.deadline };
      case 'persisted':
        return { type: 'Persisted', seq: (member.pending[0] as Write).seq, at: 0 };
      case 'propose': {
        const proposal = { id: input.ordinal, data: Uint8Array.of(input.ordinal), checksum: 0 };
        return { type: 'Propose', proposals: [proposal], at: 0 };
      }
      case 'change': {
        const { subject, add } = input;
        const change = add
          ? ({ type: 'add', member: memberNamed(subject) } as const)
          : ({ type: 'remove', id: subject } as const);
        return {
          type: 'ChangeMembership',
          id: 100 + subject,
          changes: [change],
          mode: 'single',
          at: 0,
        };
      }
    }
  }

  /** What the disk will hold once the write is carried out (see `Persist`). */
  #writeOf(claimed: LogNode, pending: readonly Write[], disk: Disk, persist: Persist): Write {
    let log = pending.at(-1)?.log ?? disk.log;
    if (persist.truncateFrom > 0) log = upTo(log, persist.truncateFrom - 1);
    for (const entry of persist.entries) log = this.#place(log, entry, claimed);
    const { term, votedFor } = persist.hardState;
    return { seq: persist.seq, term, vote: votedFor, log };
  }

  #place(log: LogNode, entry: Entry, claimed: LogNode): LogNode {
    if (entry.index > log.index + 1) {
      throw new Violation(
        'S3',
        `writes ${entry.index}@${entry.term} after a log that ends at ${claimed.index}`,
      );
    }
    if (entry.index <= log.index && upTo(log, entry.index).term === entry.term) return log;
    return this.#logs.append(upTo(log, entry.index - 1), entry);
  }

  #intern(draft: Draft): MemberState {
    const state = setBack(draft.raft.state());
    const encode = (position: number): number[] => this.#encode(draft, state, position);
    const key = encode(0).join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const member: MemberState = {
      ...draft,
      raft: Raft.restore(state),
      number: this.all.length,
      hashes: hashesOf(this.#renamings.length, 4, encode),
      results: new Map(),
    };
    this.all.push(member);
    this.#known.set(key, member);
    return member;
  }

  #encode(draft: Draft, state: unknown, position: number): number[] {
    const renaming = this.#renamings[position] as Renaming;
    const words = this.#canonical.encode(state, renaming, position);
    const { persistedSeq } = state as { persistedSeq: number };
    const disk = (one: Disk): void => {
      words.push(one.term, rename(renaming, one.vote));
      words.push(
        one.log.hashes[2 * position] as number,
        one.log.hashes[2 * position + 1] as number,
      );
    };
    disk(draft.disk);
    for (const write of draft.pending) {
      words.push(write.seq - persistedSeq);
      disk(write);
    }
    const granted = draft.granted.map((id) => rename(renaming, id)).sort((a, b) => a - b);
    words.push(...granted, -1, draft.ackedTerm, draft.ackedIndex);
    return words;
  }
}

/** Inputs of one member, told apart by a number. */
function codeOf(input: Input): number {
  switch (input.type) {
    case 'deliver':
      return 256 + input.letter;
    case 'tick':
      return 0;
    case 'persisted':
      return 1;
    case 'crash':
      return 16 + input.kept;
    case 'propose':
      return 64 + input.ordinal;
    case 'change':
      return 128 + 2 * input.subject + (input.add ? 1 : 0);
  }
}

/** Those whose granted votes it was handed as a candidate of this term. */
function grantedAfter(member: MemberState, message: Message, raft: Raft): readonly MemberId[] {
  if (raft.role !== 'candidate') return [];
  const isSame = member.role === 'candidate' && member.term === raft.currentTerm;
  const known = isSame ? member.granted : [];
  const from = grantedIn(message, raft.currentTerm);
  return from === 0 || known.includes(from) ? known : [...known, from];
}

function grantedIn(message: Message, term: Term): MemberId {
  if (message.type !== 'Receive' || message.rpc.type !== 'RequestVoteReply') return 0;
  const { voteGranted, term: voted, from } = message.rpc;
  return voteGranted && voted === term ? from : 0;
}

/** A voter, as configurations name it. */
export function memberNamed(id: MemberId) {
  const name = `n${id}`;
  return {
    id,
    incarnation: `${id}`,
    name,
    peerAddress: name,
    clientAddress: name,
    role: 'voter',
    priority: 0,
  } as const;
}

function collect(violations: Violation[], rule: () => void): void {
  try {
    rule();
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violations.push(error);
  }
}

function violationOf(id: MemberId, error: unknown): Violation {
  if (error instanceof Violation) return new Violation(error.rule, `n${id} ${error.message}`);
  // The explorer is the driver: what it does wrong is no finding.
  if (error instanceof InvariantError && error.rule === 'local') throw error;
  return unhandledError(`n${id}`, error);
}
