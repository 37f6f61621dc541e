/**
 * A recording: one run as plain JSON, enough to draw it, to explain it, and to go to any of its moments. Written down by an observer while
 * a plan is run again (record.ts), so a run that nobody records costs nothing and has the same hash.
 *
 * Event numbers are those of traces and choice logs: 0 is the first. Times are true simulated time in integer microseconds (in a run of
 * `schedule:` steps each step counts a millisecond). Endpoints are written as people read them: `n1` for members, `c0` for clients,
 * `world` for faults and operators. Lists are in the order of events; JSON has no Infinity, so what never came is null.
 */
import type { Index, Role, Term } from '@seedraft/core';
import type { EventKind } from '../choices.ts';
import type { Loss } from '../link.ts';
import type { Micros } from '../observer.ts';
import type { About } from './about.ts';

/** Raised when the shape changes. */
export const RECORDING_FORMAT = 1;

/** `n1`, `c0`, or `world`. */
export type Endpoint = string;
/** The number of an executed event, from 0. */
export type EventNumber = number;

export interface Recording {
  readonly header: RecordingHeader;
  /** Executed events, ascending by number. All of the run, unless `header.leftOut` is set. */
  readonly events: readonly RecordedEvent[];
  /** In the order of sending. `id` is not the position once something was left out. */
  readonly messages: readonly RecordedMessage[];
  /** How each member's state changed, ascending by event; `stateAt` adds them up. */
  readonly states: readonly StateChange[];
  readonly faults: readonly FaultBar[];
  /** In the order of invocation. */
  readonly operations: readonly RecordedOperation[];
}

export interface RecordingHeader {
  readonly format: typeof RECORDING_FORMAT;
  readonly scenario: string;
  readonly seed: string;
  readonly verdict: 'pass' | 'violation' | 'liveness' | 'inconclusive' | 'mistake' | 'error';
  /** S1..S22, L1..L7, LIN, EXPECT; null: none was broken. */
  readonly rule: string | null;
  /** What was seen; null: nothing. */
  readonly sentence: string | null;
  /** Why it is inconclusive, or an error. */
  readonly reason: string | null;
  /** Of the whole run, whatever was left out here. */
  readonly hash: string;
  /** How many events the run executed. */
  readonly eventCount: number;
  readonly simulatedMicros: Micros;
  /** All that ever were, spares and successors included, by id. */
  readonly members: readonly { readonly id: number; readonly name: string }[];
  /** Clients of the plan (the liveness phase adds its own, numbered on). */
  readonly clients: number;
  /** A run of `schedule:` steps: times say only what came before what. */
  readonly isSchedule: boolean;
  /** The event during which the rule was broken, or the last one if the end was judged; null: none was broken. */
  readonly violation: EventNumber | null;
  /** Judged after the last event (LIN, S21's last word, a liveness bound that passed). */
  readonly isJudgedAtEnd: boolean;
  /** Whom and what the sentence names. */
  readonly about: About;
  /** The faults are over and a core is healed, from this moment on; null: it did not come to that. */
  readonly liveness: {
    readonly at: Micros;
    /** The first event of the phase. */
    readonly event: EventNumber;
    readonly core: readonly string[];
  } | null;
  /** Of a protocol of one's own; absent: the run is of a Raft cluster. */
  readonly protocol?: {
    readonly name: string;
    /** The types of its messages, in its own order. */
    readonly messages: readonly string[];
    /** What its rule says that was broken; null: none was, or the rule is one of the simulator's. */
    readonly definition: string | null;
  };
  /** Null: this is the whole run. */
  readonly leftOut: LeftOut | null;
}

/** What a cut recording still holds, and what it does not. */
export interface LeftOut {
  /** Every event in [from, to) is here. */
  readonly from: EventNumber;
  readonly to: EventNumber;
  /** Events outside of that range that are here, since the violation follows from them. */
  readonly kept: number;
  /** Events that are not here. */
  readonly events: number;
  readonly messages: number;
  readonly operations: number;
}

