/**
 * Messages on their way, each kind of content once: a state names them by number. Content is everything a message says, read field by field
 * from the message itself, so that a new field cannot be overlooked.
 */
import type { Entry, MemberId, PeerMessage } from '@seedraft/core';
import { type Hashes, hashesOf } from './hash.ts';
import type { LogNode, Logs } from './logs.ts';
import { type Renaming, rename } from './renaming.ts';

export interface Letter {
  readonly number: number;
  readonly message: PeerMessage;
  readonly to: MemberId;
  readonly hashes: Hashes;
}

const TYPES: readonly PeerMessage['type'][] = [
  'RequestVote',
  'RequestVoteReply',
  'PreVote',
  'PreVoteReply',
  'AppendEntries',
  'AppendEntriesReply',
  'TimeoutNow',
  'TimeoutNowReply',
];

export class Letters {
  readonly all: Letter[] = [];
  readonly #renamings: readonly Renaming[];
  readonly #logs: Logs;
  readonly #known = new Map<string, Letter>();

  constructor(renamings: readonly Renaming[], logs: Logs) {
    this.#renamings = renamings;
    this.#logs = logs;
  }

  of(message: PeerMessage): Letter {
    const words = this.#encode(message);
    const key = words.join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const letter: Letter = {
      number: this.all.length,
      message,
      to: message.to,
      hashes: this.#hashes(message, words),
    };
    this.all.push(letter);
    this.#known.set(key, letter);
    return letter;
  }

  /** Type, from and to come first: these are what a renaming changes, and the entries, which are hashed apart. */
  #encode(message: PeerMessage): number[] {
    const type = TYPES.indexOf(message.type);
    if (type < 0) throw new Error(`${message.type} is no message that exploration knows.`);
    const words = [type, message.from, message.to];
    for (const field of fieldsOf(message)) {
      words.push(this.#encodeField(message, field, (message as unknown as Fields)[field]));
    }
    return words;
  }

  #encodeField(message: PeerMessage, field: string, value: unknown): number {
    if (typeof value === 'number') return value;
    if (typeof value === 'boolean') return value ? 1 : 0;
    if (field === 'entries') return this.#suffix(value as readonly Entry[]).number;
    if (field === 'reason') return hashText(value as string);
    throw new Error(`${message.type}.${field} is no field that exploration knows.`);
  }

  /** Entries in flight, as a log of their own. */
  #suffix(entries: readonly Entry[]): LogNode {
    return this.#logs.appendAll(this.#logs.empty, entries);
  }

  #hashes(message: PeerMessage, words: readonly number[]): Hashes {
    const entries =
      message.type === 'AppendEntries' ? this.#suffix(message.entries) : this.#logs.empty;
    // The entries' number means nothing under another name: their hashes stand for it.
    const fields = fieldsOf(message);
    const plain = words.filter((_, i) => i === 0 || (i > 2 && fields[i - 3] !== 'entries'));
    return hashesOf(this.#renamings.length, 3, (position) => {
      const renaming = this.#renamings[position] as Renaming;
      return [
        rename(renaming, message.from),
        rename(renaming, message.to),
        entries.hashes[2 * position] as number,
        entries.hashes[2 * position + 1] as number,
        ...plain,
      ];
    });
  }
}

type Fields = Record<string, unknown>;

const HEADER: ReadonlySet<string> = new Set(['type', 'from', 'to']);

function fieldsOf(message: PeerMessage): string[] {
  return Object.keys(message)
    .filter((field) => !HEADER.has(field))
    .sort();
}

export function hashText(text: string): number {
  let hash = 17;
  for (let i = 0; i < text.length; i += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}
