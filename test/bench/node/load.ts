/**
 * What the two load generators have in common: orders as lines of JSON on standard input, answers as lines of JSON. `seedraft-load.ts` and
 * `etcd-load/main.go` carry them out alike, each in a process of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** `lone puts`: of our client only, which else lets puts that wait together travel as one request and one entry. */
export type Operation = 'puts' | 'lone puts' | 'gets';

/** Endpoints are client addresses of members. */
export type Order = { readonly endpoints: readonly string[]; readonly keys: number } & (
  | { readonly do: 'leader' | 'fill' }
  | {
      readonly do: Operation;
      /** Closed loops. */
      readonly clients: number;
      /** That they share. */
      readonly connections: number;
      readonly warmMs: number;
      readonly measureMs: number;
    }
  /** Of the leader's process, which is killed. */
  | { readonly do: 'failover'; readonly pid: number }
);

/** Of the time that counts, without the warm-up. Durations in milliseconds. */
export interface Throughput {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU of the load generator, in cores. */
  readonly cores: number;
  readonly failed: number;
}

export interface Outage {
  /** From the kill to the first success of a write that began after it. */
  readonly milliseconds: number;
}

/** A load generator: one order at a time. */
export class Load {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: this.#child.stdout! });
    this.#answers = lines[Symbol.asyncIterator]();
  }

  async ask<T>(order: Order, onEvent: (event: 'begin' | 'end') => void = () => {}): Promise<T> {
    this.#child.stdin!.write(`${JSON.stringify(order)}\n`);
    for (;;) {
      const line = await this.#answers.next();
      if (line.done === true) throw new Error('a load generator ended by itself');
      const answer = JSON.parse(line.value) as T & { event?: 'begin' | 'end' };
      if (answer.event === undefined) return answer;
      onEvent(answer.event);
    }
  }

  /** It ends by itself when there are no more orders. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin!.end();
    await closed;
  }
}
