/**
 * How a command is refused from wherever that is found out: by throwing a Refusal before anything was changed. Only `KvMachine` catches
 * it, and makes it an answer: nothing that is applied ever throws out of the machine.
 */
import type { KvType } from './command.ts';
import type { KvRefusalCode, KvRefused } from './result.ts';
import type { Content } from './table.ts';

export class Refusal extends Error {
  readonly code: KvRefusalCode;

  constructor(code: KvRefusalCode, reason: string) {
    super(reason);
    this.name = 'Refusal';
    this.code = code;
  }

  get answer(): KvRefused {
    return { status: 'refused', code: this.code, reason: this.message };
  }
}

const HOLDS: Readonly<Record<KvType, string>> = {
  value: 'a plain value',
  ring: 'a ring',
  hyperloglog: 'a HyperLogLog',
  bloom: 'a Bloom filter',
};

/** Refuses a command that is meant for another kind of content. */
export function assertType({ type }: Content, wanted: KvType): void {
  if (type === wanted) return;
  throw new Refusal(
    'WRONG_TYPE',
    `the key holds ${HOLDS[type]}, and this is for ${HOLDS[wanted]}: use another key, or delete this one first`,
  );
}
