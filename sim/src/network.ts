/**
 * The simulated network: one link per direction and pair of endpoints, each with its own knobs, its own draws and its own losses.
 *
 * Members talk as over datagrams (lost, doubled, overtaken, cut, flipped): Raft must bear it. Clients talk as over connections (late or
 * lost, never doubled or damaged), since only a session may be retried. Draws are keyed by (link, type, ordinal), so that what happens to the
 * 7th AppendEntries on 2->3 depends on nothing else. Damage is done to bytes and must be refused by the production decoder; when a run
 * passes messages by reference, a damaged frame is a lost one.
 */
import type { MemberId } from '@seedraft/core';
import type { MemberMessage } from '@seedraft/replica';
import { sampleLatency } from './latency.ts';
import { CLIENT_BASE, Flight, Link, type Loss } from './link.ts';
import { type Micros, Violation } from './observer.ts';
import type { NetworkKnobs } from './plan.ts';
import { type Randomness, type Stream, scale } from './random.ts';
import { type Decoded, RAFT_WIRE, type Wire } from './wire.ts';

/** What the network needs of the world. */
export interface NetworkHost {
  readonly now: Micros;
  /** The flight arrives then (the world hands it to `Network.arrive`). */
  launch(flight: Flight, at: Micros): void;
}

/** Told of what a trace shows. */
export interface NetworkTrace {
  onSend(flight: Flight, arrival: Micros): void;
  onLost(flight: Flight, loss: Loss): void;
}

interface Override {
  readonly from: number | null;
  readonly to: number | null;
  readonly knobs: Partial<NetworkKnobs>;
}

/** All links, and everything under way. */
export class Network {
  readonly #host: NetworkHost;
  readonly #randomness: Randomness;
  readonly #planned: NetworkKnobs;
  readonly #bytes: boolean;
  readonly #wire: Wire;
  readonly #request: number;
  readonly #reply: number;
  readonly #links: Link[][] = [];
  readonly #clientLinks = new Map<number, Link>();
  readonly #overrides: Override[] = [];
  /** Endpoints whose links with each other work for good. */
  #healed: { readonly endpoints: readonly number[]; readonly calm: NetworkKnobs } | null = null;
  readonly #pool: Flight[] = [];
  readonly #members: MemberId[] = [];
  readonly #clients: number;

  /** Arrived, by type number. */
  readonly delivered: Float64Array;
  /** What the links did, for the statistics. */
  readonly counts = {
    sent: 0,
    blocked: 0,
    dropped: 0,
    duplicated: 0,
    reordered: 0,
    corrupted: 0,
    truncated: 0,
    /** By the production decoder. */
    refused: 0,
    evicted: 0,
    held: 0,
  };
  trace: NetworkTrace | null = null;

  constructor(
    host: NetworkHost,
    randomness: Randomness,
    planned: NetworkKnobs,
    clients: number,
    bytes: boolean,
    wire: Wire = RAFT_WIRE,
  ) {
    this.#host = host;
    this.#randomness = randomness;
    this.#planned = overridden(planned, {});
    this.#clients = clients;
    this.#bytes = bytes;
    this.#wire = wire;
    this.#request = wire.numberOf('ClientRequest');
    this.#reply = wire.numberOf('ClientReply');
    this.delivered = new Float64Array(wire.types.length);
  }

  /** The name of a flight's type. */
  typeOf({ type }: Flight): string {
    return this.#wire.types[type] as string;
  }

  /** Links a member with everyone known so far. */
  addMember(id: MemberId): void {
    for (const other of this.#members) {
      this.#addLink(id, other);
      this.#addLink(other, id);
    }
    for (let client = 0; client < this.#clients; client += 1) this.addClient(client, id);
    this.#members.push(id);
  }

  /** Links a client with a member (both ways); clients of the plan are linked by `addMember`. */
  addClient(client: number, id: MemberId): void {
    const endpoint = CLIENT_BASE + client;
    for (const [from, to] of [
      [endpoint, id],
      [id, endpoint],
    ] as const) {
      const key = clientKey(from, to);
      if (!this.#clientLinks.has(key)) {
        this.#clientLinks.set(key, this.#refreshed(this.#newLink(from, to)));
      }
    }
  }

  // ------------------------------------------------------------------------------------------------------------------- sending

  sendPeer(from: MemberId, incarnation: string, message: MemberMessage): void {
    this.send(from, message.to, message.type, incarnation, message);
  }

  /** From one member to another. */
  send(from: number, to: number, type: string, incarnation: string, message: unknown): void {
    const link = this.#links[from]?.[to];
    // A configuration may name a member that does not exist (yet): connections to it fail.
    if (link === undefined) return;
    const flight = this.#flight(link, this.#wire.numberOf(type));
    flight.incarnation = incarnation;
    flight.message = message;
    this.#send(flight);
  }

  sendRequest(client: number, to: MemberId, request: unknown): void {
    this.#sendClient(CLIENT_BASE + client, to, this.#request, request);
  }

  sendReply(from: MemberId, client: number, reply: unknown): void {
    this.#sendClient(from, CLIENT_BASE + client, this.#reply, reply);
  }

  #sendClient(from: number, to: number, type: number, message: unknown): void {
    const link = this.#clientLinks.get(clientKey(from, to));
    if (link === undefined) return;
    const flight = this.#flight(link, type);
    flight.message = message;
    this.#send(flight);
  }

