/** Why an event of the causal past mattered, judged by what the violation is about. Null: it did not. */
import type { Index, Term } from '@seedraft/core';
import { meantOperations } from './meant.ts';
import type {
  Deed,
  EventNumber,
  LogRun,
  RecordedEvent,
  RecordedMessage,
  RecordedOperation,
  Recording,
} from './recording.ts';
import type { Weighed } from './relevant-past.ts';
import { owedRequests } from './waiting.ts';

/** Rules for which it matters in which order machines took entries. */
const OF_MACHINES: ReadonlySet<string> = new Set(['S5', 'S17', 'S18', 'S19', 'S20']);
/** Rules about who may vote, lead or count: every configuration matters. */
const OF_CONFIGURATIONS: ReadonlySet<string> = new Set(['S14', 'S15', 'L4']);

const OF_SNAPSHOTS: ReadonlySet<string> = new Set(['S9', 'S15', 'S19']);
/** Rules about single votes. */
const OF_VOTES: ReadonlySet<string> = new Set(['S1', 'S10', 'S12']);

const SECOND_VOTE = 8;

type DeedOf<T extends Deed['type']> = Extract<Deed, { type: T }>;

export class Reasons {
  readonly #isJudgedAtEnd: boolean;
  readonly #rule: string;
  readonly #members: ReadonlySet<string>;
  readonly #terms: ReadonlySet<Term>;
  readonly #indexes: readonly Index[];
  readonly #operations: ReadonlyMap<number, RecordedOperation>;
  readonly #taken = new Map<EventNumber, RecordedMessage>();
  /** By member and term: for whom it voted. */
  readonly #votes = new Map<string, string>();
  /** By candidate and term: who voted for it. */
  readonly #voters = new Map<string, Set<string>>();
  /** By member: the event of its latest crash. */
  readonly #downs = new Map<string, EventNumber>();
  /** Of the elections that were won: candidate and term. */
  readonly #elected = new Set<string>();
  readonly #leading = new Set<string>();
  readonly #committed = new Set<Index>();
  readonly #acknowledged = new Set<string>();
  /** Requests taken and never answered, where that is what it is about. */
  readonly #owed: ReadonlySet<EventNumber>;
  /** Operations whose content has been told. */
  readonly #told = new Set<number>();

  /** `past`: the events that may be asked about, which must be asked about in this order. */
  constructor(recording: Recording, past: readonly RecordedEvent[]) {
    const { header, messages } = recording;
    const { about } = header;
    this.#isJudgedAtEnd = header.isJudgedAtEnd;
    this.#rule = header.rule ?? '';
    this.#members = new Set(about.members);
    this.#indexes = [...about.indexes].sort((one, other) => one - other);
    for (const { number, did } of recording.events) {
      for (const { type, member } of did) {
        if (type === 'down' && member !== null) this.#downs.set(member, number);
      }
    }
    this.#operations = new Map(meantOperations(recording).map((one) => [one.id, one]));
    const owed = header.verdict === 'liveness' ? owedRequests(recording) : [];
    this.#owed = new Set(owed.map(({ event }) => event));
    for (const message of messages) {
      if (message.deliveredAt !== null) this.#taken.set(message.deliveredAt, message);
    }
    this.#terms = new Set([...about.terms, ...this.#termsOfEntries(past)]);
    for (const { did } of past) {
      for (const deed of did) {
        if (deed.type === 'role' && deed.role === 'leader' && deed.member !== null) {
          this.#elected.add(`${deed.member} ${deed.term}`);
        }
      }
    }
  }

  /** Whoever led when an entry that matters was appended led for this. */
  #termsOfEntries(past: readonly RecordedEvent[]): Set<Term> {
    const terms = new Set<Term>();
    for (const { did } of past) {
      for (const deed of did) {
        if (deed.type !== 'persist') continue;
        for (const run of deed.entries) {
          if (this.#indexes.some((index) => covers([run], index))) terms.add(run.term);
        }
      }
    }
    return terms;
  }

