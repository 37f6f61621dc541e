/**
 * A small machine whose every double, lost or reordered execution shows: each command is noted in the state itself.
 * Commands: { add: amount, to: name } -> the new total; { hold: name, until: time } notes a thing that expires at that cluster time.
 */
import { Hash64 } from '@seedraft/codec';
import type { ApplyContext, StateMachine } from '@seedraft/replica';

type Command =
  | { readonly add: number; readonly to: string }
  | { readonly hold: string; readonly until: number }
  | { readonly fail: 'throw' | 'promise' | 'function' };

export class Ledger implements StateMachine {
  readonly totals = new Map<string, number>();
  readonly holds = new Map<string, number>();
  /** Index and amount of every execution, in order; not part of a snapshot. */
  readonly executed: string[] = [];
  applyCount = 0;

  apply(command: unknown, context: ApplyContext): unknown {
    const c = command as Command;
    if ('fail' in c) {
      if (c.fail === 'throw') throw new Error('as asked');
      return c.fail === 'promise' ? Promise.resolve(1) : () => 1;
    }
    this.applyCount++;
    if ('hold' in c) {
      this.holds.set(c.hold, c.until);
      return null;
    }
    const total = (this.totals.get(c.to) ?? 0) + c.add;
    this.totals.set(c.to, total);
    this.executed.push(`${context.index}:${c.to}+${c.add}`);
    return total;
  }

  query(query: unknown): unknown {
    if (query === 'throw') throw new Error('as asked');
    if (query === 'promise') return Promise.resolve(1);
    if (query === 'holds') return [...this.holds.keys()];
    return this.totals.get(query as string) ?? 0;
  }

  /** A generator function on purpose: it freezes only when first pulled, which the replica must allow for. */
  *snapshot(): Iterator<unknown> {
    const totals = [...this.totals];
    const holds = [...this.holds];
    yield ['holds', holds];
    for (const total of totals) yield ['total', total];
  }

  restore(chunks: Iterable<unknown>): void {
    this.totals.clear();
    this.holds.clear();
    for (const chunk of chunks as Iterable<[string, [string, number] & [string, number][]]>) {
      const [kind, value] = chunk;
      if (kind === 'holds') for (const [name, until] of value) this.holds.set(name, until);
      else this.totals.set(value[0] as unknown as string, value[1] as unknown as number);
    }
  }

  nextDeadline(): number {
    return Math.min(...this.holds.values(), Number.POSITIVE_INFINITY);
  }

  onTime(time: number): void {
    for (const [name, until] of this.holds) if (until <= time) this.holds.delete(name);
  }

  size(): number {
    return this.totals.size * 100;
  }

  digest(): { hi: number; lo: number } {
    let hi = 0;
    let lo = 0;
    for (const [name, value] of [...this.totals, ...this.holds]) {
      const lanes = new Hash64().text(name).number(value).digest();
      hi = (hi + lanes.hi) >>> 0;
      lo = (lo + lanes.lo) >>> 0;
    }
    return { hi, lo };
  }
}
