/**
 * Who watches a run: the observers that implement a hook, per hook, so that an event nobody watches costs one empty loop. The order of
 * observers is the order in which they were given, for every hook.
 */
import type { Observer } from './observer.ts';

type Hook = keyof Observer;
type Watching<H extends Hook> = Observer & Required<Pick<Observer, H>>;

export class Observers {
  readonly boot: readonly Watching<'onBoot'>[];
  readonly crash: readonly Watching<'onCrash'>[];
  readonly wipe: readonly Watching<'onWipe'>[];
  readonly diskFault: readonly Watching<'onDiskFault'>[];
  readonly step: readonly Watching<'onStep'>[];
  readonly durable: readonly Watching<'onDurable'>[];
  readonly sealed: readonly Watching<'onSealed'>[];
  readonly requests: readonly Watching<'onRequests'>[];
  readonly order: readonly Watching<'onOrder'>[];
  readonly apply: readonly Watching<'onApply'>[];
  readonly restore: readonly Watching<'onRestore'>[];
  readonly read: readonly Watching<'onRead'>[];
  readonly session: readonly Watching<'onSession'>[];
  readonly invoke: readonly Watching<'onInvoke'>[];
  readonly complete: readonly Watching<'onComplete'>[];
  readonly fault: readonly Watching<'onFault'>[];
  readonly followUp: readonly Watching<'onFollowUp'>[];
  readonly liveness: readonly Watching<'onLiveness'>[];
  readonly end: readonly Watching<'onEnd'>[];

  constructor(all: readonly Observer[]) {
    const watching = <H extends Hook>(hook: H): Watching<H>[] =>
      all.filter((observer): observer is Watching<H> => observer[hook] !== undefined);
    this.boot = watching('onBoot');
    this.crash = watching('onCrash');
    this.wipe = watching('onWipe');
    this.diskFault = watching('onDiskFault');
    this.step = watching('onStep');
    this.durable = watching('onDurable');
    this.sealed = watching('onSealed');
    this.requests = watching('onRequests');
    this.order = watching('onOrder');
    this.apply = watching('onApply');
    this.restore = watching('onRestore');
    this.read = watching('onRead');
    this.session = watching('onSession');
    this.invoke = watching('onInvoke');
    this.complete = watching('onComplete');
    this.fault = watching('onFault');
    this.followUp = watching('onFollowUp');
    this.liveness = watching('onLiveness');
    this.end = watching('onEnd');
  }
}
