/**
 * What anybody who reaches a port can cause without end must not fill a disk with lines. Of each kind a few are written in a while; how many were not
 * is said with the first one after it. Figures count them all.
 */
const WINDOW_MS = 10_000;
const PER_WINDOW = 10;

interface Window {
  begins: number;
  written: number;
  withheld: number;
}

export class FloodGate {
  readonly #windows = new Map<string, Window>();

  /** `kind`: one of a few. At `now`, ms. Null: not to be written; else how many of its kind were not since the last that was. */
  admit(kind: string, now: number): number | null {
    const window = this.#windows.get(kind);
    if (window === undefined || now - window.begins >= WINDOW_MS) {
      this.#windows.set(kind, { begins: now, written: 1, withheld: 0 });
      return window?.withheld ?? 0;
    }
    if (window.written === PER_WINDOW) {
      window.withheld += 1;
      return null;
    }
    window.written += 1;
    return 0;
  }
}
