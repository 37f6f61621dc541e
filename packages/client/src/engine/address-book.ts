/**
 * Where members are said to be, and whom to ask next: the leader if somebody named one, else one after the other. What the user gave is
 * kept for ever; what members told is replaced when they tell anew, so that a cluster may move away from every address it began with.
 */

/** A leader's address that just failed is not believed again for this long: followers go on naming a dead leader until they elect. */
const DISTRUST_MS = 200;

export class AddressBook {
  readonly #given: readonly string[];
  #addresses: string[];
  #turn: number;
  #hint: string | null = null;
  readonly #failedAt = new Map<string, number>();
  /** Members that will have nothing to do with us as we are. */
  readonly #rejections = new Set<string>();

  /** `turn`: with whom to begin, so that clients that start together do not all ask the same one. */
  constructor(given: readonly string[], turn: number) {
    this.#given = given;
    this.#addresses = [...new Set(given)];
    this.#turn = turn % this.#addresses.length;
  }

  get size(): number {
    return this.#addresses.length;
  }

  /** Where members of the configuration serve clients. */
  learn(told: readonly string[]): void {
    const known = new Set([...this.#given, ...told.filter((address) => address !== '')]);
    this.#addresses = [...known];
    this.#turn %= this.#addresses.length;
    for (const address of this.#failedAt.keys()) {
      if (!known.has(address)) this.#failedAt.delete(address);
    }
  }

  /** Somebody says that the leader is there. False: it is not to be believed now. */
  suggest(at: number, address: string): boolean {
    const failedAt = this.#failedAt.get(address);
    if (failedAt !== undefined && at - failedAt < DISTRUST_MS) return false;
    this.#hint = address;
    return true;
  }

  forget(address: string): void {
    if (this.#hint === address) this.#hint = null;
  }

  /** Whom to ask now. */
  take(): string {
    if (this.#hint !== null) {
      const place = this.#addresses.indexOf(this.#hint);
      if (place >= 0) this.#turn = (place + 1) % this.#addresses.length;
      return this.#hint;
    }
    const address = this.#addresses[this.#turn]!;
    this.#turn = (this.#turn + 1) % this.#addresses.length;
    return address;
  }

  failed(at: number, address: string): void {
    this.forget(address);
    this.#failedAt.set(address, at);
  }

  welcomed(address: string): void {
    this.#failedAt.delete(address);
    this.#rejections.delete(address);
  }

  /** It will have nothing to do with us as we are. True: so it is with every one now; next time all are asked again. */
  rejected(address: string): boolean {
    this.#rejections.add(address);
    for (const known of this.#addresses) if (!this.#rejections.has(known)) return false;
    this.#rejections.clear();
    return true;
  }
}
