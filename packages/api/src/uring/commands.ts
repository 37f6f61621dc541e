/**
 * uring's commands, once for both of its faces. Reads are linearizable unless `stale` is asked for; a conditional write whose condition is absent
 * means "must not exist". The ring lives under one reserved key, beside the data but out of its way.
 */
import {
  cas,
  get,
  type KvExpectation,
  type KvItem,
  type KvResult,
  type KvRing,
  type KvValue,
  put,
  remove,
  ring,
  ringAdd,
  ringRemove,
  ringSize,
} from '@seedraft/kv';
import type { DoorRequest } from '../door.ts';
import { DEFAULT_NAMESPACE, RING_NAMESPACE } from '../namespace.ts';
import type { ApiContext } from '../protocol.ts';
import { reasonOf, refusalReason } from '../reason.ts';
import { bad, failed, type Outcome, outcome } from './outcome.ts';
import { numberOf } from './status.ts';

const RING = 'mring';

type Answered = Exclude<KvResult, { status: 'refused' }>;

export class UringCommands {
  readonly #context: ApiContext;

  constructor(context: ApiContext) {
    this.#context = context;
  }

  // ------------------------------------------------------------------------------------------------------------------- the data

  get(key: string, isStale = false): Promise<Outcome> {
    const query = get(DEFAULT_NAMESPACE, key);
    const mode = isStale ? 'stale' : 'linearizable';
    return this.#ask({ type: 'Query', mode, query }, (result) =>
      result.status === 'found' ? outcome(200, result.item.value) : outcome(404, null),
    );
  }

  put(key: string, value: KvValue): Promise<Outcome> {
    const command = put(DEFAULT_NAMESPACE, key, value, { previous: true });
    return this.#command(command, (result) =>
      outcome(201, result.status === 'stored' ? (result.previous?.value ?? null) : null),
    );
  }

  cas(key: string, check: KvValue | undefined, store: KvValue): Promise<Outcome> {
    // Null as its clients send an absent one.
    const expected: KvExpectation =
      check === undefined || check === null ? ['absent'] : ['value', check];
    const command = cas(DEFAULT_NAMESPACE, key, expected, store);
    return this.#command(command, (result) =>
      result.status === 'conflict'
        ? outcome(409, result.current?.value ?? null)
        : outcome(201, 'set'),
    );
  }

  delete(key: string): Promise<Outcome> {
    return this.#command(remove(DEFAULT_NAMESPACE, key), (result) =>
      result.status === 'deleted' ? outcome(200, result.previous.value) : outcome(404, null),
    );
  }

  // ------------------------------------------------------------------------------------------------------------------- the ring

  ringSize(): Promise<Outcome> {
    return this.#ring((held) => outcome(200, held.size), outcome(404, null));
  }

  ringNodes(): Promise<Outcome> {
    return this.#ring((held) => outcome(200, nodesOf(held)), UNSET);
  }

  setRingSize(size: unknown, strategy: unknown): Promise<Outcome> {
    if (typeof size !== 'number') return Promise.resolve(bad('"size" is a whole number.'));
    if (strategy !== undefined && strategy !== 'continuous' && strategy !== 'minimal') {
      return Promise.resolve(bad('"strategy" is "continuous" or "minimal".'));
    }
    return this.#command(ringSize(RING_NAMESPACE, RING, size, strategy), (result) =>
      result.status === 'conflict' ? outcome(409, sizeOf(result.current)) : outcome(200, size),
    );
  }

  addRingNode(node: unknown): Promise<Outcome> {
    if (typeof node !== 'string') return Promise.resolve(bad('"node" is a text.'));
    return this.#command(ringAdd(RING_NAMESPACE, RING, node), ringAnswer);
  }

  removeRingNode(node: unknown): Promise<Outcome> {
    if (typeof node !== 'string') return Promise.resolve(bad('"node" is a text.'));
    return this.#command(ringRemove(RING_NAMESPACE, RING, node), ringAnswer);
  }

  #ring(say: (ring: KvRing) => Outcome, unset: Outcome): Promise<Outcome> {
    const query = ring(RING_NAMESPACE, RING);
    return this.#ask({ type: 'Query', mode: 'linearizable', query }, (result) =>
      result.status === 'ring' ? say(result.ring) : unset,
    );
  }

  // ---------------------------------------------------------------------------------------------------------------- the members

  isMember(number: number): boolean {
    const { members } = this.#context.door.status().configuration;
    return members.some((member) => numberOf(member) === number);
  }

  /** `data` true: it is a member now. */
  async addMember(number: number): Promise<Outcome> {
    const { membership } = this.#context;
    if (membership === null) {
      if (this.isMember(number)) return outcome(200, true);
      const sentence = `Member ${number} is not known here: start it with "seedraft serve --join".`;
      return bad(sentence, 'UNKNOWN_MEMBER', 500);
    }
    const waiting = membership.waiting?.() ?? null;
    if (waiting !== null) return { ...failed(waiting), code: 500 };
    const reason = await membership.add(number);
    return reason === null ? outcome(200, true) : { ...failed(reason), code: 500 };
  }

  async removeMember(number: number): Promise<Outcome> {
    const { members } = this.#context.door.status().configuration;
    const member = members.find((one) => numberOf(one) === number);
    if (member === undefined) return outcome(404, false);
    const reply = await this.#context.door.ask({
      type: 'ChangeMembership',
      mode: 'single',
      changes: [{ type: 'remove', id: member.id }],
    });
    return reply.type === 'Ok'
      ? outcome(200, true)
      : { ...failed(reasonOf(reply, this.#context.door.status())), code: 500 };
  }

  // ------------------------------------------------------------------------------------------------------------------- asking

  #command(command: unknown, say: (result: Answered) => Outcome): Promise<Outcome> {
    return this.#ask({ type: 'Command', command }, say);
  }

  async #ask(request: DoorRequest, say: (result: Answered) => Outcome): Promise<Outcome> {
    const waiting = this.#context.membership?.waiting?.() ?? null;
    if (waiting !== null) return failed(waiting);
    const reply = await this.#context.door.ask(request);
    if (reply.type !== 'Ok') return failed(reasonOf(reply, this.#context.door.status()));
    const result = reply.value as KvResult;
    if (result.status !== 'refused') return say(result);
    return { ...failed(refusalReason(result)), code: 400 };
  }
}

const UNSET = outcome(412, 'mring size not set');

function ringAnswer(result: Answered): Outcome {
  return result.status === 'ring' ? outcome(200, nodesOf(result.ring)) : UNSET;
}

function nodesOf({ nodes }: KvRing): unknown {
  return nodes.map(({ id, vnodes }) => ({ id, vnodes }));
}

function sizeOf(item: KvItem | null): number | null {
  return (item?.value as KvRing | undefined)?.size ?? null;
}
