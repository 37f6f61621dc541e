/**
 * Writes that several clients ask for in one turn of the event loop, carried out as one entry: an entry costs the same on every member, however little is in it. Kept: each gets the
 * result of its own commands; what is wrong with one harms no other, for then each goes alone; only what is answered by little goes together, since the results of
 * an entry share a limit. One client's writes keep their order, for it has one under way at a time.
 */
import { smallWriteBytes } from '@seedraft/kv';
import type { ClientReply } from '@seedraft/replica';
import type { DoorRequest } from './door.ts';

export type Write = Extract<DoorRequest, { type: 'Command' | 'Batch' }>;

const MOST_COMMANDS = 1024;
const MOST_BYTES = 256 * 1024;
/** A larger command is worth an entry. */
const MOST_COMMAND_BYTES = 4096;

/** Said of what was asked, not of the cluster: perhaps only one of them earned it. */
const OF_THE_REQUEST: ReadonlySet<string> = new Set([
  ...['BAD_REQUEST', 'ENTRY_TOO_LARGE', 'MACHINE_ERROR'],
]);

interface Waiting {
  readonly write: Write;
  resolve(reply: Promise<ClientReply>): void;
}

export class SharedEntries {
  readonly #carryOut: (write: Write) => Promise<ClientReply>;
  #waiting: Waiting[] = [];
  #commands = 0;
  #bytes = 0;

  /** `carryOut` ends each write with one reply, and never rejects but for a broken invariant. */
  constructor(carryOut: (write: Write) => Promise<ClientReply>) {
    this.#carryOut = carryOut;
  }

  ask(write: Write): Promise<ClientReply> {
    const commands = commandsOf(write);
    const bytes = bytesOf(commands);
    if (bytes > MOST_BYTES) return this.#carryOut(write);
    if (this.#bytes + bytes > MOST_BYTES || this.#commands + commands.length > MOST_COMMANDS) {
      this.#send();
    }
    return new Promise((resolve) => {
      // After the poll phase: what other connections have ready by then belongs to the same turn.
      if (this.#waiting.length === 0) setImmediate(() => this.#send());
      this.#waiting.push({ write, resolve });
      this.#commands += commands.length;
      this.#bytes += bytes;
    });
  }

  #send(): void {
    const all = this.#waiting;
    this.#waiting = [];
    this.#commands = 0;
    this.#bytes = 0;
    const [first, ...others] = all;
    if (first === undefined) return;
    if (others.length === 0) first.resolve(this.#carryOut(first.write));
    else this.#together(all);
  }

  #together(all: readonly Waiting[]): void {
    const commands = all.flatMap(({ write }) => commandsOf(write));
    const shared = this.#carryOut({ type: 'Batch', commands });
    let at = 0;
    for (const { write, resolve } of all) {
      const from = at;
      at += commandsOf(write).length;
      resolve(shared.then((reply) => this.#shareOf(write, reply, from)));
    }
  }

  #shareOf(write: Write, reply: ClientReply, from: number): ClientReply | Promise<ClientReply> {
    if (reply.type === 'Ok') {
      const results = reply.value as readonly unknown[];
      const value =
        write.type === 'Command'
          ? results[from]
          : results.slice(from, from + write.commands.length);
      return { type: 'Ok', index: reply.index, value };
    }
    // It had no effect, so it may be asked again.
    if (reply.type === 'Refused' && OF_THE_REQUEST.has(reply.code)) return this.#carryOut(write);
    return reply;
  }
}

function commandsOf(write: Write): readonly unknown[] {
  return write.type === 'Command' ? [write.command] : write.commands;
}

/** About; infinite if one of them must not share an entry. */
function bytesOf(commands: readonly unknown[]): number {
  let sum = 0;
  for (const command of commands) {
    const bytes = smallWriteBytes(command);
    sum += bytes > MOST_COMMAND_BYTES ? Number.POSITIVE_INFINITY : bytes;
  }
  return sum;
}
