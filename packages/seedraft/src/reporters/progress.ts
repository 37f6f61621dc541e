/** A progress bar on a terminal, a line every ten seconds in a log, nothing when quiet. Always on stderr: stdout is for results. */
import type cliProgress from 'cli-progress';
import type { CampaignProgress } from '../campaign/campaign.ts';

export interface Progress {
  update(progress: CampaignProgress): void;
  stop(): void;
}

/** What there is to do: so many runs, or (Infinity) as many as fit, within so much time (or Infinity). */
export interface Ahead {
  readonly runs: number;
  readonly milliseconds: number;
}

export async function startProgress(ahead: Ahead, quiet: boolean): Promise<Progress> {
  if (quiet) return { update: () => {}, stop: () => {} };
  if (!process.stderr.isTTY) return new Log(ahead);
  return new Bar(ahead, (await import('cli-progress')).default);
}

/** Made when there is something to show: it takes as long as a run of a small scenario. */
let format: Intl.NumberFormat | undefined;
function compact(value: number): string {
  format ??= new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
  return format.format(value);
}

function figures(progress: CampaignProgress): Record<string, string> {
  const seconds = Math.max(progress.wallSeconds, 1e-3);
  return {
    runsPerSecond: compact(progress.units / seconds),
    eventsPerSecond: compact(progress.events / seconds),
    simulated: `${compact(progress.simulatedMicros / 1e6)}s`,
    failed: String(progress.failed),
  };
}

const NOTHING = { units: 0, failed: 0, events: 0, simulatedMicros: 0, wallSeconds: 0 };

/** Shows time where time is what ends the campaign, else runs. */
class Bar implements Progress {
  readonly #isTimed: boolean;
  readonly #total: number;
  readonly #view: cliProgress.SingleBar;

  constructor({ runs, milliseconds }: Ahead, { SingleBar }: typeof cliProgress) {
    this.#isTimed = Number.isFinite(milliseconds);
    this.#total = this.#isTimed ? Math.ceil(milliseconds / 1000) : runs;
    const done = this.#isTimed ? '' : '{value}/{total} runs | ';
    this.#view = new SingleBar({
      format: `{bar} {percentage}% | ${done}{runsPerSecond} runs/s | {eventsPerSecond} events/s | {simulated} simulated | {failed} failed | ETA {eta_formatted}`,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      hideCursor: true,
      stream: process.stderr,
      barsize: 24,
      clearOnComplete: true,
    });
    this.#view.start(this.#total, 0, figures(NOTHING));
  }

  update(progress: CampaignProgress): void {
    const done = this.#isTimed ? Math.round(progress.wallSeconds) : progress.units;
    this.#view.update(Math.min(this.#total, done), figures(progress));
  }

  stop(): void {
    this.#view.stop();
  }
}

/** Seconds between two lines. */
const LOG_EVERY = 10;

class Log implements Progress {
  readonly #of: string;
  #next = LOG_EVERY;

  constructor({ runs, milliseconds }: Ahead) {
    this.#of = Number.isFinite(runs) ? ` of ${runs}` : '';
    const count = Number.isFinite(runs) ? `${runs} runs` : 'as many seeds as fit';
    const time = Number.isFinite(milliseconds) ? `, for ${milliseconds / 1000} s` : '';
    this.#say(`fuzzing: ${count}${time}`);
  }

  update(progress: CampaignProgress): void {
    if (progress.wallSeconds < this.#next) return;
    this.#next = progress.wallSeconds + LOG_EVERY;
    const { runsPerSecond, eventsPerSecond, simulated, failed } = figures(progress);
    this.#say(
      `${progress.wallSeconds.toFixed(0)} s: ${progress.units}${this.#of} runs, ${runsPerSecond} runs/s, ${eventsPerSecond} events/s, ${simulated} simulated, ${failed} failed`,
    );
  }

  stop(): void {}

  #say(line: string): void {
    process.stderr.write(`${line}\n`);
  }
}
