/** Step 1: a log entry that knows its bytes, and the state machine that such entries are applied to. */
import type { StateMachine } from 'seedraft';

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const decode = (bytes: unknown): unknown =>
  JSON.parse(new TextDecoder().decode(bytes as Uint8Array));

export class SetEntry {
  readonly key: string;
  readonly value: string;

  constructor(key: string, value: string) {
    this.key = key;
    this.value = value;
  }

  encode(): Uint8Array {
    return encode([this.key, this.value]);
  }

  static decode(bytes: unknown): SetEntry {
    const [key, value] = decode(bytes) as [string, string];
    return new SetEntry(key, value);
  }
}

export class HashStore implements StateMachine {
  #values = new Map<string, string>();

  get(key: string): string | undefined {
    return this.#values.get(key);
  }

  /** Answers what it was given. Anybody may propose any bytes; every member must refuse the same ones. */
  apply(bytes: unknown): unknown {
    try {
      const { key, value } = SetEntry.decode(bytes);
      this.#values.set(key, value);
      return bytes;
    } catch {
      return 'not applied: these bytes are no entry';
    }
  }

  query(key: unknown): string | null {
    return this.#values.get(key as string) ?? null;
  }

  snapshot(): Iterator<unknown> {
    return [encode([...this.#values])].values();
  }

  restore(chunks: Iterable<unknown>): void {
    this.#values = new Map();
    for (const chunk of chunks) {
      for (const [key, value] of decode(chunk) as [string, string][]) this.#values.set(key, value);
    }
  }
}
