/** How a long proof speaks: progress on stderr while it runs, at the end one line for people, or one JSON object with the same figures. */

export class Report {
  readonly #name: string;
  readonly #isJson: boolean;
  readonly #began = performance.now();

  constructor(name: string, isJson: boolean) {
    this.#name = name;
    this.#isJson = isJson;
  }

  get seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  progress(line: string): void {
    console.error(`${this.#name} ${this.seconds.toFixed(0).padStart(4)} s  ${line}`);
  }

  /** The exit code: 0 when nothing is wrong. */
  end(
    summary: string,
    figures: Readonly<Record<string, unknown>>,
    wrong: readonly string[],
  ): number {
    const verdict = wrong.length === 0 ? 'pass' : 'fail';
    const seconds = Math.round(this.seconds);
    if (this.#isJson) {
      console.log(JSON.stringify({ soak: this.#name, verdict, seconds, ...figures, wrong }));
    } else {
      console.log(`${this.#name}: ${verdict} in ${seconds} s: ${summary}`);
    }
    for (const sentence of wrong) console.error(`${this.#name}: ${sentence}`);
    return wrong.length === 0 ? 0 : 1;
  }
}

/** The value below which `share` of them lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

export const megabytes = (bytes: number): number => Math.round(bytes / 1e6);
