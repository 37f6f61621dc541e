/**
 * One WebSocket at /uring. A command is an object of one field, its name; `Select` chooses which protocol names belong to, `As` names it for one
 * command. Answers bear the code, the `rid` and the data. Kept: commands are carried out one after the other; what is malformed is answered and
 * leaves the socket open; who does not read is cut off. `rid` is the client's own mark: it never makes two commands one.
 */
import type { Socket } from 'node:net';
import type { KvValue } from '@seedraft/kv';
import type { RawData, WebSocket } from 'ws';
import { parseJson } from '../json-value.ts';
import { ownEntry } from '../own-entry.ts';
import { type Access, type ApiContext, mayDo } from '../protocol.ts';
import { untilTaken } from '../room.ts';
import { CHANNELS, type Channel, subscribe } from './channels.ts';
import type { UringCommands } from './commands.ts';
import { bad, type Outcome, outcome } from './outcome.ts';
import { uringStatus } from './status.ts';

type Fields = { readonly [name: string]: KvValue };

const PROTOCOLS = ['KV', 'MRing', 'URing', 'Version', 'Status'] as const;
type UringProtocol = (typeof PROTOCOLS)[number];

/** Commands that wait for their turn; beyond them the socket is not read. */
const MOST_WAITING = 64;

export interface UringSpeaker {
  readonly context: ApiContext;
  readonly commands: UringCommands;
  readonly access: Access;
}

export class UringSocket {
  readonly #socket: WebSocket;
  /** What it speaks over. */
  readonly #wire: Socket;
  readonly #context: ApiContext;
  readonly #commands: UringCommands;
  readonly #access: Access;
  readonly #address: string;
  readonly #subscriptions = new Map<Channel, () => void>();
  #selected: UringProtocol | null = null;
  #waiting: string[] = [];
  #isBusy = false;
  #isDraining = false;
  #isAlive = true;

