/**
 * A protocol on probation: what its members hand over is checked where they do it, frozen, and refused with a sentence when it is not what
 * it should be. It never changes what a protocol that keeps the contract does.
 */
import { crc32c, decode, encodeAfter, Hash64, tryEncode } from '@seedraft/codec';
import { describeThrown, frozen, isFrozenWrite, OwnMistake, usersOwn } from '../own/system.ts';
import type { Wire } from '../wire.ts';
import type { Protocol, ProtocolEffects, ProtocolMember, ProtocolMessage } from './protocol.ts';

/** Tells a user's protocol from a user's machine. */
export function isProtocol(own: object): own is Protocol {
  return 'member' in own;
}

/** A member did what no member may do: a finding about the protocol. */
export class BrokenContract extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'BrokenContract';
  }
}

/** The sentence that says what is wrong with a protocol's shape, or null. */
export function protocolFlaw(value: unknown): string | null {
  if (typeof value !== 'object' || value === null)
    return 'protocol must be what defineProtocol({ ... }) returns';
  const { name, messages, member, workload, members, rules } = value as Partial<Protocol>;
  if (typeof name !== 'string' || name === '') return 'a protocol has a name';
  if (!Array.isArray(messages) || messages.some((type) => typeof type !== 'string')) {
    return `messages of ${name} must list the type of every message: messages: ['Write', 'Ack']`;
  }
  if (messages.length > MOST_TYPES) return `messages of ${name}: at most ${MOST_TYPES} types`;
  if (new Set([...messages, ...CLIENT_TYPES]).size < messages.length + CLIENT_TYPES.length) {
    return `messages of ${name}: each type once, and none of them ${CLIENT_TYPES.join(' or ')}`;
  }
  if (typeof member !== 'function') {
    return `member of ${name} must be a function that boots one: member: (ports) => ({ step(input) { ... }, state() { ... } })`;
  }
  if (typeof workload !== 'function') {
    return `workload of ${name} must be a function that creates a client: workload: (client) => ({ next: (draw) => ... })`;
  }
  const [fewest, most] = sizesOf(value as Protocol);
  if (!(fewest >= 1 && most >= fewest && most <= MOST_MEMBERS)) {
    return `members of ${name} must be a number or [fewest, most], from 1 to ${MOST_MEMBERS}, not ${JSON.stringify(members)}`;
  }
  for (const rule of rules ?? []) {
    if (typeof rule?.name !== 'string' || typeof rule.watch !== 'function') {
      return `a rule of ${name} needs name, definition and watch: () => ({ check(view, event) { ... } })`;
    }
  }
  return null;
}

const CLIENT_TYPES = ['ClientRequest', 'ClientReply'] as const;
/** A flight's key has six bits for its type. */
const MOST_TYPES = 60;
const MOST_MEMBERS = 15;

/** How many members there may be. */
export function sizesOf({
  members = [3, 5],
}: Pick<Protocol, 'members'>): readonly [number, number] {
  return typeof members === 'number' ? [members, members] : members;
}

const KNOWN_EFFECTS: ReadonlySet<string> = new Set(['send', 'persist', 'replies', 'deadline']);
const NOTHING: ProtocolEffects = Object.freeze({});

/** The effects of a step, checked and frozen. */
export function checkedEffects(
  returned: unknown,
  members: readonly string[],
  types: readonly string[],
): ProtocolEffects {
  if (returned === undefined) return NOTHING;
  if (typeof returned !== 'object' || returned === null) {
    throw new BrokenContract(`step returned ${String(returned)}: it returns effects, or nothing`);
  }
  if (typeof (returned as { then?: unknown }).then === 'function') {
    throw new BrokenContract(
      'step returned a promise: a member is synchronous, or runs would differ in what came first',
    );
  }
  for (const key of Object.keys(returned)) {
    if (KNOWN_EFFECTS.has(key)) continue;
    throw new BrokenContract(
      `step returned ${key}, which means nothing; effects are ${[...KNOWN_EFFECTS].join(', ')}`,
    );
  }
  const effects = returned as ProtocolEffects;
  for (const { to, message } of effects.send ?? []) checkMessage(to, message, members, types);
  for (const [key, record] of Object.entries(effects.persist?.records ?? {})) {
    assertPlain(`the record ${key}`, record);
  }
  for (const reply of effects.replies ?? []) {
    if ('output' in reply)
      assertPlain(`the output for request ${reply.request}`, reply.output ?? null);
  }
  const { deadline } = effects;
  if (typeof deadline === 'number' && Number.isNaN(deadline)) {
    throw new BrokenContract(
      'step returned the deadline NaN: it is a time by the own clock, or null for none',
    );
  }
  return frozen(effects);
}