  #flight(link: Link, type: number): Flight {
    const flight = this.#pool.pop() ?? new Flight();
    flight.link = link;
    flight.type = type;
    flight.copy = false;
    flight.evicted = false;
    flight.damaged = false;
    flight.incarnation = '';
    const ordinal = link.ordinals[type] as number;
    link.ordinals[type] = ordinal + 1;
    flight.ordinal = ordinal;
    return flight;
  }

  #send(flight: Flight): void {
    const link = flight.link as Link;
    const key = flight.key;
    this.counts.sent += 1;
    if (link.blocked(flight.type)) {
      this.#lose(flight, 'blocked');
      return;
    }
    const knobs = link.knobs;
    if (chance(link.drop, key, knobs.drop)) {
      this.#lose(flight, 'dropped');
      return;
    }
    if (link.isClient) {
      this.#launch(flight, knobs, link.latency, key);
      return;
    }
    if (this.#bytes) flight.bytes = this.#wire.encode(flight.message);
    if (chance(link.duplicate, key, knobs.duplicate)) this.#copy(flight, knobs);
    if (this.#damaged(flight, knobs)) {
      this.#lose(flight, 'damaged');
      return;
    }
    this.#launch(flight, knobs, link.latency, key);
  }

  #copy(flight: Flight, knobs: NetworkKnobs): void {
    this.counts.duplicated += 1;
    const copy = this.#pool.pop() ?? new Flight();
    copy.link = flight.link;
    copy.type = flight.type;
    copy.ordinal = flight.ordinal;
    copy.copy = true;
    copy.evicted = false;
    copy.damaged = false;
    copy.incarnation = flight.incarnation;
    copy.message = flight.message;
    copy.bytes = flight.bytes;
    this.#launch(copy, knobs, (flight.link as Link).copyLatency, flight.key);
  }

  /** Flips bits or cuts the frame off. True: the frame is lost at once (there are no bytes to damage). */
  #damaged(flight: Flight, knobs: NetworkKnobs): boolean {
    const link = flight.link as Link;
    const key = flight.key;
    const corrupt = chance(link.corrupt, key, knobs.corrupt);
    const truncate = chance(link.truncate, key, knobs.truncate);
    if (!corrupt && !truncate) return false;
    if (corrupt) this.counts.corrupted += 1;
    if (truncate) this.counts.truncated += 1;
    if (flight.bytes === null) return true;
    flight.damaged = true;
    const word = link.damage.at(key);
    flight.bytes = truncate
      ? flight.bytes.slice(0, scale(word, flight.bytes.length))
      : flipped(flight.bytes, word);
    return false;
  }

  #launch(flight: Flight, knobs: NetworkKnobs, stream: Stream, key: number): void {
    const link = flight.link as Link;
    const sampled = sampleLatency(knobs.latency, stream.at(key));
    let arrival = this.#host.now + Math.max(1, Math.floor((sampled * link.factor) / 1_000_000));
    if (!link.isClient && chance(link.reorder, key, knobs.reorder)) {
      arrival += scale(link.reorderBy.at(key), knobs.reorderWindow + 1);
      this.counts.reordered += 1;
    } else if (!flight.copy) {
      if (arrival < link.lastArrival) arrival = link.lastArrival;
      link.lastArrival = arrival;
    }
    if (!link.isClient && link.flights.length >= knobs.capacity) this.#evictOne(link, key);
    flight.position = link.flights.length;
    link.flights.push(flight);
    this.trace?.onSend(flight, arrival);
    this.#host.launch(flight, arrival);
  }

  #evictOne(link: Link, key: number): void {
    const victim = link.flights[scale(link.evict.at(key), link.flights.length)];
    if (victim === undefined) return;
    this.counts.evicted += 1;
    victim.evicted = true;
    this.trace?.onLost(victim, 'evicted');
    this.#leave(victim);
  }

  // ------------------------------------------------------------------------------------------------------------------ arriving

  /**
   * The moment a flight was to arrive: true when it does (its `message` is then set), false when it is held, lost or refused. After the
   * message is handled the world gives the flight back with `recycle`.
   */
  arrive(flight: Flight): boolean {
    const link = flight.link as Link;
    if (flight.evicted) {
      this.recycle(flight);
      return false;
    }
    if (link.clogs > 0) {
      this.counts.held += 1;
      link.held.push(flight);
      return false;
    }
    this.#leave(flight);
    if (link.blocked(flight.type)) {
      this.#lose(flight, 'blocked');
      return false;
    }
    if (flight.bytes !== null) {
      if (!this.#decode(flight, flight.bytes)) return false;
    }
    this.delivered[flight.type] = (this.delivered[flight.type] as number) + 1;
    return true;
  }

  /** Damage must be found by the decoder that the node uses, and nothing but damage. */
  #decode(flight: Flight, bytes: Uint8Array): boolean {
    const decoded = this.#wire.decode(bytes);
    if (decoded.ok === flight.damaged) throw misjudged(flight, this.typeOf(flight), decoded);
    if (decoded.ok) {
      flight.message = decoded.message;
      return true;
    }
    this.counts.refused += 1;
    this.#lose(flight, 'refused');
    return false;
  }

  /** Nobody is there. */
  undeliverable(flight: Flight): void {
    this.#lose(flight, 'down');
  }

  recycle(flight: Flight): void {
    flight.link = null;
    flight.message = null;
    flight.bytes = null;
    this.#pool.push(flight);
  }

  #leave(flight: Flight): void {
    const flights = (flight.link as Link).flights;
    const last = flights.pop() as Flight;
    if (last === flight) return;
    flights[flight.position] = last;
    last.position = flight.position;
  }

  #lose(flight: Flight, loss: Loss): void {
    if (loss === 'blocked') this.counts.blocked += 1;
    else if (loss === 'dropped') this.counts.dropped += 1;
    this.trace?.onLost(flight, loss);
    this.recycle(flight);
  }

  /** What members sent each other and no link has delivered or lost. */
  *underWay(): Generator<Flight> {
    for (const from of this.#members) {
      for (const to of this.#members) yield* this.#links[from]?.[to]?.flights ?? [];
    }
  }

  // -------------------------------------------------------------------------------------------------------------------- faults

  /** Messages vanish until undone, those under way that would arrive meanwhile too. */
  block(from: number, to: number, types: readonly string[] | undefined): () => void {
    const links = this.#between(from, to);
    const numbers = types?.map((type) => this.#wire.numberOf(type));
    const change = (by: number): void => {
      for (const link of links) {
        if (numbers === undefined) link.blocks += by;
        else for (const n of numbers) link.blockedTypes[n] = (link.blockedTypes[n] as number) + by;
      }
    };
    change(1);
    return once(() => change(-1));
  }

  /** Overrides stack; the latest wins, per knob. */
  tune(from: number | null, to: number | null, knobs: Partial<NetworkKnobs>): () => void {
    const override: Override = { from, to, knobs };
    this.#overrides.push(override);
    this.#refreshAll();
    return once(() => {
      this.#overrides.splice(this.#overrides.indexOf(override), 1);
      this.#refreshAll();
    });
  }

  /** What would arrive waits until undone, then arrives in order. */
  clog(from: number, to: number): () => void {
    const links = this.#between(from, to);
    for (const link of links) link.clogs += 1;
    return once(() => {
      for (const link of links) {
        link.clogs -= 1;
        if (link.clogs === 0) this.#flush(link);
      }
    });
  }

  /** Links between these endpoints (0: the clients) work for good: no loss, no disorder, latency uniform in [latency / 2, latency]. */
  heal(endpoints: readonly number[], latency: Micros): void {
    const calm = overridden(this.#planned, {
      latency: {
        distribution: 'uniform',
        minimum: Math.floor(latency / 2),
        mean: Math.floor(latency / 2) + Math.floor((latency - Math.floor(latency / 2)) / 2),
      },
      asymmetry: 1_000_000,
      drop: 0,
      duplicate: 0,
      reorder: 0,
      reorderWindow: 0,
      corrupt: 0,
      truncate: 0,
      capacity: Infinity,
    });
    this.#healed = { endpoints, calm };
    for (const from of endpoints) {
      for (const to of endpoints) {
        for (const link of this.#between(from, to)) {
          this.#refreshed(link);
          link.clogs = 0;
          link.lastArrival = 0;
          this.#flush(link);
        }
      }
    }
  }

  #flush(link: Link): void {
    for (const flight of link.held.splice(0)) this.#host.launch(flight, this.#host.now);
  }

  /** Links between two endpoints, 0 standing for every client. */
  #between(from: number, to: number): Link[] {
    if (from !== 0 && to !== 0) {
      const link = this.#links[from]?.[to];
      return link === undefined ? [] : [link];
    }
    const links: Link[] = [];
    for (const link of this.#clientLinks.values()) {
      if (covers(from, link.from) && covers(to, link.to)) links.push(link);
    }
    return links;
  }

  #addLink(from: MemberId, to: MemberId): void {
    let row = this.#links[from];
    if (row === undefined) {
      row = [];
      this.#links[from] = row;
    }
    row[to] = this.#refreshed(this.#newLink(from, to));
  }

  #newLink(from: number, to: number): Link {
    return new Link(from, to, this.#planned, this.#randomness, this.#wire.types.length);
  }

  #refreshAll(): void {
    for (const from of this.#members) {
      for (const to of this.#members) {
        const link = this.#links[from]?.[to];
        if (link !== undefined) this.#refreshed(link);
      }
    }
    for (const link of this.#clientLinks.values()) this.#refreshed(link);
  }

  #refreshed(link: Link): Link {
    const healed = this.#healed;
    if (healed?.endpoints.some((endpoint) => covers(endpoint, link.from))) {
      if (healed.endpoints.some((endpoint) => covers(endpoint, link.to))) {
        link.healed = true;
        link.knobs = healed.calm;
        return link;
      }
    }
    let knobs = this.#planned;
    for (const override of this.#overrides) {
      const hit =
        (override.from === null || covers(override.from, link.from)) &&
        (override.to === null || covers(override.to, link.to));
      if (hit) knobs = overridden(knobs, override.knobs);
    }
    link.knobs = knobs;
    return link;
  }
}

