/** How far an exploration is, on stderr: one line that is overwritten on a terminal, a line every ten seconds in a log. */
import type { ExplorationStatus } from '@seedraft/sim';

export interface ExploreProgress {
  readonly status: ExplorationStatus;
  readonly seconds: number;
  readonly rss: number;
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

function line({ status, seconds, rss }: ExploreProgress): string {
  const { states, depth, frontier } = status;
  const rate = compact.format(states / Math.max(seconds, 1e-3));
  return `${seconds.toFixed(0)} s: depth ${depth}, ${compact.format(states)} states, ${rate} states/s, frontier ${compact.format(frontier)}, ${(rss / 1e6).toFixed(0)} MB`;
}

export function startExploreProgress(quiet: boolean): {
  update(progress: ExploreProgress): void;
  stop(): void;
} {
  const isTerminal = process.stderr.isTTY;
  const every = isTerminal ? 0.25 : 10;
  let next = every;
  let shown = false;
  return {
    update(progress): void {
      if (quiet || progress.seconds < next) return;
      next = progress.seconds + every;
      shown = isTerminal;
      process.stderr.write(isTerminal ? `\r\x1b[K${line(progress)}` : `${line(progress)}\n`);
    },
    stop(): void {
      if (shown) process.stderr.write('\r\x1b[K');
    },
  };
}
