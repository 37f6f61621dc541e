/**
 * Stories of a cluster moved by hand. A transcript is prose; a line that begins with `> ` is a command, the indented lines below it are what
 * must come of it, and everything else is for the reader. `retell` performs the commands and gives the text as it should be.
 *
 *   > members n1 n2 n3 [knob=value ...]      a cluster of voters, all awake; election timeouts are 150 ms, heartbeats 50
 *   > n4 joins                               awake, in nobody's configuration
 *   > n1 wakes in term 3 with 1 1 2          started over a disk with entries of these terms
 *   > n1 tick [ms]                           its clock moves on (or to what it waits for), and it ticks
 *   > wait 100                               every clock moves on; nobody ticks
 *   > deliver n1->n2 [all] | deliver all     the oldest message on a link, all that wait there, everything until all is quiet
 *   > drop n1->n2 [all] | drop all           lost
 *   > isolate n1 | > heal                    what it sends and what is sent to it is lost, until healed
 *   > n1 propose a | read r | campaign | transfer n2 | compact [keep]
 *   > n1 change joint +n4 +n5:learner -n1    or single, explicit, with +, -, promote:n, demote:n; nothing: leave
 *   > n1 disk waits | lands | answers | prompt | full     writes wait, reach the disk, are told to the core; all at once again; no space
 *   > n1 crash | restart
 *   > show [n1 ...]                          role, term, vote, log, commitIndex, applied
 *   > quietly ...                            any of these, without its lines
 */
import type {
  Effects,
  Event,
  MemberChange,
  Message,
  RaftConfig,
  Reply,
  SnapshotMetadata,
} from '@seedraft/core';
import { defaultConfig } from '@seedraft/core';
import { formatEntries, formatMessage } from '../../sim/src/trace.ts';
import { Hand, type Member } from './hand.ts';
import { entriesFrom } from './subject.ts';
import { member as memberOf, voters } from './world.ts';

const CONFIG: RaftConfig = {
  ...defaultConfig,
  electionTimeoutMin: 150,
  electionTimeoutMax: 150,
  heartbeatInterval: 50,
  transferTimeout: 300,
};

const PROMPT = '> ';
const INDENT = '    ';

/** The story with the lines that come of its commands. */
export function retell(story: string): string {
  const stage = new Stage();
  const told: string[] = [];
  for (const line of story.split('\n')) {
    if (line.startsWith(INDENT)) continue;
    told.push(line);
    if (!line.startsWith(PROMPT)) continue;
    const quiet = line.startsWith(`${PROMPT}quietly `);
    const came = stage.perform(line.slice(PROMPT.length).replace(/^quietly /, ''));
    if (!quiet) told.push(...came.map((each) => INDENT + each));
  }
  return told.join('\n');
}

class Stage {
  #hand: Hand | null = null;
  #lines: string[] = [];
  /** What the story calls its requests. */
  readonly #names: string[] = [''];

  /** Performs one command, and gives what came of it. */
  perform(command: string): string[] {
    this.#lines = [];
    const words = command.trim().split(/\s+/);
    const [verb = '', ...rest] = words;
    if (verb === 'members') this.#assemble(rest);
    else if (verb === 'wait') for (const each of this.#all()) each.clock += Number(rest[0]);
    else if (verb === 'deliver' || verb === 'drop') this.#carry(verb, rest);
    else if (verb === 'isolate') this.hand.isolated.add(idOf(rest[0]));
    else if (verb === 'heal') this.hand.isolated.clear();
    else if (verb === 'show') this.#show(rest);
    else this.#act(verb, rest);
    return this.#lines;
  }

  get hand(): Hand {
    if (this.#hand === null) throw new Error('a story begins with its members');
    return this.#hand;
  }

  #all(): Member[] {
    return [...this.hand.members.values()];
  }

  #assemble(words: readonly string[]): void {
    const knobs = words.filter((word) => word.includes('='));
    const config = { ...CONFIG, ...Object.fromEntries(knobs.map(knob)) } as RaftConfig;
    this.#hand = new Hand({ config, prompt: true, watch: this.#watch });
    const ids = words.filter((word) => !word.includes('=')).map(idOf);
    for (const id of ids) this.hand.add(id, voters(...ids));
  }