function checkMessage(
  to: string,
  message: ProtocolMessage,
  members: readonly string[],
  types: readonly string[],
): void {
  if (!members.includes(to)) {
    throw new BrokenContract(`a message was sent to ${to}; there are ${members.join(', ')}`);
  }
  if (!types.includes(message?.type)) {
    throw new BrokenContract(
      `a message has the type ${String(message?.type)}, which messages does not list`,
    );
  }
  assertPlain(`the message ${message.type}`, message);
}

/** Only what the codec carries can be carried: anything else would arrive as something else, or be shared. */
export function assertPlain(what: string, value: unknown): void {
  const encoded = tryEncode(value);
  if (encoded.ok) return;
  throw new BrokenContract(`${what} cannot be carried: ${encoded.code}: ${encoded.reason}`);
}

const FROZEN =
  '. What was sent, persisted or answered is frozen from then on: it would reach others changed. Hand over a copy';

/** What a member threw, as a finding that names the place in the user's file. */
export function memberFailure(thrown: unknown): BrokenContract {
  if (thrown instanceof BrokenContract) return thrown;
  const hint = isFrozenWrite(thrown) ? FROZEN : '';
  const found = new BrokenContract(`it threw ${describeThrown(thrown)}${hint}`);
  found.cause = thrown;
  return found;
}

/** What a member says of itself, as a hash. Throws OwnMistake when it is not plain. */
export function digestOf(member: ProtocolMember): { readonly hi: number; readonly lo: number } {
  const encoded = tryEncode(flattened(usersOwn('state()', () => member.state())));
  if (!encoded.ok) {
    throw new OwnMistake(
      `what state() returned cannot be hashed: ${encoded.reason}. Give plain data, maps and sets`,
    );
  }
  hash.reset();
  hash.bytes(encoded.bytes);
  return hash.digest();
}

const hash = new Hash64();

/** Maps and sets as lists, in their order; what is undefined is not there. */
function flattened(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(flattened);
  if (value instanceof Map) return [...value].map(flattened);
  if (value instanceof Set) return [...value].map(flattened);
  const fields = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(fields.map(([key, one]) => [key, flattened(one)]));
}

const CHECKSUM = 4;

/** Frames of a protocol: the codec's bytes behind a checksum, so that damage is always found. */
export function wireOf({ messages }: Pick<Protocol, 'messages'>): Wire {
  const types: readonly string[] = [...CLIENT_TYPES, ...messages];
  const numbers = new Map(types.map((type, number) => [type, number]));
  return {
    types,
    numberOf: (type) => {
      const number = numbers.get(type);
      if (number === undefined) throw new Error(`no link carries ${type}`);
      return number;
    },
    encode: (message) => {
      const bytes = encodeAfter(CHECKSUM, message);
      const sum = crc32c(bytes, 0, CHECKSUM);
      for (let n = 0; n < CHECKSUM; n += 1) bytes[n] = (sum >>> (8 * n)) & 0xff;
      return bytes;
    },
    decode: (bytes) => {
      if (bytes.length < CHECKSUM) return { ok: false, reason: 'shorter than its checksum' };
      const sum = crc32c(bytes, 0, CHECKSUM);
      for (let n = 0; n < CHECKSUM; n += 1) {
        if (bytes[n] !== ((sum >>> (8 * n)) & 0xff))
          return { ok: false, reason: 'its checksum differs' };
      }
      const decoded = decode(bytes, CHECKSUM);
      return decoded.ok ? { ok: true, message: frozen(decoded.value) } : decoded;
    },
  };
}
