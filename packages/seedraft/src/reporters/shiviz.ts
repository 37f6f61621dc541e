/**
 * Events as a log that ShiViz draws (https://bestchai.bitbucket.io/shiviz): its first line is the expression that reads the others, the
 * second (what separates executions) is empty, then one line an event with the vector clock of its host. Kept, since ShiViz refuses
 * anything else: a host's own entry counts its lines from 1, and a clock is the greatest of the clocks it follows from.
 */
import type { RecordedEvent } from '@seedraft/sim';

export const SHIVIZ_LINE = '(?<host>\\S+) (?<time>\\S+) (?<clock>\\{[^}]*\\}) (?<event>.*)';

/** `said`: what an event's line says. Causes that are not among the events are passed over. */
export function shivizLog(
  events: readonly RecordedEvent[],
  said: (event: RecordedEvent) => string,
): string {
  const clocks = new Map<number, ReadonlyMap<string, number>>();
  const latest = new Map<string, ReadonlyMap<string, number>>();
  const lines = events.map((event) => {
    const { number, where, time, causes } = event;
    const own = latest.get(where);
    const clock = greatest([own, ...causes.map((cause) => clocks.get(cause))]);
    clock.set(where, (own?.get(where) ?? 0) + 1);
    clocks.set(number, clock);
    latest.set(where, clock);
    const text = said(event).replaceAll(/\s*\n\s*/g, ' ');
    return `${where} ${(time / 1e6).toFixed(6)} ${JSON.stringify(Object.fromEntries(clock))} ${text}`;
  });
  return [SHIVIZ_LINE, '', ...lines].join('\n');
}

function greatest(clocks: readonly (ReadonlyMap<string, number> | undefined)[]) {
  const result = new Map<string, number>();
  for (const clock of clocks) {
    for (const [host, count] of clock ?? []) {
      result.set(host, Math.max(result.get(host) ?? 0, count));
    }
  }
  return result;
}