  of(event: RecordedEvent): Weighed | null {
    const whys: string[] = [];
    let weight = 0;
    const message = this.#taken.get(event.number);
    const found = [
      message === undefined ? null : this.#ofMessage(message, event),
      ...event.did.map((deed) => {
        const reason = this.#ofDeed(event.number, deed);
        return reason !== null && reason.weight < SECOND_VOTE && isImplied(deed, event)
          ? null
          : reason;
      }),
    ];
    for (const reason of found) {
      if (reason === null || whys.includes(reason.why)) continue;
      whys.push(reason.why);
      weight = Math.max(weight, reason.weight);
    }
    return whys.length === 0 ? null : { why: whys.join('; '), weight };
  }

  // ------------------------------------------------------------------------------------------------------------------- messages

  #ofMessage(message: RecordedMessage, event: RecordedEvent): Weighed | null {
    const { from, to, type, facts } = message;
    switch (type) {
      case 'RequestVoteReply':
        return facts.granted === true ? this.#granted(from, to, facts.term ?? 0) : null;
      case 'AppendEntries': {
        const entries = this.#meant(facts.entries ?? []);
        const isWritten = event.did.some(({ type: deed }) => deed === 'persist');
        if (entries === '' || !isWritten || !this.#members.has(to)) return null;
        return { why: `${from} hands ${entries} to ${to}`, weight: 4 };
      }
      case 'AppendEntriesReply':
        return facts.success === true ? this.#acknowledges(from, to, facts.matchIndex ?? 0) : null;
      case 'InstallSnapshot':
        if (!this.#members.has(to) || !this.#isOfSnapshots(facts.snapshotIndex ?? 0)) return null;
        return { why: `${from} sends ${to} its snapshot up to ${facts.snapshotIndex}`, weight: 3 };
      case 'ClientRequest': {
        const operation = this.#operations.get(facts.operation ?? 0);
        if (operation === undefined) return null;
        const why = `${to} takes ${this.#said(operation)}`;
        if (!this.#owed.has(event.number)) return { why, weight: 4 };
        return { why: `${why}, and never answers it`, weight: 8 };
      }
      default:
        return null;
    }
  }

  /** Does a snapshot up to there stand for an entry that matters, or is it about snapshots? */
  #isOfSnapshots(upTo: Index): boolean {
    return OF_SNAPSHOTS.has(this.#rule) || this.#indexes.some((index) => index <= upTo);
  }

  #granted(voter: string, candidate: string, term: Term): Weighed | null {
    const key = `${candidate} ${term}`;
    if (!this.#stands(candidate, term) || this.#leading.has(key)) return null;
    const voters = this.#voters.get(key) ?? new Set([candidate]);
    this.#voters.set(key, voters);
    if (voters.has(voter)) return null;
    voters.add(voter);
    const why = `the vote of ${voter} reaches ${candidate}: ${voters.size} votes in term ${term}, its own included`;
    return { why, weight: 5 };
  }

  /** Does it matter that this candidate asks for votes in this term? Losers do not, unless votes are what it is about. */
  #stands(candidate: string, term: Term): boolean {
    const isOfVotes = OF_VOTES.has(this.#rule);
    const counts = isOfVotes || this.#members.has(candidate);
    return this.#terms.has(term) && (counts || this.#elected.has(`${candidate} ${term}`));
  }

  /** Each follower's first word that it holds an entry, until the entry is committed. */
  #acknowledges(follower: string, leader: string, upTo: Index): Weighed | null {
    const open = this.#indexes.filter((index) => index <= upTo && !this.#committed.has(index));
    const fresh = open.filter((index) => !this.#acknowledged.has(`${follower} ${index}`));
    if (fresh.length === 0) return null;
    for (const index of fresh) this.#acknowledged.add(`${follower} ${index}`);
    return { why: `${follower} tells ${leader} that it holds all up to ${upTo}`, weight: 4 };
  }

  // ---------------------------------------------------------------------------------------------------------------------- deeds

  #ofDeed(event: EventNumber, deed: Deed): Weighed | null {
    const member = deed.member ?? '';
    switch (deed.type) {
      case 'role':
        return this.#ofRole(member, deed);
      case 'vote':
        return this.#ofVote(member, deed);
      case 'term':
        if (!this.#terms.has(deed.term) || !this.#members.has(member)) return null;
        return { why: `${member} moves on to term ${deed.term}`, weight: 2 };
      case 'persist':
        return this.#ofPersist(event, member, deed);
      case 'commit':
        return this.#ofCommit(member, deed.entries);
      case 'apply': {
        const entries = this.#meant(deed.entries);
        const isMeant = OF_MACHINES.has(this.#rule) && this.#members.has(member);
        return entries === '' || !isMeant
          ? null
          : { why: `${member} applies ${entries}`, weight: 5 };
      }
      case 'restore':
        if (!this.#members.has(member) || !this.#isOfSnapshots(deed.index)) return null;
        return { why: `${member} puts the snapshot up to ${deed.index} in force`, weight: 4 };
      case 'configuration': {
        const isMeant = OF_CONFIGURATIONS.has(this.#rule) || this.#indexes.includes(deed.index);
        return isMeant ? { why: deed.line, weight: 5 } : null;
      }
      default:
        return this.#ofOperation(event, member, deed);
    }
  }

  #ofRole(member: string, { role, term, reason }: DeedOf<'role'>): Weighed | null {
    if (!this.#terms.has(term)) return null;
    if (role === 'leader') {
      this.#leading.add(`${member} ${term}`);
      return { why: `${member} becomes leader of term ${term}`, weight: 7 };
    }
    if (role === 'candidate') {
      if (!this.#stands(member, term)) return null;
      return { why: `${member} campaigns in term ${term} (${reason})`, weight: 5 };
    }
    if (role !== 'follower' || !this.#members.has(member)) return null;
    return { why: `${member} is a follower in term ${term} (${reason})`, weight: 2 };
  }

  #ofVote(member: string, { term, votedFor }: DeedOf<'vote'>): Weighed | null {
    if (!this.#terms.has(term)) return null;
    const key = `${member} ${term}`;
    const before = this.#votes.get(key);
    this.#votes.set(key, votedFor);
    const whom = votedFor === member ? 'itself' : votedFor;
    if (before !== undefined && before !== votedFor) {
      const first = before === member ? 'itself' : before;
      const why = `${member} votes for ${whom} in term ${term}, a second time after its vote for ${first}`;
      return { why, weight: SECOND_VOTE };
    }
    const matters = OF_VOTES.has(this.#rule) || this.#members.has(member);
    return matters ? { why: `${member} votes for ${whom} in term ${term}`, weight: 5 } : null;
  }

  #ofPersist(event: EventNumber, member: string, deed: DeedOf<'persist'>): Weighed | null {
    if (!this.#members.has(member)) return null;
    const entries = this.#meant(deed.entries);
    const lowest = Math.min(...this.#indexes);
    const parts: string[] = [];
    if (deed.truncateFrom > 0 && deed.truncateFrom <= Math.max(...this.#indexes, 0)) {
      parts.push(`drops its entries from ${deed.truncateFrom} on`);
    }
    if (entries !== '') parts.push(`begins to write ${entries}`);
    else if (deed.snapshotIndex >= lowest) {
      parts.push(`begins to write the snapshot up to ${deed.snapshotIndex}`);
    }
    if (parts.length === 0 && OF_VOTES.has(this.#rule) && this.#terms.has(deed.term)) {
      parts.push(`begins to write its vote for ${deed.votedFor ?? 'nobody'} in term ${deed.term}`);
    }
    if (parts.length === 0) return null;
    return {
      why: `${member} ${parts.join(' and ')}${this.#durability(event, member, deed)}`,
      weight: 5,
    };
  }

  /** A write that a crash undid, or that was still under way at the end. */
  #durability(event: EventNumber, member: string, { durableAt }: DeedOf<'persist'>): string {
    if (durableAt !== null) return '';
    if ((this.#downs.get(member) ?? -1) > event)
      return ', which a crash undid before it was durable';
    return this.#isJudgedAtEnd
      ? ', which never became durable'
      : ', not durable yet when the rule is broken';
  }

  #ofCommit(member: string, entries: readonly LogRun[]): Weighed | null {
    const meant = this.#meant(entries);
    if (meant === '') return null;
    const covered = this.#indexes.filter((index) => covers(entries, index));
    const isFirst = covered.some((index) => !this.#committed.has(index));
    for (const index of covered) this.#committed.add(index);
    if (isFirst) return { why: `${member} is the first to commit ${meant}`, weight: 6 };
    return this.#members.has(member)
      ? { why: `${member} takes ${meant} as committed`, weight: 3 }
      : null;
  }

  #ofOperation(event: EventNumber, member: string, deed: Deed): Weighed | null {
    if (deed.type !== 'read' && deed.type !== 'invoke' && deed.type !== 'complete') return null;
    const operation = this.#operations.get(deed.operation ?? 0);
    if (operation === undefined) return null;
    const whose = this.#said(operation);
    switch (deed.type) {
      case 'read': {
        const at = deed.readIndex > 0 ? `at read index ${deed.readIndex}` : 'from its own state';
        return { why: `${member} serves ${whose} ${at}`, weight: 6 };
      }
      case 'invoke':
        return { why: `${operation.client} begins ${whose}`, weight: 6 };
      case 'complete':
        return {
          why: `${this.#learns(event, operation)} ${whose}: ${ending(operation)}`,
          weight: 6,
        };
    }
  }

  #learns(event: EventNumber, { client }: RecordedOperation): string {
    const answer = this.#taken.get(event);
    return answer === undefined ? `${client} learns of` : `${client} learns from ${answer.from} of`;
  }

  /** In full the first time, by its number from then on. */
  #said({ id, f, input, readOnly, mode }: RecordedOperation): string {
    if (this.#told.has(id)) return `operation ${id}`;
    this.#told.add(id);
    return `operation ${id} (${readOnly ? `${mode} ` : ''}${f} ${clip(input)})`;
  }

  /** Those of the entries that the violation is about: `7@3, 8@3`; empty: none. */
  #meant(entries: readonly LogRun[]): string {
    const meant: string[] = [];
    for (const index of this.#indexes) {
      const run = entries.find((one) => covers([one], index));
      if (run !== undefined) meant.push(`${index}@${run.term}`);
    }
    return meant.join(', ');
  }
}

/** Whoever campaigns votes for itself in a new term; whoever votes in a new term moves on to it. */
function isImplied(deed: Deed, { did }: RecordedEvent): boolean {
  const campaigns = did.some((one) => one.type === 'role' && one.role === 'candidate');
  const votes = did.some(({ type }) => type === 'vote');
  if (deed.type === 'term') return campaigns || votes;
  if (deed.type === 'role' && deed.role === 'follower') return votes;
  return deed.type === 'vote' && campaigns && deed.votedFor === deed.member;
}

export function covers(runs: readonly LogRun[], index: Index): boolean {
  return runs.some(({ first, last }) => first <= index && index <= last);
}

function ending({ outcome, output, index }: RecordedOperation): string {
  const place = index > 0 ? `, at index ${index}` : '';
  switch (outcome) {
    case 'ok':
      return `ok ${clip(output)}${place}`;
    case 'fail':
      return 'it did not happen';
    default:
      return 'nothing, for ever';
  }
}

function clip(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 50 ? text : `${text.slice(0, 48)}…`;
}

export function seconds(micros: number): string {
  return (micros / 1e6).toFixed(3);
}
