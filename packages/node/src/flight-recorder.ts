/**
 * The last messages that entered the core, for whoever has to find out why a member stopped. Fixed in size and without references to entries:
 * recording must neither cost nor hold on to anything.
 */
import type { Effects, Message, PeerMessage } from '@seedraft/core';

const CAPACITY = 1024;
const FIELDS = 8;

export class FlightRecorder {
  readonly #types: string[] = new Array<string>(CAPACITY).fill('');
  /** Per message: at, from, term, three that depend on its type, messages sent, seq of the write asked for. */
  readonly #numbers = new Float64Array(CAPACITY * FIELDS);
  #count = 0;

  note(message: Message, effects: Effects): void {
    const slot = this.#count % CAPACITY;
    this.#count += 1;
    const n = this.#numbers;
    const base = slot * FIELDS;
    n[base] = message.at;
    n[base + 6] = effects.messages.length;
    n[base + 7] = effects.persist?.seq ?? 0;
    if (message.type === 'Receive') {
      const { rpc } = message;
      this.#types[slot] = rpc.type;
      n[base + 1] = rpc.from;
      n[base + 2] = rpc.term;
      this.#notePeer(base + 3, rpc);
      return;
    }
    this.#types[slot] = message.type;
    n[base + 1] = 0;
    n[base + 2] = 0;
    n[base + 3] = 'seq' in message ? message.seq : 0;
    n[base + 4] = message.type === 'Propose' ? message.proposals.length : 0;
    n[base + 5] = message.type === 'Applied' ? message.index : 0;
  }

  /** Oldest first. */
  lines(): string[] {
    const lines: string[] = [];
    const kept = Math.min(this.#count, CAPACITY);
    for (let i = this.#count - kept; i < this.#count; i++) lines.push(this.#line(i % CAPACITY));
    return lines;
  }

  #notePeer(at: number, rpc: PeerMessage): void {
    const n = this.#numbers;
    n[at] = 0;
    n[at + 1] = 0;
    n[at + 2] = 0;
    if (rpc.type === 'AppendEntries') {
      n[at] = rpc.prevLogIndex;
      n[at + 1] = rpc.entries.length;
      n[at + 2] = rpc.leaderCommit;
    } else if (rpc.type === 'AppendEntriesReply') {
      n[at] = rpc.success ? rpc.matchIndex : rpc.rejectedIndex;
      n[at + 1] = rpc.success ? 1 : 0;
      n[at + 2] = rpc.lastIndex;
    } else if (rpc.type === 'RequestVote' || rpc.type === 'PreVote') {
      n[at] = rpc.lastLogIndex;
      n[at + 1] = rpc.lastLogTerm;
    } else if ('voteGranted' in rpc) {
      n[at + 1] = rpc.voteGranted ? 1 : 0;
    } else if ('offset' in rpc) {
      n[at] = rpc.offset;
    }
  }

  #line(slot: number): string {
    const [at, from, term, x, y, z, sent, seq] = this.#numbers.subarray(
      slot * FIELDS,
      (slot + 1) * FIELDS,
    );
    const type = this.#types[slot]!;
    const after = `-> messages=${sent} persist=${seq}`;
    if (from === 0) return `${at} ${type} seq=${x} proposals=${y} applied=${z} ${after}`;
    const what: Readonly<Record<string, string>> = {
      AppendEntries: `prev=${x} entries=${y} commit=${z}`,
      AppendEntriesReply: `${y === 1 ? 'match' : 'rejected'}=${x} last=${z}`,
      RequestVote: `last=${x}@${y}`,
      PreVote: `last=${x}@${y}`,
      RequestVoteReply: y === 1 ? 'granted' : 'refused',
      PreVoteReply: y === 1 ? 'granted' : 'refused',
    };
    return `${at} n${from} ${type} term=${term} ${what[type] ?? `offset=${x}`} ${after}`;
  }
}
