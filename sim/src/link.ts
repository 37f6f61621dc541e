/**
 * One direction between two endpoints: its knobs, its draws, its blocks and clogs, and what is under way on it. What is done with them is
 * decided in network.ts. Draws are keyed by (link, type, ordinal): the streams here are the link's, `Flight.key` is the rest.
 */
import type { Micros } from './observer.ts';
import type { NetworkKnobs } from './plan.ts';
import type { Randomness, Stream } from './random.ts';

/** Clients' endpoints are numbered from here; members are below, 0 stands for all clients. */
export const CLIENT_BASE = 0x10000;

/** Every type a link of a Raft cluster carries, in the order of their numbers (part of the keys of draws: only ever append). */
export const LINK_TYPES = [
  'RequestVote',
  'RequestVoteReply',
  'PreVote',
  'PreVoteReply',
  'AppendEntries',
  'AppendEntriesReply',
  'InstallSnapshot',
  'InstallSnapshotReply',
  'TimeoutNow',
  'TimeoutNowReply',
  'ReadIndex',
  'ReadIndexReply',
  'ForwardProposal',
  'ForwardProposalReply',
  'ClientRequest',
  'ClientReply',
  'Meet',
] as const;

const typeNumbers = new Map<string, number>(LINK_TYPES.map((type, number) => [type, number]));

/** A type's place in LINK_TYPES. */
export function typeNumber(type: string): number {
  const number = typeNumbers.get(type);
  if (number === undefined) throw new Error(`no link carries ${type}`);
  return number;
}

/** Why a message never arrived. */
export type Loss = 'blocked' | 'dropped' | 'evicted' | 'refused' | 'damaged' | 'down';

/** One message under way. Pooled: nobody may keep one after its arrival. */
export class Flight {
  link: Link | null = null;
  type = 0;
  /** Counted per (link, type); copies share it. */
  ordinal = 0;
  copy = false;
  /** A PeerMessage, or what a client asked or was told. */
  message: unknown = null;
  /** The frame, when the run goes through bytes. */
  bytes: Uint8Array | null = null;
  /** The frame is not as it was sent. */
  damaged = false;
  /** The sender's incarnation, as its connection proved it. */
  incarnation = '';
  evicted = false;
  /** Place in its link's list of flights. */
  position = 0;

  /** Names it in the choice log. */
  get key(): number {
    return (this.type << 25) | (this.copy ? 0x100_0000 : 0) | this.ordinal;
  }
}

/** One direction between two endpoints. */
export class Link {
  readonly from: number;
  readonly to: number;
  /** As planned, overridden, or healed for good. */
  knobs: NetworkKnobs;
  /** Latency factor in ppm. */
  readonly factor: number;
  readonly isClient: boolean;
  healed = false;
  blocks = 0;
  readonly blockedTypes: Int32Array;
  clogs = 0;
  readonly held: Flight[] = [];
  readonly flights: Flight[] = [];
  readonly ordinals: Int32Array;
  /** The latest arrival so far: without reordering nothing overtakes it. */
  lastArrival: Micros = 0;
  readonly latency: Stream;
  readonly copyLatency: Stream;
  readonly drop: Stream;
  readonly duplicate: Stream;
  readonly reorder: Stream;
  readonly reorderBy: Stream;
  readonly corrupt: Stream;
  readonly truncate: Stream;
  readonly damage: Stream;
  readonly evict: Stream;

  /** `types`: how many types of message there are. */
  constructor(
    from: number,
    to: number,
    knobs: NetworkKnobs,
    randomness: Randomness,
    types: number,
  ) {
    this.blockedTypes = new Int32Array(types);
    this.ordinals = new Int32Array(types);
    this.from = from;
    this.to = to;
    this.knobs = knobs;
    this.isClient = from >= CLIENT_BASE || to >= CLIENT_BASE;
    const stream = (purpose: string): Stream => randomness.own(`network.${purpose}`, from, to);
    this.latency = stream('latency');
    this.copyLatency = stream('copy-latency');
    this.drop = stream('drop');
    this.duplicate = stream('duplicate');
    this.reorder = stream('reorder');
    this.reorderBy = stream('reorder-by');
    this.corrupt = stream('corrupt');
    this.truncate = stream('truncate');
    this.damage = stream('damage');
    this.evict = stream('evict');
    this.factor = asymmetry(knobs.asymmetry, stream('asymmetry'));
  }

  blocked(type: number): boolean {
    return (this.blocks > 0 || (this.blockedTypes[type] as number) > 0) && !this.healed;
  }
}

/** A factor from [1/x, x], in ppm: as likely to slow as to hasten. */
function asymmetry(x: number, stream: Stream): number {
  if (x <= 1_000_000) return 1_000_000;
  const factor = stream.between(1_000_000, x);
  return stream.chance(500_000) ? factor : Math.max(1, Math.floor(1e12 / factor));
}

/** An endpoint as people read it: n1, or c0 for a client. */
export function endpointName(endpoint: number): string {
  return endpoint >= CLIENT_BASE ? `c${endpoint - CLIENT_BASE}` : `n${endpoint}`;
}
