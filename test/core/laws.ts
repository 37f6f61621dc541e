/**
 * What must be true of any cluster that is moved by hand, whoever moves it: Figure 3's five properties, durability before speech, and one
 * outcome for every request. Checked after every step and before anything of it is carried out, against what is on the disks at that
 * moment. Built from the paper: it asks the cores only what they would tell anyone.
 */
import type {
  Configuration,
  Effects,
  Entry,
  MemberId,
  Message,
  PeerMessage,
  ProposalOutcome,
  Reply,
} from '@seedraft/core';
import { incomingVoters } from '@seedraft/core';
import { type Hand, holds, type Member } from './hand.ts';

const text = new TextDecoder();

/** An entry that a leader committed, and in which term it did. */
interface Committed {
  readonly term: number;
  readonly content: string;
  readonly inTerm: number;
}

/** What was known of a member after its last step in this boot. */
interface View {
  readonly boot: number;
  readonly term: number;
  readonly role: string;
  readonly commitIndex: number;
  readonly delivered: number;
  readonly lastIndex: number;
  readonly configuration: Configuration;
  readonly configurationIndex: number;
}

interface Request {
  readonly member: MemberId;
  readonly kind: 'proposal' | 'change' | 'read' | 'transfer';
  /** Of a proposal: its command, which nobody else proposes. */
  readonly command: string;
  /** Of a read: how much was committed when it began. */
  readonly floor: number;
}

/** Did it ever happen? Counted, so that a run in which nothing happened proves nothing. */
export type Happened =
  | 'elections'
  | 'commits'
  | 'truncations'
  | 'snapshots installed'
  | 'configurations committed'
  | 'joint configurations'
  | 'reads'
  | 'transfers'
  | 'unknown outcomes'
  | 'crashes';

function contentOf({ kind, data, configuration }: Entry): string {
  const shown = configuration === null ? '' : JSON.stringify(configuration);
  return `${kind} ${text.decode(data)}${shown}`;
}

/** More than half of `voters`, and while joint of both halves. */
function isQuorum(configuration: Configuration, has: (id: MemberId) => boolean): boolean {
  const halves = [incomingVoters(configuration), configuration.outgoing ?? []];
  return halves.every((half) => half.length === 0 || 2 * half.filter(has).length > half.length);
}

/** Does every majority of one share a member with every majority of the other? By the two ways that Raft knows. */
function isSafeStep(from: Configuration, to: Configuration): boolean {
  const [old, next] = [incomingVoters(from), incomingVoters(to)];
  const isSame = (one: readonly MemberId[], other: readonly MemberId[]) =>
    one.length === other.length && one.every((id) => other.includes(id));
  if (to.outgoing !== null) return from.outgoing === null && isSame(to.outgoing, old);
  if (from.outgoing !== null) return isSame(next, old);
  const moved = [...old, ...next].filter((id) => !(old.includes(id) && next.includes(id)));
  return moved.length <= 1;
}

export class Laws {
  readonly happened = new Map<Happened, number>();
  /** committed[i - 1] is the entry at index i. */
  readonly committed: Committed[] = [];
  readonly open = new Map<number, Request>();
  hand: Hand | null = null;
  readonly #leaders = new Map<number, MemberId>();
  /** By "index@term": what it holds, and the term before it. */
  readonly #entries = new Map<string, string>();
  readonly #votes = new Map<string, MemberId>();
  readonly #views = new Map<MemberId, View>();
  readonly #appended = new Set<string>();
  readonly #rejected = new Set<string>();
  readonly #superseded = new Set<string>();
  readonly #decided = new Set<string>();
  #nextId = 1;

  count(what: Happened): void {
    this.happened.set(what, (this.happened.get(what) ?? 0) + 1);
  }

  /** A request that `member` owes an answer to. */
  ask(member: Member, kind: Request['kind']): number {
    const id = this.#nextId;
    this.#nextId += 1;
    const command = kind === 'proposal' ? `command ${id}` : '';
    this.open.set(id, { member: member.id, kind, command, floor: this.committed.length });
    return id;
  }

  /** It crashed, and owes nothing any more. */
  forgive(member: Member): void {
    this.count('crashes');
    for (const [id, request] of this.open) if (request.member === member.id) this.open.delete(id);
  }

  watch = (member: Member, message: Message, effects: Effects): void => {
    const before = this.#viewOf(member);
    freeze(effects);
    this.#terms(member, message, before);
    if (member.broken) this.#silence(member, message, effects);
    this.#leadership(member, before, effects);
    this.#appends(member, effects);
    this.#changes(member, before, effects);
    this.#commits(member, before);
    this.#deliveries(member, before, effects);
    for (const rpc of effects.messages) this.#speech(member, rpc);
    for (const reply of effects.replies) this.#answer(member, reply);
    this.#remember(member, before, effects);
  };

