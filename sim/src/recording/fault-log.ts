/** Faults from their injection to their end: told by whoever injects and heals; one that took members down also ends when they are back. */
import type { MemberView, Observer } from '../observer.ts';
import type { Moment } from './message-log.ts';
import type { FaultBar } from './recording.ts';

type Bar = { -readonly [K in keyof FaultBar]: FaultBar[K] };

export class FaultLog implements Observer {
  readonly bars: Bar[] = [];
  readonly #moment: Moment;
  /** In a schedule a crash is a step, and nobody tells of a fault. */
  readonly #isSchedule: boolean;
  /** Members that this event took down, for the fault that is told of next. */
  #downed: { readonly event: number; readonly names: Set<string> } = {
    event: -1,
    names: new Set(),
  };
  readonly #down = new Map<Bar, Set<string>>();

  constructor(moment: Moment, isSchedule: boolean) {
    this.#moment = moment;
    this.#isSchedule = isSchedule;
  }

  onCrash({ name }: MemberView): void {
    const { event } = this.#moment;
    if (this.#downed.event !== event) this.#downed = { event, names: new Set() };
    this.#downed.names.add(name);
    if (this.#isSchedule) this.onFault('crash', 'inject', `${name} crashes`);
  }

  onBoot({ name }: MemberView): void {
    this.#downed.names.delete(name);
    for (const [bar, down] of this.#down) {
      if (!down.delete(name) || down.size > 0) continue;
      this.#down.delete(bar);
      this.#end(bar);
    }
  }

  onFault(name: string, phase: 'inject' | 'heal', sentence: string): void {
    const { event, now } = this.#moment;
    if (phase === 'heal') {
      const injected = sentence.replace(/^over: /, '');
      const bar = this.bars.find(
        (open) => open.name === name && open.to === null && open.sentence === injected,
      );
      if (bar !== undefined) this.#end(bar);
      return;
    }
    const members = [...new Set(sentence.match(/\bn[1-9][0-9]*\b/g) ?? [])];
    const bar: Bar = { name, sentence, members, event, from: now, to: null, healedBy: null };
    this.bars.push(bar);
    const { event: when, names } = this.#downed;
    if (when === event && names.size > 0) this.#down.set(bar, new Set(names));
  }

  #end(bar: Bar): void {
    bar.to ??= this.#moment.now;
    bar.healedBy ??= this.#moment.event;
  }
}
