/** A progress bar on a terminal, a line every ten seconds in a log, nothing when quiet. Always on stderr: stdout is for results. */
import cliProgress from 'cli-progress';
import type { CampaignProgress } from '../campaign/campaign.ts';

export interface Progress {
  update(progress: CampaignProgress): void;
  stop(): void;
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

function figures(progress: CampaignProgress): Record<string, string> {
  const seconds = Math.max(progress.wallSeconds, 1e-3);
  return {
    runsPerSecond: compact.format(progress.units / seconds),
    eventsPerSecond: compact.format(progress.events / seconds),
    simulated: `${compact.format(progress.simulatedMicros / 1e6)}s`,
    failed: String(progress.failed),
  };
}

/** `total` runs at most (Infinity: as many as fit). `forMilliseconds` finite: the bar shows time; otherwise it shows runs. */
export function startProgress(total: number, forMilliseconds: number, quiet: boolean): Progress {
  if (quiet) return { update: () => {}, stop: () => {} };
  return process.stderr.isTTY ? bar(total, forMilliseconds) : log(total);
}

function bar(total: number, forMilliseconds: number): Progress {
  const timed = Number.isFinite(forMilliseconds);
  const view = new cliProgress.SingleBar({
    format: `{bar} {percentage}% | ${timed ? '' : '{value}/{total} runs | '}{runsPerSecond} runs/s | {eventsPerSecond} events/s | {simulated} simulated | {failed} failed | ETA {eta_formatted}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    stream: process.stderr,
    barsize: 24,
    clearOnComplete: true,
  });
  const seconds = Math.ceil(forMilliseconds / 1000);
  view.start(timed ? seconds : total, 0, figures(EMPTY));
  return {
    update: (progress) =>
      view.update(
        timed ? Math.min(seconds, Math.round(progress.wallSeconds)) : progress.units,
        figures(progress),
      ),
    stop: () => view.stop(),
  };
}

const EMPTY: CampaignProgress = {
  units: 0,
  failed: 0,
  events: 0,
  simulatedMicros: 0,
  wallSeconds: 0,
};

function log(total: number): Progress {
  let next = 10;
  return {
    update: (progress) => {
      if (progress.wallSeconds < next) return;
      next = progress.wallSeconds + 10;
      const { runsPerSecond, eventsPerSecond, simulated, failed } = figures(progress);
      const of = Number.isFinite(total) ? ` of ${total}` : '';
      process.stderr.write(
        `${progress.wallSeconds.toFixed(0)} s: ${progress.units}${of} runs, ${runsPerSecond} runs/s, ${eventsPerSecond} events/s, ${simulated} simulated, ${failed} failed\n`,
      );
    },
    stop: () => {},
  };
}