  #viewOf(member: Member): View {
    const known = this.#views.get(member.id);
    if (known?.boot === member.boot) return known;
    const { disk, boot, bootstrap } = member;
    const base = disk.snapshot?.lastIncludedIndex ?? 0;
    const changed = disk.entries.findLast((entry) => entry.configuration !== null);
    return {
      boot,
      term: disk.hardState.term,
      role: 'follower',
      commitIndex: base,
      delivered: base,
      lastIndex: disk.entries.at(-1)?.index ?? base,
      configuration: changed?.configuration ?? disk.snapshot?.configuration ?? bootstrap,
      configurationIndex: changed?.index ?? disk.snapshot?.configurationIndex ?? 0,
    };
  }

  #remember(member: Member, before: View, effects: Effects): void {
    const raft = member.raft!;
    const installed = effects.persist?.snapshot?.lastIncludedIndex ?? 0;
    if (installed > 0) this.count('snapshots installed');
    if ((effects.persist?.truncateFrom ?? 0) > 0) this.count('truncations');
    this.#views.set(member.id, {
      boot: member.boot,
      term: raft.currentTerm,
      role: raft.role,
      commitIndex: raft.commitIndex,
      delivered: effects.commits.at(-1)?.index ?? Math.max(before.delivered, installed),
      lastIndex: raft.log.lastIndex,
      configuration: raft.configuration,
      configurationIndex: raft.configurationIndex,
    });
  }

  /** Terms and commitIndex only grow; a greater term that is heard is adopted. */
  #terms(member: Member, message: Message, before: View): void {
    const raft = member.raft!;
    if (message.type === 'Receive' && raft.currentTerm < message.rpc.term && !member.broken) {
      // Only a question about a term, or one that a promise forbids to hear, leaves the term as it was.
      const may = ['PreVote', 'PreVoteReply', 'RequestVote'].includes(message.rpc.type);
      if (!may) throw new Error(`n${member.id} did not adopt term ${message.rpc.term}`);
    }
    if (raft.currentTerm < before.term) throw new Error(`n${member.id}: currentTerm went back`);
    if (raft.commitIndex < before.commitIndex) throw new Error(`n${member.id}: commit went back`);
  }

  /** After a failed write it says nothing but, at once, the bad news to whom it owes an outcome. */
  #silence(member: Member, message: Message, effects: Effects): void {
    const owed = message.type === 'PersistFailed' ? ['ForwardProposalReply', 'ReadIndexReply'] : [];
    const says = effects.messages.find(({ type }) => !owed.includes(type));
    if (says === undefined && effects.persist === null) return;
    throw new Error(`n${member.id} acts on after a failed write`);
  }

  /** Election safety; leader append-only; leader completeness. */
  #leadership(member: Member, before: View, effects: Effects): void {
    const raft = member.raft!;
    const { role, currentTerm, log } = raft;
    if (role !== 'leader') return;
    const known = this.#leaders.get(currentTerm);
    if (known !== undefined && known !== member.id) {
      throw new Error(`n${known} and n${member.id} both lead in term ${currentTerm}`);
    }
    this.#leaders.set(currentTerm, member.id);
    if (before.role === 'leader' && before.term === currentTerm) {
      const shrank = log.lastIndex < before.lastIndex || (effects.persist?.truncateFrom ?? 0) > 0;
      if (shrank) throw new Error(`leader n${member.id} deleted entries of its own log`);
      return;
    }
    this.count('elections');
    this.#elected(member);
    this.committed.forEach(({ term, inTerm }, i) => {
      if (inTerm >= currentTerm || i + 1 < log.firstIndex) return;
      if (log.termAt(i + 1) === term) return;
      throw new Error(`n${member.id} leads in ${currentTerm} without committed ${i + 1}@${term}`);
    });
  }

  /** By a majority (of both halves) that gave it their votes, durably. */
  #elected(member: Member): void {
    const { configuration, currentTerm } = member.raft!;
    const votes = (id: MemberId) => {
      const { hardState } = this.hand!.member(id).disk;
      const votesNow = hardState.term === currentTerm && hardState.votedFor === member.id;
      return votesNow || this.#votes.get(`${id} in ${currentTerm}`) === member.id;
    };
    if (isQuorum(configuration, votes)) return;
    throw new Error(`n${member.id} leads in term ${currentTerm} by too few votes`);
  }

  /** A leader changes the members only when no change is open, having committed in its term, and by a safe step. */
  #changes(member: Member, before: View, effects: Effects): void {
    const { currentTerm, commitIndex, log } = member.raft!;
    if (before.role !== 'leader' || before.term !== currentTerm) return;
    let { configuration, configurationIndex } = before;
    for (const { index, configuration: next } of effects.persist?.entries ?? []) {
      if (next === null) continue;
      if (configurationIndex > commitIndex) throw new Error(`two changes in flight at ${index}`);
      if (log.termAt(commitIndex) !== currentTerm)
        throw new Error(`a change at ${index} too early`);
      if (!isSafeStep(configuration, next)) throw new Error(`no majorities in common at ${index}`);
      configuration = next;
      configurationIndex = index;
    }
  }

  /** Log matching: one (index, term) is one entry after one predecessor, everywhere. */
  #appends(member: Member, effects: Effects): void {
    const { log } = member.raft!;
    for (const entry of effects.persist?.entries ?? []) {
      const place = `${entry.index}@${entry.term}`;
      const shown = `after ${log.termAt(entry.index - 1)}: ${contentOf(entry)}`;
      const known = this.#entries.get(place);
      if (known !== undefined && known !== shown) {
        throw new Error(`${place} is "${known}" and, at n${member.id}, "${shown}"`);
      }
      this.#entries.set(place, shown);
      if (entry.kind !== 'command') continue;
      const command = text.decode(entry.data);
      if (this.#rejected.has(command)) throw new Error(`${command} was rejected, yet appended`);
      this.#appended.add(command);
    }
  }

  /** State machine safety, and by what right the first to commit an entry did so. */
  #commits(member: Member, before: View): void {
    const { log, commitIndex, currentTerm } = member.raft!;
    const known = this.committed.length;
    for (let index = before.commitIndex + 1; index <= commitIndex; index += 1) {
      const entry = log.entryAt(index);
      const canonical = this.committed[index - 1];
      if (canonical === undefined) {
        if (entry === undefined) throw new Error(`a snapshot holds ${index}, never committed`);
        this.#commitFirst(member, before, entry, currentTerm);
      } else if (log.termAt(index) !== undefined && log.termAt(index) !== canonical.term) {
        throw new Error(`n${member.id} commits another entry ${index} than ${canonical.content}`);
      }
    }
    if (commitIndex > known && log.termAt(commitIndex) !== currentTerm) {
      throw new Error(`n${member.id} commits an entry of an older term by counting (Figure 8)`);
    }
  }

  #commitFirst(member: Member, before: View, entry: Entry, inTerm: number): void {
    const { index, term, kind } = entry;
    if (before.role !== 'leader')
      throw new Error(`n${member.id} commits ${index} and leads nobody`);
    const has = (id: MemberId) => holds(this.hand!.member(id).disk, index, term);
    if (!isQuorum(before.configuration, has)) {
      throw new Error(`n${member.id} commits ${index}@${term}, on too few disks`);
    }
    const content = contentOf(entry);
    const place = `${index}@${term}`;
    if (this.#superseded.has(place)) throw new Error(`${place} was superseded, yet commits`);
    if (kind === 'command' && this.#decided.has(content)) throw new Error(`${content} ran twice`);
    this.#decided.add(content);
    this.committed.push({ term, content, inTerm });
    this.count('commits');
    if (kind === 'configuration') this.count('configurations committed');
    if ((entry.configuration?.outgoing ?? null) !== null) this.count('joint configurations');
  }

  /** Each committed entry once, in order, and only when it is on this disk. */
  #deliveries(member: Member, before: View, effects: Effects): void {
    let next = before.delivered + 1;
    for (const { index, term } of effects.commits) {
      // An installed snapshot skips what it stands for.
      if (index !== next && index !== (member.disk.snapshot?.lastIncludedIndex ?? 0) + 1) {
        throw new Error(`n${member.id} is handed ${index}, not ${next}`);
      }
      if (index > member.raft!.commitIndex) throw new Error(`n${member.id} is handed too much`);
      if (!holds(member.disk, index, term)) throw new Error(`${index} is handed over, not durable`);
      next = index + 1;
    }
  }

  /** Nothing is said that a crash could unsay. */
  #speech(member: Member, rpc: PeerMessage): void {
    const { hardState } = member.disk;
    const asks = rpc.type === 'PreVote' || (rpc.type === 'PreVoteReply' && rpc.voteGranted);
    if (!asks && rpc.term !== hardState.term) {
      throw new Error(`n${member.id} speaks in term ${rpc.term}, durable is ${hardState.term}`);
    }
    if (rpc.type === 'RequestVote') this.#vote(member, rpc.term, member.id);
    else if (rpc.type === 'RequestVoteReply' && rpc.voteGranted) {
      this.#vote(member, rpc.term, rpc.to);
    } else if (rpc.type === 'AppendEntriesReply' && rpc.success) {
      this.#acknowledgement(member, rpc.to, rpc.term, rpc.matchIndex);
    } else if (rpc.type === 'InstallSnapshotReply' && rpc.installed) {
      this.#acknowledgement(member, rpc.to, rpc.term, rpc.matchIndex);
    }
  }

  #vote(member: Member, term: number, candidate: MemberId): void {
    if (member.disk.hardState.votedFor !== candidate) {
      throw new Error(`n${member.id} speaks of a vote for n${candidate} that is not durable`);
    }
    const key = `${member.id} in ${term}`;
    const known = this.#votes.get(key) ?? candidate;
    if (known !== candidate) throw new Error(`n${key} votes for n${known} and n${candidate}`);
    this.#votes.set(key, candidate);
  }

  /** What is acknowledged is on the disk, and is what the leader has there. */
  #acknowledgement(member: Member, to: MemberId, term: number, matchIndex: number): void {
    const { disk } = member;
    const base = disk.snapshot?.lastIncludedIndex ?? 0;
    if (matchIndex <= base) return;
    const entry = disk.entries.find(({ index }) => index === matchIndex);
    if (entry === undefined) throw new Error(`n${member.id} acknowledges ${matchIndex} undurably`);
    const leader = this.hand!.member(to).raft;
    if (leader?.role !== 'leader' || leader.currentTerm !== term) return;
    const theirs = leader.log.termAt(matchIndex);
    if (theirs !== undefined && theirs !== entry.term) {
      throw new Error(`n${member.id} acknowledges ${matchIndex}@${entry.term}, not @${theirs}`);
    }
  }

  #answer(member: Member, reply: Reply): void {
    const request = this.open.get(reply.id);
    if (request === undefined) throw new Error(`a second outcome, or an unasked one: ${reply.id}`);
    this.open.delete(reply.id);
    if (request.member !== member.id) throw new Error(`n${member.id} answers for another`);
    const { result } = reply;
    if (reply.type === 'ReadReply') {
      if (request.kind !== 'read') throw new Error('a read`s answer to another question');
      if (result.outcome !== 'ready') return;
      this.count('reads');
      const { index } = result as { readonly index: number };
      if (index < request.floor) throw new Error(`stale read: ${index} < ${request.floor}`);
    } else if (reply.type === 'TransferReply') {
      if (request.kind !== 'transfer') throw new Error('a transfer`s answer to another question');
      if (result.outcome === 'transferred') this.count('transfers');
    } else this.#outcome(request, reply.result);
  }

  #outcome(request: Request, result: ProposalOutcome): void {
    const { command } = request;
    const isCommand = request.kind === 'proposal';
    if (result.outcome === 'rejected') {
      if (isCommand && this.#appended.has(command)) throw new Error(`${command} rejected late`);
      if (isCommand) this.#rejected.add(command);
      return;
    }
    if (result.outcome === 'unknown') {
      this.count('unknown outcomes');
      return;
    }
    const there = this.committed[result.index - 1];
    if (there === undefined) throw new Error(`${result.outcome}, but nothing is committed there`);
    const isThere = there.term === result.term;
    if (result.outcome === 'superseded') {
      if (isThere) throw new Error(`${command} is superseded by itself`);
      this.#superseded.add(`${result.index}@${result.term}`);
    } else if (!isThere || (isCommand && there.content !== `command ${command}`)) {
      throw new Error(`${command} is said to be committed at ${result.index}, where it is not`);
    }
  }
}

/** Whoever changes what has crossed the boundary throws. Bytes cannot be frozen. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  if (value instanceof Uint8Array) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
}

/** At rest: any two logs that share an (index, term) are equal up to it (Figure 3), and so are the state machines. */
export function assertLogsMatch(hand: Hand): void {
  const rafts = [...hand.members.values()].flatMap(({ raft }) => (raft === null ? [] : [raft]));
  for (const [i, one] of rafts.entries()) {
    for (const other of rafts.slice(i + 1)) {
      const first = Math.max(one.log.firstIndex, other.log.firstIndex);
      let agrees = false;
      for (let at = Math.min(one.log.lastIndex, other.log.lastIndex); at >= first; at -= 1) {
        const [mine, theirs] = [one.log.entryAt(at)!, other.log.entryAt(at)!];
        if (mine.term === theirs.term) agrees = true;
        if (agrees && (mine.term !== theirs.term || contentOf(mine) !== contentOf(theirs))) {
          throw new Error(
            `the logs of n${one.id} and n${other.id} part at ${at}, before they meet`,
          );
        }
      }
    }
  }
}