  #carry(verb: 'deliver' | 'drop', [link = 'all', all]: readonly string[]): void {
    const { hand } = this;
    const waiting = () =>
      hand.network.filter(({ from, to }) => link === 'all' || link === `n${from}->n${to}`);
    if (waiting().length === 0) this.#lines.push('nothing is on its way');
    if (link !== 'all' && all === undefined) {
      for (const rpc of waiting().slice(0, 1)) hand[verb](rpc);
      return;
    }
    for (let i = 0; i < 10_000; i += 1) {
      const rpc = waiting()[0];
      if (rpc === undefined) return;
      hand[verb](rpc);
    }
    throw new Error('messages without end');
  }

  #act(name: string, words: readonly string[]): void {
    const { hand } = this;
    const [verb = '', first = '', ...rest] = words;
    if (verb === 'joins') {
      hand.add(idOf(name));
      return;
    }
    const member = hand.member(idOf(name));
    switch (verb) {
      case 'wakes':
        this.#wake(member, words);
        break;
      case 'tick':
        hand.tick(member, first === '' ? undefined : Number(first));
        break;
      case 'propose':
        hand.propose(member, this.#request(first), first);
        break;
      case 'read':
        hand.step(member, { type: 'Read', id: this.#request(first), mode: 'readIndex' });
        break;
      case 'campaign':
        hand.step(member, { type: 'Campaign' });
        break;
      case 'transfer': {
        const id = this.#request(`transfer to ${first}`);
        hand.step(member, { type: 'TransferLeadership', id, target: idOf(first) });
        break;
      }
      case 'change':
        this.#change(member, first as 'single', rest);
        break;
      case 'compact':
        hand.compact(member, Number(first));
        break;
      case 'disk':
        this.#disk(member, first);
        break;
      case 'crash':
        hand.crash(member);
        break;
      case 'restart':
        hand.start(member);
        break;
      default:
        throw new Error(`nobody knows how to "${verb}"`);
    }
  }

  /** `wakes in term 3 with 1 1 2` */
  #wake(member: Member, words: readonly string[]): void {
    const term = Number(words[words.indexOf('term') + 1]);
    const terms = words.slice(words.indexOf('with') + 1).map(Number);
    this.hand.crash(member);
    member.disk.hardState = { term, votedFor: 0 };
    member.disk.entries = entriesFrom(1, terms);
    this.hand.start(member);
  }

  #disk(member: Member, what: string): void {
    const { hand } = this;
    if (what === 'waits') hand.held.add(member.id);
    else if (what === 'lands') hand.land(member, Infinity);
    else if (what === 'answers') hand.answer(member);
    else if (what === 'full') {
      const seq = Number.MAX_SAFE_INTEGER;
      hand.step(member, { type: 'PersistFailed', seq, code: 'NO_SPACE' });
    } else if (what === 'prompt') {
      hand.held.delete(member.id);
      hand.carryOut(member);
    } else throw new Error(`no disk ${what}`);
  }

  #change(member: Member, mode: 'single' | 'joint' | 'explicit', words: readonly string[]): void {
    const id = this.#request(words.length === 0 ? 'leave' : words.join(' '));
    const changes = words.map(changeOf);
    this.hand.step(member, { type: 'ChangeMembership', id, mode, changes });
  }

  #request(name: string): number {
    this.#names.push(name);
    return this.#names.length - 1;
  }

  #watch = (member: Member, _message: Message, effects: Effects): void => {
    const name = `n${member.id}`;
    for (const event of effects.events) this.#say(name, tellEvent(event));
    const { persist } = effects;
    if (persist !== null && this.hand.held.has(member.id)) {
      const { truncateFrom, entries, hardState, snapshot } = persist;
      const base = snapshot === null ? '' : ` snapshot=${tellSnapshot(snapshot)}`;
      const cut = truncateFrom > 0 ? ` delete=${truncateFrom}..` : '';
      const vote = hardState.votedFor === 0 ? 'nobody' : `n${hardState.votedFor}`;
      const state = `term=${hardState.term} vote=${vote}`;
      this.#say(
        name,
        `writes #${persist.seq} ${state}${base}${cut} entries=${formatEntries(entries)}`,
      );
    }
    for (const rpc of effects.messages) {
      const { isolated } = this.hand;
      const lost = isolated.has(rpc.from) || isolated.has(rpc.to) ? ' (lost)' : '';
      this.#lines.push(`${formatMessage(rpc)}${lost}`);
    }
    if (effects.commits.length > 0) this.#say(name, `commits ${formatEntries(effects.commits)}`);
    for (const reply of effects.replies) this.#say(name, this.#tellReply(reply));
  };

  #say(name: string, sentence: string): void {
    if (sentence !== '') this.#lines.push(`${name} ${sentence}`);
  }

  #tellReply({ id, result }: Reply): string {
    const asked = `answers "${this.#names[id]}": ${result.outcome}`;
    if (result.outcome === 'rejected') {
      return `${asked} ${result.code}${result.leader === 0 ? '' : `, leader is n${result.leader}`}`;
    }
    if (result.outcome === 'ready') return `${asked} index=${result.index}`;
    return 'term' in result ? `${asked} ${result.index}@${result.term}` : asked;
  }

  #show(names: readonly string[]): void {
    const shown = names.length === 0 ? this.#all() : names.map((n) => this.hand.member(idOf(n)));
    for (const member of shown) this.#lines.push(tellMember(member));
  }
}

