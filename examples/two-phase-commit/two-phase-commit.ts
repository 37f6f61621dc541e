/**
 * Two-phase commit (Gray, 1978) with presumed abort. A thing is booked with every participant or with none. n1 coordinates, and keeps
 * nothing but the commits it decided; all others are participants. Whoever has voted yes is bound: until it hears the decision it gives
 * the thing to nobody, and answers nobody about it.
 */
import type { ProtocolEffects, ProtocolMember, ProtocolPorts, ProtocolRequest } from 'seedraft';

interface Booking {
  readonly thing: string;
  readonly who: string;
}
export type Message =
  | { readonly type: 'Prepare'; readonly tx: number; readonly booking: Booking }
  | { readonly type: 'Vote'; readonly tx: number; readonly vote: 'yes' | 'busy' | 'taken' }
  /** `Ask`: a participant is in doubt and wants to know the decision. */
  | { readonly type: 'Commit' | 'Abort' | 'Ask'; readonly tx: number };
export interface State {
  readonly role: 'coordinator' | 'participant';
}
type Effects = ProtocolEffects<Message> | undefined;

const COORDINATOR = 'n1';
const ASK_EVERY = 300;

export function member(ports: ProtocolPorts): ProtocolMember<Message, State> {
  return ports.name === COORDINATOR ? coordinator(ports) : participant(ports);
}

function coordinator({ members, records }: ProtocolPorts): ProtocolMember<Message, State> {
  const participants = members.filter((name) => name !== COORDINATOR);
  const committed = new Set(records.keys());
  /** By transaction (the request that began it), who has voted yes; until the decision is durable. */
  const open = new Map<number, Set<string>>();
  const isDecided = (tx: number) => open.get(tx)?.size === participants.length;
  const toAll = (message: Message) => participants.map((to) => ({ to, message }));

  function begin({ id, f, input }: ProtocolRequest): Effects {
    if (f !== 'book') return { replies: [{ request: id, refused: 'only participants know' }] };
    open.set(id, new Set());
    return { send: toAll({ type: 'Prepare', tx: id, booking: input as Booking }) };
  }

  function count(from: string, { tx, vote }: Message & { type: 'Vote' }): Effects {
    if (!open.has(tx) || isDecided(tx)) return undefined;
    if (vote !== 'yes') return abort(tx, vote);
    open.get(tx)?.add(from);
    return isDecided(tx) ? decide(tx) : undefined;
  }

  /** Nobody may hear of it before it is durable: after a crash he would be told otherwise. */
  function decide(tx: number): Effects {
    return { persist: { records: { [tx]: 'commit' }, tag: tx } };
  }

  function commit(tx: number): Effects {
    if (!open.delete(tx)) return undefined;
    committed.add(String(tx));
    return { send: toAll({ type: 'Commit', tx }), replies: [{ request: tx, output: 'booked' }] };
  }

  function abort(tx: number, why: 'busy' | 'taken'): Effects {
    open.delete(tx);
    const answer = why === 'taken' ? { output: why } : { refused: why };
    return { send: toAll({ type: 'Abort', tx }), replies: [{ request: tx, ...answer }] };
  }

  /** Presumed abort: an aborted transaction left no trace, so what has none was aborted. */
  function tell(to: string, tx: number): Effects {
    if (open.has(tx)) return isDecided(tx) ? undefined : abort(tx, 'busy');
    return {
      send: [{ to, message: { type: committed.has(String(tx)) ? 'Commit' : 'Abort', tx } }],
    };
  }

  return {
    state: () => ({ role: 'coordinator', open, committed }),
    step(input) {
      if (input.type === 'Request') return begin(input.request);
      if (input.type === 'Persisted') return commit(input.tag as number);
      if (input.type !== 'Receive') return undefined;
      if (input.message.type === 'Vote') return count(input.from, input.message);
      return input.message.type === 'Ask' ? tell(input.from, input.message.tx) : undefined;
    },
  };
}

function participant({ records }: ProtocolPorts): ProtocolMember<Message, State> {
  const owners = new Map<string, string>();
  /** By transaction, what it has promised to hold until it hears the decision. */
  const promised = new Map<number, Booking>();
  for (const [key, record] of records) {
    if (key.startsWith('tx ')) promised.set(Number(key.slice(3)), record as Booking);
    else owners.set(key, record as string);
  }
  const isPromised = (thing: string) => [...promised.values()].some((one) => one.thing === thing);
  const tell = (message: Message): Effects => ({ send: [{ to: COORDINATOR, message }] });

  function answer({ id, f, input }: ProtocolRequest): Effects {
    const { thing } = input as Booking;
    if (f !== 'owner') return { replies: [{ request: id, refused: 'not me', ask: COORDINATOR }] };
    if (isPromised(thing)) return { replies: [{ request: id, refused: 'in doubt' }] };
    return { replies: [{ request: id, output: owners.get(thing) ?? null }] };
  }

  function prepare(at: number, { tx, booking }: Message & { type: 'Prepare' }): Effects {
    if (promised.has(tx)) return undefined;
    if (owners.has(booking.thing)) return tell({ type: 'Vote', tx, vote: 'taken' });
    if (isPromised(booking.thing)) return tell({ type: 'Vote', tx, vote: 'busy' });
    promised.set(tx, booking);
    return { persist: { records: { [`tx ${tx}`]: booking }, tag: tx }, deadline: at + ASK_EVERY };
  }

  /** A torn write of a commit leaves the promise beside the owner: it will ask, and be told again. */
  function end(tx: number, isCommit: boolean): Effects {
    const booking = promised.get(tx);
    if (booking === undefined) return undefined;
    promised.delete(tx);
    if (isCommit) owners.set(booking.thing, booking.who);
    const owned = isCommit ? { [booking.thing]: booking.who } : {};
    return { persist: { records: { ...owned, [`tx ${tx}`]: null } } };
  }

  function ask(at: number): Effects {
    const send = [...promised.keys()].map(
      (tx) => ({ to: COORDINATOR, message: { type: 'Ask', tx } }) as const,
    );
    return { send, deadline: send.length > 0 ? at + ASK_EVERY : null };
  }

  return {
    state: () => ({ role: 'participant', owners, promised }),
    step(input) {
      if (input.type === 'Request') return answer(input.request);
      if (input.type === 'Tick' || input.type === 'Start') return ask(input.at);
      if (input.type === 'Persisted') {
        const isVote = promised.has(input.tag as number);
        return isVote ? tell({ type: 'Vote', tx: input.tag as number, vote: 'yes' }) : undefined;
      }
      const { message } = input;
      if (message.type === 'Prepare') return prepare(input.at, message);
      return message.type === 'Commit' || message.type === 'Abort'
        ? end(message.tx, message.type === 'Commit')
        : undefined;
    },
  };
}
