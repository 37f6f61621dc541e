/** How what members of a protocol show changes, event by event: their state after each step, and their disks, looked at when they may have changed. */
import type { Moment } from '../../recording/message-log.ts';
import { ownPatch } from '../../recording/own-state.ts';
import type { MemberState, StateChange, Texts } from '../../recording/recording.ts';
import { changed, UNBORN } from '../../recording/state-at.ts';
import type { SimProtocolMember } from '../member.ts';
import type { Protocol } from '../protocol.ts';
import { fieldsOf, shown } from './shown.ts';

type Change = { -readonly [K in keyof StateChange['set']]: StateChange['set'][K] };

interface TextOf {
  readonly value: unknown;
  readonly text: string;
}

export class ProtocolStates {
  readonly changes: StateChange[] = [];
  readonly #moment: Moment;
  readonly #leads: Protocol['leads'];
  readonly #known = new Map<string, MemberState>();
  readonly #records = new Map<string, ReadonlyMap<string, TextOf>>();

  constructor(moment: Moment, { leads }: Pick<Protocol, 'leads'>) {
    this.#moment = moment;
    this.#leads = leads;
  }

  /** `disk`: what is durable may have changed too. */
  look(member: SimProtocolMember, disk: boolean): void {
    const { name, status, instance } = member;
    const known = this.#known.get(name) ?? UNBORN;
    const set: Change = {};
    if (status !== known.status) set.status = status;
    // When it goes down, what it knew is gone; what its disk holds is not.
    const state = instance === null ? {} : stateOf(instance);
    if (instance !== null) {
      const role = this.#isLeading(state) ? 'leader' : 'follower';
      if (role !== known.role) set.role = role;
    }
    const records = disk ? this.#recordsOf(member) : (known.own?.records ?? {});
    const patch = ownPatch(known.own, { fields: fieldsOf(state), records });
    if (patch !== null) set.own = patch;
    this.#note(name, known, set);
  }

  /** Of what has not been read anew the text is known. */
  #recordsOf({ name, disk }: SimProtocolMember): Texts {
    const before = this.#records.get(name) ?? new Map<string, TextOf>();
    const now = new Map<string, TextOf>();
    for (const [key, value] of disk.records) {
      const known = before.get(key);
      const isKnown = known !== undefined && known.value === value;
      now.set(key, isKnown ? known : { value, text: shown(value) });
    }
    this.#records.set(name, now);
    return Object.fromEntries([...now].map(([key, { text }]) => [key, text]));
  }

  #isLeading(state: unknown): boolean {
    try {
      return this.#leads?.(state) === true;
    } catch {
      return false;
    }
  }

  #note(member: string, known: MemberState, set: Change): void {
    if (Object.keys(set).length === 0) return;
    const event = Math.max(0, this.#moment.event);
    this.#known.set(member, changed(known, set));
    this.changes.push({ event, member, set });
  }
}

/** A state that cannot be shown is the rules' business, and the run's; here it is told. */
function stateOf(instance: NonNullable<SimProtocolMember['instance']>): unknown {
  try {
    return instance.state();
  } catch (thrown) {
    return { state: `state() threw ${String(thrown)}` };
  }
}
