/**
 * What waits for one peer: Raft's own messages first, chunks of snapshots behind them, both bounded. A large state on its way must not
 * keep a heartbeat waiting, and a peer that does not read must not fill this member's memory.
 */
import type { MemberMessage } from '@seedraft/replica';

/** What a message costs besides the entries or bytes it bears. */
const MESSAGE_BYTES = 64;

export class PeerQueue {
  readonly #maxBytes: number;
  readonly #maxMessages: number;
  #urgent: MemberMessage[] = [];
  #chunks: MemberMessage[] = [];
  #bytes = 0;

  constructor(maxBytes: number, maxMessages: number) {
    this.#maxBytes = maxBytes;
    this.#maxMessages = maxMessages;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#urgent.length + this.#chunks.length;
  }

  /** False: there is no room, and the message was not taken. */
  push(message: MemberMessage): boolean {
    const bytes = sizeOf(message);
    if (this.length >= this.#maxMessages) return false;
    if (this.#bytes > 0 && this.#bytes + bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    if (message.type === 'InstallSnapshot') this.#chunks.push(message);
    else this.#urgent.push(message);
    return true;
  }

  /** Everything that may not wait, in order. */
  takeUrgent(): readonly MemberMessage[] {
    const taken = this.#urgent;
    if (taken.length === 0) return taken;
    this.#urgent = [];
    for (const message of taken) this.#bytes -= sizeOf(message);
    return taken;
  }

  /** The oldest chunk, once nothing urgent waits; null: none. */
  takeChunk(): MemberMessage | null {
    if (this.#urgent.length > 0) return null;
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return null;
    this.#bytes -= sizeOf(chunk);
    return chunk;
  }

  clear(): void {
    this.#urgent = [];
    this.#chunks = [];
    this.#bytes = 0;
  }
}

function sizeOf(message: MemberMessage): number {
  switch (message.type) {
    case 'AppendEntries': {
      let bytes = MESSAGE_BYTES;
      for (const entry of message.entries) bytes += MESSAGE_BYTES + entry.data.length;
      return bytes;
    }
    case 'InstallSnapshot':
      return MESSAGE_BYTES + message.length;
    case 'ForwardProposal':
      return MESSAGE_BYTES + message.data.length;
    default:
      return MESSAGE_BYTES;
  }
}
