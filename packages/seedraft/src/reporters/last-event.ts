/** Where a run ended, in the words of whoever tells it. */

interface Ended {
  readonly events: number;
  readonly simulatedMicros: number;
}

/** `t=0.203 s, event #112`: as traces, `explain` and pages number events, from 0. Without an event where there was none. */
export function lastEvent({ events, simulatedMicros }: Ended): string {
  const time = `t=${(simulatedMicros / 1e6).toFixed(3)} s`;
  return events === 0 ? time : `${time}, event #${events - 1}`;
}