function misjudged({ link }: Flight, type: string, decoded: Decoded): Violation {
  const what = `${type} on ${link?.from}->${link?.to}`;
  const finding = decoded.ok
    ? `a damaged ${what} was taken for an intact one`
    : `an intact ${what} was refused: ${decoded.reason}`;
  return new Violation('S22', finding);
}

function clientKey(from: number, to: number): number {
  return from * 0x200000 + to;
}

/** Written out: every message looks at eight of them, and a spread makes objects of many shapes. */
function overridden(knobs: NetworkKnobs, by: Partial<NetworkKnobs>): NetworkKnobs {
  const { distribution, minimum, mean } = by.latency ?? knobs.latency;
  return {
    latency: { distribution, minimum, mean },
    asymmetry: by.asymmetry ?? knobs.asymmetry,
    drop: by.drop ?? knobs.drop,
    duplicate: by.duplicate ?? knobs.duplicate,
    reorder: by.reorder ?? knobs.reorder,
    reorderWindow: by.reorderWindow ?? knobs.reorderWindow,
    corrupt: by.corrupt ?? knobs.corrupt,
    truncate: by.truncate ?? knobs.truncate,
    capacity: by.capacity ?? knobs.capacity,
  };
}

/** Does endpoint `asked` (0: all clients) mean `endpoint`? */
function covers(asked: number, endpoint: number): boolean {
  return asked === 0 ? endpoint >= CLIENT_BASE : asked === endpoint;
}

function chance(stream: Stream, key: number, ppm: number): boolean {
  return ppm > 0 && scale(stream.at(key), 1_000_000) < ppm;
}

/** One byte changed, somewhere in the frame; half the time a bit of another byte too. */
function flipped(bytes: Uint8Array, word: number): Uint8Array {
  const damaged = bytes.slice();
  const at = scale(word, damaged.length);
  damaged[at] = (damaged[at] as number) ^ (1 + (word % 255));
  const other = scale(Math.imul(word, 0x9e3779b1) >>> 0, damaged.length);
  if (other !== at && (word & 1) === 1) damaged[other] = (damaged[other] as number) ^ 0x10;
  return damaged;
}

/** An undoing that may be called again to no effect. */
export function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}
