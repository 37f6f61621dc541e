/** Who is told what a protocol's members and clients do, before the rules are asked about it: a trace, or a recording. Watching changes nothing. */
import type { Micros } from '../observer.ts';
import type { ProtocolEffects, ProtocolEvent, ProtocolInput, ProtocolOutcome } from './protocol.ts';

/** An operation from its invocation to its end, and its places in the order by which histories are judged. */
export interface Invocation extends ProtocolOutcome {
  readonly process: number;
  readonly readOnly: boolean;
  readonly invokedAt: Micros;
  /** Places in the order of invocations and completions. */
  readonly invoked: number;
  readonly returned: number;
}

export interface ProtocolWitness {
  /** A member has taken a step; its effects are yet to be carried out. */
  onStep(member: string, input: ProtocolInput, effects: ProtocolEffects): void;
  onInvoke(operation: Invocation): void;
  onComplete(operation: Invocation): void;
  /** Something is about to be shown to the rules. */
  onChecked?(event: ProtocolEvent): void;
  /** The last event is over: what follows is judgement. */
  onEnd?(): void;
}
