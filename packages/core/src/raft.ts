/** The member's state machine: one door, `step`. (Signatures agreed first; the rules follow in the files named by the rule.) */
import type { Configuration, MemberId } from './configuration.ts';
import type { Effects, Entry, Index, Message, Role, SnapshotMetadata, Term } from './message.ts';
import type { RaftOptions } from './options.ts';

/** Read-only view of the log. */
export interface LogView {
  /** The index of the first entry held; lastIndex + 1 when none is. */
  readonly firstIndex: Index;
  readonly lastIndex: Index;
  readonly lastTerm: Term;
  /** The entry, or undefined when it is compacted or does not exist. */
  entryAt(index: Index): Entry | undefined;
  /** The term at index; 0 at index 0; undefined when unknown (compacted away, or beyond the end). */
  termAt(index: Index): Term | undefined;
}

export declare class Raft {
  constructor(options: RaftOptions);
  /** Restores exactly what `state()` gave. */
  static restore(state: unknown): Raft;
  readonly id: MemberId;
  readonly role: Role;
  readonly currentTerm: Term;
  readonly votedFor: MemberId;
  /** 0: unknown. */
  readonly leader: MemberId;
  readonly commitIndex: Index;
  /** As told by `Applied`. */
  readonly lastApplied: Index;
  /** The log is durable here up to this index, by answered persists. */
  readonly durableIndex: Index;
  readonly log: LogView;
  /** The latest snapshot this member could send; null: none. */
  readonly snapshot: SnapshotMetadata | null;
  /** In force: the latest in the log. */
  readonly configuration: Configuration;
  readonly configurationIndex: Index;
  /** When it next wants a Tick, on its own clock in ms; Infinity: never. */
  readonly deadline: number;
  step(message: Message): Effects;
  /** An independent copy: same future, no shared mutable state. */
  fork(): Raft;
  /** Two 32-bit lanes over the whole state: equal futures for equal digests. */
  digest(): { readonly hi: number; readonly lo: number };
  /** Plain data (structured-clonable) from which `restore` rebuilds it. */
  state(): unknown;
}