  constructor(socket: WebSocket, wire: Socket, { context, commands, access }: UringSpeaker) {
    this.#socket = socket;
    this.#wire = wire;
    this.#context = context;
    this.#commands = commands;
    this.#access = access;
    this.#address = wire.remoteAddress ?? '';
    socket.on('message', (data: RawData, isBinary: boolean) => this.#onMessage(data, isBinary));
    socket.on('pong', () => {
      this.#isAlive = true;
    });
    // Too large a message, or bytes that are no frame: ws has told the client by a close code.
    socket.on('error', () => {});
    socket.on('close', () => this.#onClosed());
  }

  /** Called now and then: whoever answered no ping since the last call is gone. */
  probe(): void {
    if (!this.#isAlive) {
      this.#socket.terminate();
      return;
    }
    this.#isAlive = false;
    this.#socket.ping();
  }

  drain(): void {
    this.#isDraining = true;
    if (!this.#isBusy) this.#socket.close(1001, 'this member stops: use another');
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #onClosed(): void {
    for (const end of this.#subscriptions.values()) end();
    this.#subscriptions.clear();
    this.#waiting = [];
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#isDraining) return;
    this.#waiting.push(isBinary ? '' : data.toString());
    if (this.#waiting.length >= MOST_WAITING) this.#socket.pause();
    if (!this.#isBusy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let text = this.#waiting.shift(); text !== undefined; text = this.#waiting.shift()) {
      try {
        await this.#carryOut(text);
      } catch (thrown) {
        this.#send(null, bad(String(thrown), 'INTERNAL', 500));
      }
      await untilTaken(this.#wire, this.#context.limits);
      if (this.#waiting.length < MOST_WAITING / 2) this.#resume();
    }
    this.#isBusy = false;
    if (this.#isDraining) this.#socket.close(1001, 'this member stops: use another');
  }

  /** Paused because much waits here, or because little of what went out was taken. */
  #resume(): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.isPaused) this.#socket.resume();
    else if (this.#wire.isPaused()) this.#wire.resume();
  }

  async #carryOut(text: string): Promise<void> {
    if (!this.#context.gate.admit(this.#address)) {
      this.#send(null, bad('Too many commands a second: slow down.', 'OVERLOADED', 429));
      return;
    }
    const parsed = parseJson(text);
    if (!parsed.ok) {
      this.#send(ridOf(parsed.readable), bad(parsed.sentence, parsed.code));
      return;
    }
    const named = nameAndFields(parsed.value);
    if (named === null) {
      this.#send(null, bad('A command is an object with one field, its name: {"Get":{...}}.'));
      return;
    }
    const [name, fields] = named;
    const rid = fields.rid ?? null;
    if (name === 'Select') this.#select(rid, fields.protocol);
    else if (name === 'As') await this.#as(rid, fields);
    else if (name === 'Subscribe' || name === 'Unsubscribe') this.#subscribe(name, rid, fields);
    else if (this.#selected === null) {
      this.#send(rid, bad('Select a protocol first: {"Select":{"rid":1,"protocol":"KV"}}.'));
    } else this.#send(rid, await this.#answer(this.#selected, name, fields));
  }

  #select(rid: KvValue, protocol: KvValue | undefined): void {
    const known = PROTOCOLS.find((one) => one === protocol);
    if (known === undefined) {
      this.#send(rid, bad(`"protocol" is one of ${PROTOCOLS.join(', ')}.`));
      return;
    }
    this.#selected = known;
    this.#push({ Selected: { rid, protocol: known } });
  }

  async #as(rid: KvValue, { protocol, cmd }: Fields): Promise<void> {
    const known = PROTOCOLS.find((one) => one === protocol);
    const named = nameAndFields(cmd);
    if (known === undefined || named === null) {
      const sentence = `As has a "protocol" (${PROTOCOLS.join(', ')}) and a "cmd" such as {"Get":{...}}.`;
      this.#send(rid, bad(sentence));
      return;
    }
    const [name, fields] = named;
    this.#send(fields.rid ?? rid, await this.#answer(known, name, fields));
  }

  #subscribe(name: 'Subscribe' | 'Unsubscribe', rid: KvValue, fields: Fields): void {
    const channel = CHANNELS.find((one) => one === fields.channel);
    if (channel === undefined) {
      this.#send(rid, bad(`"channel" is one of ${CHANNELS.join(', ')}.`));
      return;
    }
    if (!mayDo(this.#access, 'read')) {
      this.#send(rid, UNAUTHORIZED);
      return;
    }
    this.#subscriptions.get(channel)?.();
    this.#subscriptions.delete(channel);
    if (name === 'Subscribe') {
      const push = (msg: unknown): void => this.#push({ Msg: { channel, msg } });
      this.#subscriptions.set(channel, subscribe(this.#context.door, channel, push));
    }
    if (rid !== null) this.#send(rid, outcome(200, channel));
  }

  async #answer(protocol: UringProtocol, name: string, fields: Fields): Promise<Outcome> {
    const command = ownEntry(COMMANDS[protocol], name) ?? COMMANDS[protocol]['*'];
    if (command === undefined) {
      const known = Object.keys(COMMANDS[protocol]).join(', ');
      return bad(`${protocol} knows no ${name.slice(0, 50)}: there is ${known}.`);
    }
    if (!mayDo(this.#access, command.needs)) return UNAUTHORIZED;
    return await command.run(fields, this.#commands, this.#context);
  }

  #send(rid: KvValue, { code, data }: Outcome): void {
    this.#push({ code, rid, data });
  }

  /** Also called while an entry is applied: must not throw. */
  #push(message: unknown): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > this.#context.limits.maxPushedBytes) {
      this.#socket.terminate();
      return;
    }
    this.#socket.send(JSON.stringify(message), () => {});
  }
}

const UNAUTHORIZED = bad('The token of this connection does not allow it.', 'UNAUTHORIZED', 401);

/** `{"Name":{...}}`. A command without fields may also be its bare name. */
function nameAndFields(value: KvValue | undefined): readonly [name: string, fields: Fields] | null {
  if (typeof value === 'string') return [value, {}];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const [first, ...more] = Object.entries(value as Fields);
  if (first === undefined || more.length > 0) return null;
  const [name, fields] = first;
  if (fields === null) return [name, {}];
  if (typeof fields !== 'object' || Array.isArray(fields)) return null;
  return [name, fields as Fields];
}

/** Of a command that is not carried out, as far as it is readable: another number than was sent is none. */
function ridOf(value: KvValue | undefined): KvValue {
  const [name, fields] = nameAndFields(value) ?? [];
  const inner = name === 'As' ? ridOf(fields?.cmd) : null;
  const rid = inner ?? fields?.rid;
  const isReadable = Number.isSafeInteger(rid) || typeof rid === 'string';
  return isReadable ? (rid as KvValue) : null;
}

interface Command {
  readonly needs: Access;
  run(fields: Fields, commands: UringCommands, context: ApiContext): Promise<Outcome>;
}

/** A command on a key; `operand`: the field that must be there besides. */
function onKey(
  needs: Access,
  operand: string | null,
  run: (key: string, fields: Fields, commands: UringCommands) => Promise<Outcome>,
): Command {
  return {
    needs,
    run: async (fields, commands) => {
      if (typeof fields.key !== 'string') return bad('"key" is a text.');
      if (operand !== null && fields[operand] === undefined)
        return bad(`There is no "${operand}".`);
      return await run(fields.key, fields, commands);
    },
  };
}

function onMember(
  needs: Access,
  run: (id: number, commands: UringCommands) => Promise<Outcome>,
): Command {
  return {
    needs,
    run: async ({ id, node }, commands) => {
      const member = Number(id ?? node);
      if (!Number.isSafeInteger(member) || member < 1) return bad('"id" is a member\'s number.');
      return await run(member, commands);
    },
  };
}

const isMember = onMember('read', async (id, commands) => outcome(200, commands.isMember(id)));
const addMember = onMember('admin', (id, commands) => commands.addMember(id));
const removeMember = onMember('admin', (id, commands) => commands.removeMember(id));
const status: Command = {
  needs: 'read',
  run: async (_, __, context) => outcome(200, uringStatus(context.door.status())),
};
const version: Command = {
  needs: 'read',
  run: async (_, __, context) => outcome(200, context.door.status().version),
};

const COMMANDS: Readonly<Record<UringProtocol, Readonly<Record<string, Command>>>> = {
  KV: {
    Get: onKey('read', null, (key, _, commands) => commands.get(key)),
    Put: onKey('write', 'store', (key, { store }, commands) => commands.put(key, store!)),
    Delete: onKey('write', null, (key, _, commands) => commands.delete(key)),
    Cas: onKey('write', 'store', (key, { check, store }, commands) =>
      commands.cas(key, check, store!),
    ),
  },
  MRing: {
    SetSize: {
      needs: 'write',
      run: ({ size, strategy }, commands) => commands.setRingSize(size, strategy),
    },
    GetSize: { needs: 'read', run: (_, commands) => commands.ringSize() },
    GetNodes: { needs: 'read', run: (_, commands) => commands.ringNodes() },
    AddNode: { needs: 'write', run: ({ node }, commands) => commands.addRingNode(node) },
    RemoveNode: { needs: 'write', run: ({ node }, commands) => commands.removeRingNode(node) },
  },
  URing: {
    Get: isMember,
    GetNode: isMember,
    Add: addMember,
    AddNode: addMember,
    Remove: removeMember,
    RemoveNode: removeMember,
  },
  Version: { '*': version },
  Status: { '*': status },
};
