/**
 * What is noted of each event while a run goes on: what came in, what came of it, what it answers, whom it took down. Whoever watches a kind
 * of run adds how that is told (deed-log.ts of a Raft cluster, ../protocol/recording/ of a protocol of one's own).
 */
import type { Moment } from './message-log.ts';
import type { Deed, EventNumber } from './recording.ts';

export abstract class EventNotes {
  readonly deeds = new Map<EventNumber, Deed[]>();
  /** What came in, where somebody was told of it. */
  readonly inputs = new Map<EventNumber, string>();
  /** Events that answer what earlier ones asked for. */
  readonly asked = new Map<EventNumber, EventNumber[]>();
  /** Members that an event took down. */
  readonly downed = new Map<EventNumber, string[]>();
  /** The last event is over. */
  isOver = false;
  protected readonly moment: Moment;

  constructor(moment: Moment) {
    this.moment = moment;
  }

  onFollowUp(of: EventNumber): void {
    if (of >= 0) this.follows(of);
  }

  onEnd(): void {
    this.isOver = true;
  }

  /** The first word stands. */
  protected input(line: string): void {
    const { event } = this.moment;
    if (!this.inputs.has(event)) this.inputs.set(event, line);
  }

  protected follows(event: EventNumber): void {
    const now = this.moment.event;
    const asked = this.asked.get(now) ?? [];
    this.asked.set(now, [...asked, event]);
  }

  protected downs(name: string): void {
    const downed = this.downed.get(this.moment.event) ?? [];
    this.downed.set(this.moment.event, [...downed, name]);
    this.did({ type: 'down', member: name, line: `${name} is down` });
  }

  protected did(deed: Deed): void {
    this.at(Math.max(0, this.moment.event)).push(deed);
  }

  protected at(event: EventNumber): Deed[] {
    const known = this.deeds.get(event);
    if (known !== undefined) return known;
    const fresh: Deed[] = [];
    this.deeds.set(event, fresh);
    return fresh;
  }
}