function idOf(name = ''): number {
  const id = Number(name.replace(/^n/, ''));
  if (!(id > 0)) throw new Error(`"${name}" is nobody's name`);
  return id;
}

function knob(word: string): [string, number | boolean] {
  const [name = '', value = ''] = word.split('=');
  return [name, value === 'true' ? true : value === 'false' ? false : Number(value)];
}

/** `+n4`, `+n5:learner`, `-n1`, `promote:n5`, `demote:n2` */
function changeOf(word: string): MemberChange {
  const [what = '', detail = ''] = word.split(':');
  if (what === 'promote' || what === 'demote') return { type: what, id: idOf(detail) };
  if (what.startsWith('-')) return { type: 'remove', id: idOf(what.slice(1)) };
  const role = detail === 'learner' ? 'learner' : 'voter';
  return { type: 'add', member: memberOf(idOf(what.slice(1)), role) };
}

function tellEvent(event: Event): string {
  switch (event.type) {
    case 'BecameRole':
      return `becomes ${event.role} in term ${event.term}: ${event.reason}`;
    case 'Truncated':
      return `deletes entries from ${event.fromIndex} on`;
    case 'SnapshotInstalled':
      return `installs the snapshot of ${tellSnapshot(event.snapshot)}`;
    case 'SnapshotNeeded':
      return `needs a snapshot: ${event.reason}`;
    case 'ConfigurationInForce': {
      const { members, outgoing } = event.configuration;
      const incoming = members.filter(({ role }) => role !== 'leaving');
      const names = incoming.map(({ id, role }) => `n${id}${role === 'voter' ? '' : `:${role}`}`);
      const old = outgoing === null ? '' : ` and ${outgoing.map((id) => `n${id}`).join(' ')}`;
      return `has at ${event.index} the configuration ${names.join(' ')}${old}`;
    }
    default:
      return '';
  }
}

function tellSnapshot({ lastIncludedIndex, lastIncludedTerm }: SnapshotMetadata): string {
  return `${lastIncludedIndex}@${lastIncludedTerm}`;
}

function tellMember({ id, raft, disk, applied }: Member): string {
  if (raft === null) {
    const { term, votedFor } = disk.hardState;
    return `n${id} is down: term=${term} vote=n${votedFor} log=${formatEntries(disk.entries)}`;
  }
  const { log } = raft;
  const entries: string[] = [];
  for (let at = log.firstIndex; at <= log.lastIndex; at += 1) {
    entries.push(`${at}@${log.termAt(at)}`);
  }
  const vote = raft.votedFor === 0 ? 'nobody' : `n${raft.votedFor}`;
  const shown = entries.length === 0 ? `none after ${log.lastIndex}` : entries.join(' ');
  const machine = applied.length === 0 ? '' : ` applied=${applied.join(',')}`;
  return `n${id} ${raft.role} term=${raft.currentTerm} vote=${vote} log=${shown} commit=${raft.commitIndex}${machine}`;
}
