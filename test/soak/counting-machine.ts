/** The built-in machine, which also counts how often each key of the kind `once.…` was written: a write that was applied twice shows here, whatever it was answered. */
import { KvMachine } from '@seedraft/kv';
import type { ApplyContext } from '@seedraft/replica';

/** Keys that are written by one command each. */
export const ONCE = 'once.';

export class CountingMachine extends KvMachine {
  readonly #writes = new Map<string, number>();

  override apply(command: unknown, context: ApplyContext): ReturnType<KvMachine['apply']> {
    const key = Array.isArray(command) ? (command as unknown[])[2] : undefined;
    if (typeof key === 'string' && key.startsWith(ONCE)) {
      this.#writes.set(key, (this.#writes.get(key) ?? 0) + 1);
    }
    return super.apply(command, context);
  }

  /** Since this process began; entries that a snapshot stands for are not among them. */
  get writes(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#writes);
  }
}