export interface RecordedEvent {
  readonly number: EventNumber;
  readonly time: Micros;
  /** Whose event it is. */
  readonly where: Endpoint;
  /** A name of EventKind: Deliver, Tick, Persisted, ClientInvoke, Inject, Boot, ... */
  readonly kind: keyof typeof EventKind;
  /** One line: what came in. */
  readonly what: string;
  /**
   * Events that it directly follows from, ascending, all smaller than its own number: the one that sent what is delivered here, the
   * one that asked for what is completed here, the one before it at the same endpoint.
   */
  readonly causes: readonly EventNumber[];
  /** What came of it, in order. Sent messages are not here: see RecordedMessage.sentBy. */
  readonly did: readonly Deed[];
}

interface AnyDeed {
  /** The member it is about, which need not be the event's own (a fault crashes it); null: none. */
  readonly member: string | null;
  /** For people, in the words of a trace. */
  readonly line: string;
}

export type Deed = AnyDeed &
  (
    | { readonly type: 'role'; readonly role: Role; readonly term: Term; readonly reason: string }
    /** currentTerm grew. */
    | { readonly type: 'term'; readonly term: Term; readonly before: Term }
    /** votedFor was set, in memory; the write that makes it durable is a deed of its own. */
    | { readonly type: 'vote'; readonly term: Term; readonly votedFor: string }
    /** A write was begun. */
    | {
        readonly type: 'persist';
        readonly seq: number;
        readonly term: Term;
        readonly votedFor: string | null;
        /** Entries from here on were dropped first; 0: none. */
        readonly truncateFrom: Index;
        readonly entries: readonly LogRun[];
        readonly snapshotIndex: Index;
        /** When the disk truly held it; null: never, as far as this run went. */
        readonly durableAt: Micros | null;
      }
    | { readonly type: 'commit' | 'apply'; readonly entries: readonly LogRun[] }
    | { readonly type: 'restore'; readonly index: Index; readonly term: Term }
    | { readonly type: 'configuration'; readonly index: Index }
    /** The core answered who asked it. */
    | { readonly type: 'reply'; readonly outcome: string; readonly index: Index }
    | { readonly type: 'read'; readonly operation: number | null; readonly readIndex: Index }
    | { readonly type: 'boot'; readonly term: Term; readonly votedFor: string | null }
    | { readonly type: 'down' | 'wiped' }
    | { readonly type: 'fault'; readonly fault: string; readonly phase: 'inject' | 'heal' }
    | { readonly type: 'invoke' | 'complete'; readonly operation: number }
    // Of members of a protocol of one's own:
    | { readonly type: 'start' }
    /** Records were handed to the disk. */
    | {
        readonly type: 'write';
        /** How it ended: `kept`, `torn` or `undone` by a crash; null: it was under way when the run ended. */
        readonly fate: 'durable' | 'kept' | 'torn' | 'undone' | null;
      }
    | { readonly type: 'answer'; readonly operation: number }
    /** A further step of the core within this event, or anything else worth a line. */
    | { readonly type: 'note' }
  );

/** Entries first..last, all of one term. */
export interface LogRun {
  readonly first: Index;
  readonly last: Index;
  readonly term: Term;
}

export interface RecordedMessage {
  readonly id: number;
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** A name of LINK_TYPES. */
  readonly type: string;
  /** How many of this type had been sent on this link before it; copies share it. */
  readonly ordinal: number;
  readonly isCopy: boolean;
  /** Its content in one line, without endpoints and type: `term=4 last=11@3`. */
  readonly detail: string;
  readonly facts: MessageFacts;
  /** The event that sent it. */
  readonly sentBy: EventNumber;
  readonly sentAt: Micros;
  /** When it was to arrive; null: it was lost when it was sent, or nobody took it (a schedule). A held one arrives later than this. */
  readonly arrivesAt: Micros | null;
  /** The event that took it; null: lost, or still on its way (or waiting to be looked at) when the run ended. */
  readonly deliveredAt: EventNumber | null;
  readonly lost: {
    /** `down`: nobody was there, or it died before it looked at the message. */
    readonly reason: Loss;
    readonly at: Micros;
  } | null;
}

/** What a message between members says, by field; absent: it does not say that. Client messages name their operation. */
export interface MessageFacts {
  readonly term?: Term;
  /** A vote or pre-vote reply. */
  readonly granted?: boolean;
  /** AppendEntries: what it carries (none: a heartbeat), after what, and how far the leader has committed. */
  readonly entries?: readonly LogRun[];
  readonly prevIndex?: Index;
  readonly prevTerm?: Term;
  readonly commit?: Index;
  /** AppendEntriesReply. */
  readonly success?: boolean;
  readonly matchIndex?: Index;
  /** RequestVote, PreVote: the candidate's last entry. */
  readonly lastIndex?: Index;
  readonly lastTerm?: Term;
  /** InstallSnapshot. */
  readonly snapshotIndex?: Index;
  readonly round?: number;
  /** A message of a protocol of one's own: the scalar fields that it bears at any depth, as `tx=2`. */
  readonly marks?: readonly string[];
  /** A client's request or its answer; absent: the opening of a session. */
  readonly operation?: number;
  /** Which of the client's tries this is, or answers, from 1. */
  readonly attempt?: number;
}

/** What can be seen of a member from outside. */
export interface MemberState {
  readonly status: 'up' | 'down' | 'paused' | 'gone';
  // While it is down the rest is as when it stopped.
  readonly role: Role;
  readonly term: Term;
  /** null: nobody. */
  readonly votedFor: string | null;
  /** Whom it takes for the leader; null: nobody. */
  readonly leader: string | null;
  readonly commitIndex: Index;
  readonly lastApplied: Index;
  /** The last entry that it knows to be durable on its own disk. */
  readonly durableIndex: Index;
  /** lastIncludedIndex of its latest snapshot; 0: none. */
  readonly snapshotIndex: Index;
  /** The index of the first entry held; the last one's + 1 when none is. */
  readonly firstIndex: Index;
  /** The entries held, as runs of one term, ascending, without gaps. */
  readonly log: readonly LogRun[];
  /** Of a protocol of one's own: then only this, `status` and `role` (leader: whom the protocol's `leads` says) tell anything. */
  readonly own?: OwnState;
}

/** What a member of a protocol of one's own shows, as text for people, cut where it is long. */
export interface OwnState {
  /** What its `state()` returned, by field. */
  readonly fields: Texts;
  /** What is durable on its disk, by key. */
  readonly records: Texts;
}

export type Texts = Readonly<Record<string, string>>;

/** By key: null, it is gone; absent, it stayed as it was. */
export interface OwnPatch {
  readonly fields?: Readonly<Record<string, string | null>>;
  readonly records?: Readonly<Record<string, string | null>>;
}

/** A change of a member's state at an event: fields that are absent stayed as they were. */
export interface StateChange {
  readonly event: EventNumber;
  readonly member: string;
  readonly set: Partial<Omit<MemberState, 'log' | 'own'>> & {
    readonly log?: LogPatch;
    readonly own?: OwnPatch;
  };
}

/** From index `from` on the log is `runs` and nothing else; before it, as it was (less what `firstIndex` cuts off). */
export interface LogPatch {
  readonly from: Index;
  readonly runs: readonly LogRun[];
}

/** A fault from its injection to its end. */
export interface FaultBar {
  /** Of the fault's file: partition, crash, ...; `stop`, `recovery` for what members do by themselves. */
  readonly name: string;
  readonly sentence: string;
  /** Members that the sentence names. */
  readonly members: readonly string[];
  readonly event: EventNumber;
  readonly from: Micros;
  /** Null: it was a moment, or nobody ended it. How long a member was down is in its states. */
  readonly to: Micros | null;
  readonly healedBy: EventNumber | null;
}

export interface RecordedOperation {
  /** From 1, unique in the run. */
  readonly id: number;
  readonly client: Endpoint;
  readonly f: string;
  readonly input: unknown;
  /** Null unless `outcome` is ok. */
  readonly output: unknown;
  /** `info`: for ever unknown; `open`: not over when the run ended. */
  readonly outcome: 'ok' | 'fail' | 'info' | 'open';
  readonly readOnly: boolean;
  /** write, linearizable, lease, stale. */
  readonly mode: string;
  /** 0: outside of any session. */
  readonly sessionId: number;
  readonly sequence: number;
  readonly invokedAt: Micros;
  readonly completedAt: Micros | null;
  /** Places in the order of invocations and answers, as histories and sentences about them count. */
  readonly invoked: number;
  /** Null unless `outcome` is ok. */
  readonly returned: number | null;
  /** Its invocation, each request that a member took, each answer that came back, its completion; ascending. */
  readonly events: readonly EventNumber[];
  /** The member last asked. */
  readonly member: string;
  /** The log index at which it took effect; 0: unknown, or none. */
  readonly index: Index;
}
